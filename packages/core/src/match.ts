/** Whether a plugin fits the installed releases of categories: contract range, space, labels. */
import { satisfies } from 'semver';
import type { Category } from './category.js';
import { fail } from './errors.js';
import type { FunctorManifest, MorphismManifest, PluginManifest, Port } from './manifest.js';

/**
 * Check a manifest against the installed categories. Looks at no file. Errors: CATEGORY_UNKNOWN, CONTRACT_RANGE,
 * SPACE_MISMATCH, MANIFEST_INVALID (a domain, a table or the two ends of a bridge that do not fit).
 */
export function matchManifest(
  manifest: PluginManifest,
  categories: readonly Category[],
  where: string,
): void {
  if (manifest.kind === 'functor') {
    domainIndices(manifest, matchPort(manifest.port, categories, where), where);
  } else if (manifest.kind === 'bridge') {
    const [from, to] = [manifest.from, manifest.to].map((port) => matchPort(port, categories, where));
    matchEnds(from!, to!, where);
  } else {
    const inputs = manifest.inputs.map((port) => matchPort(port, categories, where));
    matchTable(manifest, inputs, matchPort(manifest.output, categories, where), where);
  }
}

/** The installed release that a port belongs to. Errors: CATEGORY_UNKNOWN, CONTRACT_RANGE, SPACE_MISMATCH. */
export function matchPort(port: Port, categories: readonly Category[], where: string): Category {
  const releases = categories.filter(({ name }) => name === port.category);
  if (releases.length === 0) return unknown(port.category, categories, where);
  const fitting = releases.filter(({ version }) => satisfies(version, port.contract));
  const list = (texts: string[]) => texts.join(', ');
  if (fitting.length === 0) {
    const version = list(releases.map((release) => release.version));
    fail('CONTRACT_RANGE', { where, category: port.category, range: port.contract, version });
  }
  const category = fitting.find(({ digest }) => digest === port.space);
  if (category !== undefined) return category;
  const actual = list(fitting.map(({ digest }) => digest));
  return fail('SPACE_MISMATCH', { where, category: port.category, expected: port.space, actual });
}

/** What a release is called where one is meant: `tones@1.4.0`. */
export const releaseName = ({ name, version }: Pick<Category, 'name' | 'version'>) => `${name}@${version}`;

/**
 * The installed release of a name, `tones`, or of a name and version, `tones@1.4.0`.
 * Errors: CATEGORY_UNKNOWN, CATEGORY_AMBIGUOUS where a name alone has several releases.
 */
export function findCategory(text: string, categories: readonly Category[], where: string): Category {
  const exact = categories.find((each) => releaseName(each) === text);
  if (exact !== undefined) return exact;
  const releases = categories.filter(({ name }) => name === text);
  if (releases.length === 1) return releases[0]!;
  if (releases.length === 0) return unknown(text, categories, where);
  return fail('CATEGORY_AMBIGUOUS', {
    where,
    category: text,
    releases: releases.map(releaseName).join(', '),
  });
}

function unknown(category: string, categories: readonly Category[], where: string): never {
  const several = (name: string) => categories.filter((each) => each.name === name).length > 1;
  const names = categories.map((each) => (several(each.name) ? releaseName(each) : each.name));
  return fail('CATEGORY_UNKNOWN', { where, category, installed: names.join(', ') || 'none' });
}

/** The indices among the category’s labels that a functor covers, increasing. Errors: MANIFEST_INVALID. */
export function domainIndices({ domain }: FunctorManifest, category: Category, where: string): number[] {
  const order = new Map(category.labels.map(({ name }, index) => [name, index]));
  let previous = -1;
  return domain.map((label, position) => {
    const field = `deepfunctor.domain[${position}]`;
    const index = order.get(label);
    if (index === undefined) {
      return fail('MANIFEST_INVALID', {
        where,
        reason: `${field}: “${label}” is no label of “${category.name}”`,
      });
    }
    if (index <= previous) {
      fail('MANIFEST_INVALID', {
        where,
        reason: `${field}: “${label}” is not in the order of “${category.name}”`,
      });
    }
    previous = index;
    return index;
  });
}

/** A bridge keeps beliefs, so both of its ends must have the same labels, and it must lead somewhere. */
function matchEnds(from: Category, to: Category, where: string): void {
  const refuse = (reason: string) => fail('MANIFEST_INVALID', { where, reason: `deepfunctor.to: ${reason}` });
  const labels = (category: Category) => JSON.stringify(category.labels.map(({ name }) => name));
  if (from.name !== to.name) refuse(`“${to.name}” is another category than “${from.name}”`);
  if (from.digest === to.digest) refuse('is the space that the bridge begins in');
  if (labels(from) !== labels(to))
    refuse(`${releaseName(to)} has other labels than ${releaseName(from)}, or another order of them`);
}

function matchTable(
  { table }: MorphismManifest,
  inputs: readonly Category[],
  output: Category,
  where: string,
): void {
  const entries = inputs.reduce((product, { labels }) => product * labels.length, 1);
  if (table.length !== entries) {
    const reason = `deepfunctor.table: has ${table.length} entries, the labels of its inputs need ${entries}`;
    fail('MANIFEST_INVALID', { where, reason });
  }
  const wrong = table.findIndex((label) => label >= output.labels.length);
  if (wrong >= 0) {
    const reason = `deepfunctor.table[${wrong}]: ${table[wrong]} is no label of “${output.name}”, which has ${output.labels.length}`;
    fail('MANIFEST_INVALID', { where, reason });
  }
}

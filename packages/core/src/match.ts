/** Whether a plugin fits the installed categories: contract range, space, labels. */
import { satisfies } from 'semver';
import type { Category } from './category.js';
import { fail } from './errors.js';
import type { FunctorManifest, MorphismManifest, PluginManifest, Port } from './manifest.js';

/**
 * Check a manifest against the installed categories. Looks at no file.
 * Errors: CATEGORY_UNKNOWN, CONTRACT_RANGE, SPACE_MISMATCH, MANIFEST_INVALID (a domain or table that does not fit).
 */
export function matchManifest(
  manifest: PluginManifest,
  categories: readonly Category[],
  where: string,
): void {
  if (manifest.kind === 'functor') {
    domainIndices(manifest, matchPort(manifest.port, categories, where), where);
  } else {
    const inputs = manifest.inputs.map((port) => matchPort(port, categories, where));
    matchTable(manifest, inputs, matchPort(manifest.output, categories, where), where);
  }
}

/** The installed category of a port. Errors: CATEGORY_UNKNOWN, CONTRACT_RANGE, SPACE_MISMATCH. */
export function matchPort(port: Port, categories: readonly Category[], where: string): Category {
  const category = categories.find(({ name }) => name === port.category);
  if (category === undefined) {
    const installed = categories.map(({ name }) => name).join(', ') || 'none';
    return fail('CATEGORY_UNKNOWN', { where, category: port.category, installed });
  }
  const { name, version, digest } = category;
  if (!satisfies(version, port.contract)) {
    fail('CONTRACT_RANGE', { where, category: name, range: port.contract, version });
  }
  if (port.space !== digest) {
    fail('SPACE_MISMATCH', { where, category: name, expected: port.space, actual: digest });
  }
  return category;
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

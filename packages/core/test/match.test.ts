import { describe, expect, test } from 'vitest';
import {
  domainIndices,
  type FunctorManifest,
  findCategory,
  matchManifest,
  matchPort,
  type PluginManifest,
  parseManifest,
  readCategory,
} from '../src/index.js';
import {
  bridgePackage,
  codedErrorOf,
  functorPackage,
  morphismPackage,
  temporaryFolder,
  writeTones,
} from './support.js';

const WHERE = 'package.json';

function setUp(make: typeof functorPackage | typeof morphismPackage, changes: Record<string, unknown> = {}) {
  const folder = temporaryFolder();
  const { digest } = writeTones(folder);
  const port = { category: 'tones', contract: '^1.0.0', space: digest };
  const ports = make === functorPackage ? { port } : { inputs: [port, port], output: port };
  const manifest = parseManifest(make({ ...ports, ...changes }), WHERE) as PluginManifest;
  return { manifest, category: readCategory(folder), port };
}

test('a plugin fits the category that it was learned in', () => {
  for (const make of [functorPackage, morphismPackage] as const) {
    const { manifest, category } = setUp(make);
    expect(() => matchManifest(manifest, [category], WHERE)).not.toThrow();
  }
});

test('a functor may cover a part of the labels', () => {
  const codec = { kind: 'bits', version: 1, width: 1, values: ['0', '1'] };
  const { manifest, category } = setUp(functorPackage, { domain: ['c', 'g'], codec });
  expect(domainIndices(manifest as FunctorManifest, category, WHERE)).toEqual([0, 2]);
});

test('a category that is not installed is named', () => {
  const { manifest } = setUp(functorPackage);
  const error = codedErrorOf(() => matchManifest(manifest, [], WHERE));
  expect([error.code, error.what, error.todo]).toEqual([
    'CATEGORY_UNKNOWN',
    'No category named “tones” is installed.',
    'Install the package of that category; installed: none.',
  ]);
});

test('a contract out of range is refused', () => {
  const { port } = setUp(functorPackage);
  const { manifest, category } = setUp(functorPackage, { port: { ...port, contract: '^2.0.0' } });
  const error = codedErrorOf(() => matchManifest(manifest, [category], WHERE));
  expect([error.code, error.what]).toEqual([
    'CONTRACT_RANGE',
    'The plugin needs version ^2.0.0 of the contract of “tones”, but 1.2.0 is installed.',
  ]);
});

test('a plugin of another space is refused', () => {
  const space = `sha256-${'0'.repeat(64)}`;
  const { port } = setUp(functorPackage);
  const { manifest, category } = setUp(morphismPackage, { output: { ...port, space } });
  const error = codedErrorOf(() => matchManifest(manifest, [category], WHERE));
  expect([error.code, error.what]).toEqual([
    'SPACE_MISMATCH',
    `The plugin was learned against the space ${space}, but “tones” has ${category.digest}.`,
  ]);
});

test.each<[Record<string, unknown>, string]>([
  [{ domain: ['c', 'e', 'h'] }, 'deepfunctor.domain[2]: “h” is no label of “tones”'],
  [{ domain: ['e', 'c', 'g'] }, 'deepfunctor.domain[1]: “c” is not in the order of “tones”'],
])('a domain that does not fit is refused: %j', (changes, reason) => {
  const { manifest, category } = setUp(functorPackage, changes);
  const error = codedErrorOf(() => matchManifest(manifest, [category], WHERE));
  expect([error.code, error.what]).toEqual(['MANIFEST_INVALID', `The manifest is invalid: ${reason}.`]);
});

test.each<[number[], string]>([
  [[0, 1, 2], 'deepfunctor.table: has 3 entries, the labels of its inputs need 9'],
  [[0, 1, 2, 1, 2, 3, 2, 0, 1], 'deepfunctor.table[5]: 3 is no label of “tones”, which has 3'],
])('a table that does not fit is refused: %j', (table, reason) => {
  const { manifest, category } = setUp(morphismPackage, { table });
  const error = codedErrorOf(() => matchManifest(manifest, [category], WHERE));
  expect([error.code, error.what]).toEqual(['MANIFEST_INVALID', `The manifest is invalid: ${reason}.`]);
});

describe('several releases of a category', () => {
  /** The tones, and the tones founded again as `changes` say. */
  function twoReleases(changes: Record<string, unknown> = {}) {
    const [first, second] = [temporaryFolder(), temporaryFolder()];
    writeTones(first);
    writeTones(second, { version: '2.0.0', ...changes });
    return [readCategory(first), readCategory(second)] as const;
  }
  const portOf = ({ name, digest }: { name: string; digest: string }, contract: string) => ({
    category: name,
    contract,
    space: digest,
  });

  test('a plugin fits the one that it was learned in, whatever their order', () => {
    const [first, second] = twoReleases();
    const manifest = (port: object) => parseManifest(functorPackage({ port }), WHERE) as FunctorManifest;
    for (const categories of [
      [first, second],
      [second, first],
    ]) {
      expect(matchPort(manifest(portOf(second, '^2.0.0')).port, categories, WHERE)).toBe(second);
      expect(matchPort(manifest(portOf(first, '^1.0.0')).port, categories, WHERE)).toBe(first);
    }
  });

  test('a digest of one and a range of the other fit neither', () => {
    const [first, second] = twoReleases();
    const port = portOf(first, '^2.0.0');
    const error = codedErrorOf(() => matchPort(port, [first, second], WHERE));
    expect([error.code, error.what]).toEqual([
      'SPACE_MISMATCH',
      `The plugin was learned against the space ${first.digest}, but “tones” has ${second.digest}.`,
    ]);
  });

  test('one of them is meant by name and version', () => {
    const all = twoReleases();
    expect(findCategory('tones@2.0.0', all, WHERE)).toBe(all[1]);
    expect(findCategory('tones', all.slice(0, 1), WHERE)).toBe(all[0]);
    const ambiguous = codedErrorOf(() => findCategory('tones', all, WHERE));
    expect([ambiguous.code, ambiguous.what]).toEqual([
      'CATEGORY_AMBIGUOUS',
      '“tones” is installed in several releases: tones@1.2.0, tones@2.0.0.',
    ]);
    const unknown = codedErrorOf(() => findCategory('tones@3.0.0', all, WHERE));
    expect([unknown.code, unknown.todo]).toEqual([
      'CATEGORY_UNKNOWN',
      'Install the package of that category; installed: tones@1.2.0, tones@2.0.0.',
    ]);
  });

  test('a bridge fits two of them with the same labels, and no others', () => {
    const [first, second] = twoReleases();
    const bridge = (to: object) =>
      parseManifest(bridgePackage({ from: portOf(first, '^1.0.0'), to }), WHERE) as PluginManifest;
    expect(() => matchManifest(bridge(portOf(second, '^2.0.0')), [first, second], WHERE)).not.toThrow();
    const loop = codedErrorOf(() => matchManifest(bridge(portOf(first, '^1.0.0')), [first, second], WHERE));
    expect(loop.what).toBe(
      'The manifest is invalid: deepfunctor.to: is the space that the bridge begins in.',
    );
    const [, other] = twoReleases({
      labels: ['c', 'g', 'e'].map((name) => ({ name, factors: { pitch: 0, spelling: name } })),
    });
    const labels = codedErrorOf(() => matchManifest(bridge(portOf(other, '^2.0.0')), [first, other], WHERE));
    expect([labels.code, labels.what]).toEqual([
      'MANIFEST_INVALID',
      'The manifest is invalid: deepfunctor.to: tones@2.0.0 has other labels than tones@1.2.0, or another order of them.',
    ]);
  });
});

import { expect, test } from 'vitest';
import {
  domainIndices,
  type FunctorManifest,
  matchManifest,
  type PluginManifest,
  parseManifest,
  readCategory,
} from '../src/index.js';
import { codedErrorOf, functorPackage, morphismPackage, temporaryFolder, writeTones } from './support.js';

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

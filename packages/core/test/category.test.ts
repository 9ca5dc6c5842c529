import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  builtinCategories,
  type CategoryRelease,
  canonicalJson,
  readCategory,
  readReference,
  spaceDigest,
  writeReference,
} from '../src/index.js';
import { codedErrorOf, temporaryFolder, tinyReference, writeTones } from './support.js';

/** The error of reading a category whose stored JSON was edited after it was sealed. */
function errorAfter(edit: (release: CategoryRelease) => unknown) {
  const folder = temporaryFolder();
  const release = writeTones(folder);
  writeFileSync(join(folder, 'category.json'), JSON.stringify(edit(release)));
  return codedErrorOf(() => readCategory(folder));
}

describe('canonical JSON', () => {
  test('sorts keys, leaves out undefined, and writes values as ECMAScript does', () => {
    expect(canonicalJson({ b: [1, 'ä\n', null, true], a: { z: 1e21, y: undefined } })).toBe(
      '{"a":{"z":1e+21},"b":[1,"ä\\n",null,true]}',
    );
  });

  test('has the value of the JSON it was made from, whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('a category', () => {
  test('of other labels, dimension and norm than any that comes with the package is read', () => {
    const folder = temporaryFolder();
    const release = writeTones(folder);
    expect(readCategory(folder)).toEqual({ ...release, directory: folder });
  });

  test('has a digest of everything but its card', () => {
    const release = writeTones(temporaryFolder());
    expect(release.digest).toMatch(/^sha256-[0-9a-f]{64}$/);
    expect(spaceDigest({ ...release, card: { other: true } } as CategoryRelease)).toBe(release.digest);
    const changes: Partial<CategoryRelease>[] = [
      { version: '1.2.1' },
      { dimension: 3 },
      { labels: release.labels.toReversed() },
      { support: { threshold: 3 } },
      { files: { ...release.files, probe: { ...release.files.probe, sha256: 'cd'.repeat(32) } } },
    ];
    for (const change of changes) expect(spaceDigest({ ...release, ...change })).not.toBe(release.digest);
  });

  test('that was changed after it was sealed is refused', () => {
    const error = errorAfter((release) => ({ ...release, support: { threshold: 100 } }));
    expect(error.code).toBe('CATEGORY_BROKEN');
    expect(error.what).toMatch(
      /broken: its content has the digest sha256-\w+, not the recorded sha256-\w+\.$/,
    );
    expect(error.where).toMatch(/category\.json$/);
  });

  test.each<[string, (release: CategoryRelease) => unknown, string]>([
    [
      'a wrong type',
      (r) => ({ ...r, dimension: '2' }),
      'dimension: invalid input: expected number, received string',
    ],
    ['an unknown field', (r) => ({ ...r, ten: 10 }), 'unrecognized key: "ten"'],
    ['no labels', (r) => ({ ...r, labels: [] }), 'labels: too small'],
    ['a label twice', (r) => ({ ...r, labels: [r.labels[0], r.labels[0]] }), 'labels[1]: “c” is there twice'],
    [
      'a label with other factors',
      (r) => ({ ...r, labels: [...r.labels, { name: 'b', factors: { pitch: 11 } }] }),
      'labels[3]: has other factors than the first label',
    ],
    ['a version that is none', (r) => ({ ...r, version: '1.2' }), 'version: must be a semantic version'],
    ['a digest that is none', (r) => ({ ...r, digest: '' }), 'digest: must be “sha256-” and 64'],
    [
      'a file outside',
      (r) => ({ ...r, files: { ...r.files, probe: { ...r.files.probe, path: '../probe.onnx' } } }),
      'files.probe.path: the path has “..”',
    ],
    ['no object', () => [], 'expected object'],
  ])('with %s is refused', (_, edit, reason) => {
    const error = errorAfter(edit);
    expect(error.code).toBe('CATEGORY_BROKEN');
    expect(error.what).toContain(reason);
  });

  test('whose release cannot be read, or whose file is cut short, is refused', () => {
    const folder = temporaryFolder();
    expect(codedErrorOf(() => readCategory(folder)).what).toContain('it cannot be read (ENOENT');
    writeTones(folder);
    truncateSync(join(folder, 'probe.onnx'), 2);
    const error = codedErrorOf(() => readCategory(folder));
    expect(error.what).toContain('The file “probe.onnx” has 2 bytes, but 5 are recorded.');
  });

  test('that comes with the package is valid, with its reference sample', () => {
    for (const folder of builtinCategories()) {
      const category = readCategory(folder);
      expect(readReference(category).count).toBeGreaterThan(0);
    }
  });
});

describe('a reference sample', () => {
  test('is read as it was written', () => {
    const folder = temporaryFolder();
    writeTones(folder);
    expect(readReference(readCategory(folder))).toEqual({ count: 4, ...tinyReference() });
    expect(writeReference(tinyReference())).toEqual(writeReference(tinyReference()));
  });

  test.each<[string, Partial<ReturnType<typeof tinyReference>>, string]>([
    [
      'a latent off the norm',
      { latents: new Float32Array([7, 1, 1, 7, 5, -5, 5, 6]) },
      'row 3 has the norm 5.5',
    ],
    [
      'a latent that is not finite',
      { latents: new Float32Array(8).fill(Number.NaN) },
      'row 0 has the norm NaN',
    ],
    [
      'a belief that does not sum to 1',
      { distributions: new Float32Array(12) },
      'row 0 is no probability distribution',
    ],
    ['a source that has no name', { sources: ['piano'] }, 'row 2 has no source'],
    [
      'a mark that is neither',
      { clear: new Uint8Array([2, 1, 1, 1]) },
      'row 0 is neither clear (1) nor ambiguous (0)',
    ],
    ['a code that is not finite', { codes: new Float32Array(6).fill(Number.NaN) }, 'a code is not finite'],
    ['other sides', { latents: new Float32Array(12) }, '“latents” is not Float32Array [4, 2]'],
  ])('with %s is refused', (_, change, reason) => {
    const folder = temporaryFolder();
    writeTones(folder, {}, { ...tinyReference(), ...change });
    const error = codedErrorOf(() => readReference(readCategory(folder)));
    expect(error.code).toBe('CATEGORY_BROKEN');
    expect(error.what).toContain(reason);
    expect((error.cause as { code: string }).code).toBe('TENSORS_BROKEN');
  });

  test('that is not the sealed one is refused', () => {
    const folder = temporaryFolder();
    writeTones(folder);
    const category = readCategory(folder);
    const other = writeReference({ ...tinyReference(), clear: new Uint8Array([1, 1, 1, 1]) });
    writeFileSync(join(folder, 'reference.safetensors'), other);
    const error = codedErrorOf(() => readReference(category));
    expect(error.code).toBe('CATEGORY_BROKEN');
    expect(error.what).toContain('The SHA-256 of “reference.safetensors” is');
  });
});

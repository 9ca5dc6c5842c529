import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CORE_VERSION, DeepFunctorError, type Manifest, parseManifest } from '../src/index.js';
import { bridgePackage, codedErrorOf, DIGEST, functorPackage, morphismPackage } from './support.js';

const WHERE = 'node_modules/functor-words/package.json';

function whatIsWrong(packageJson: unknown): string {
  const error = codedErrorOf(() => parseManifest(packageJson, WHERE));
  expect([error.code, error.where]).toEqual(['MANIFEST_INVALID', WHERE]);
  expect(error.todo).toBe(
    'Correct the named fields of this package.json, or install another version of the package.',
  );
  return error.what;
}

describe('a manifest', () => {
  test('of a functor, a morphism or a category is given as it stands', () => {
    const category = { manifest: 1, kind: 'category', name: 'tones', path: '.' };
    const packages = [functorPackage(), functorPackage({ style: 8 }), morphismPackage(), bridgePackage()];
    for (const packageJson of packages)
      expect(parseManifest(packageJson, WHERE)).toEqual(packageJson.deepfunctor);
    expect(parseManifest({ keywords: ['deepfunctor-plugin'], deepfunctor: category }, WHERE)).toEqual(
      category,
    );
  });

  test('may have more in its card than the contract names', () => {
    const card = { ...functorPackage().deepfunctor.card, hours: 0.5 };
    expect((parseManifest(functorPackage({ card }), WHERE) as { card: unknown }).card).toEqual(card);
  });

  test.each<[string, unknown, string]>([
    ['no object', null, 'must be an object'],
    ['no manifest', { ...functorPackage(), deepfunctor: undefined }, 'deepfunctor: must be “functor”'],
    ['no keyword', { ...functorPackage(), keywords: [] }, 'keywords: must have “deepfunctor-plugin”'],
    [
      'keywords that are no list',
      { ...functorPackage(), keywords: 'x' },
      'keywords: must be a list of keywords',
    ],
    [
      'a closed package.json',
      { ...functorPackage(), exports: { '.': './index.js' } },
      'exports: must have “./package.json”',
    ],
    ['one export', { ...functorPackage(), exports: './index.js' }, 'exports: must have “./package.json”'],
    [
      'no peer',
      { ...functorPackage(), peerDependencies: {} },
      'peerDependencies: must have “@deepfunctor/core”',
    ],
    [
      'a peer that is no range',
      { ...functorPackage(), peerDependencies: { '@deepfunctor/core': 'newest' } },
      'peerDependencies.@deepfunctor/core: must be a range of semantic versions',
    ],
    [
      'a bridge of one way',
      bridgePackage({ files: { there: bridgePackage().deepfunctor.files.there } }),
      'deepfunctor.files.back: ',
    ],
    ['a bridge that begins nowhere', bridgePackage({ from: undefined }), 'deepfunctor.from: '],
    [
      'a kind of later',
      functorPackage({ kind: 'wiring' }),
      'deepfunctor.kind: must be “functor”, “morphism”, “bridge” or “category”',
    ],
    [
      'a manifest of later',
      functorPackage({ manifest: 2 }),
      'deepfunctor.manifest: invalid input: expected 1',
    ],
    ['an unknown field', functorPackage({ styles: 8 }), 'deepfunctor: unrecognized key: "styles"'],
    [
      'a name that cannot stand in a chain',
      functorPackage({ name: 'a -> b' }),
      'deepfunctor.name: must be lower-case',
    ],
    ['a style of no size', functorPackage({ style: 0 }), 'deepfunctor.style: too small'],
    ['an empty domain', functorPackage({ domain: [] }), 'deepfunctor.domain: too small'],
    [
      'a label twice',
      functorPackage({ domain: ['c', 'e', 'c'] }),
      'deepfunctor.domain[2]: “c” is there twice',
    ],
    [
      'fewer values than labels',
      functorPackage({ domain: ['c'] }),
      'deepfunctor.codec.values: must have one value for each of the 1',
    ],
    ['a table of no index', morphismPackage({ table: [-1] }), 'deepfunctor.table[0]: too small'],
    ['no inputs', morphismPackage({ inputs: [] }), 'deepfunctor.inputs: too small'],
    ['a card without a mode', functorPackage({ card: {} }), 'deepfunctor.card.mode: invalid option'],
    [
      'a range that is none',
      functorPackage({ port: { category: 'tones', contract: 'one', space: `sha256-${DIGEST}` } }),
      'deepfunctor.port.contract: must be a range of semantic versions',
    ],
    [
      'a space that is none',
      functorPackage({ port: { category: 'tones', contract: '1', space: DIGEST } }),
      'deepfunctor.port.space: must be “sha256-”',
    ],
  ])('with %s is refused', (_, packageJson, reason) => {
    expect(whatIsWrong(packageJson)).toContain(reason);
  });

  test.each(['>=0.1.0', `^${CORE_VERSION}`, '*', 'workspace:*', 'workspace:^'])(
    'fits by the peer %s',
    (range) => {
      const packageJson = { ...functorPackage(), peerDependencies: { '@deepfunctor/core': range } };
      expect(parseManifest(packageJson, WHERE)).toEqual(packageJson.deepfunctor);
    },
  );

  test.each([
    ['<0.0.1', functorPackage()],
    ['>=1000.0.0', functorPackage()],
    // Of a later core, this one need not understand a word.
    ['^1000.0.0', functorPackage({ manifest: 2, kind: 'wiring' })],
    ['>=1000.0.0', { keywords: ['deepfunctor-plugin'], deepfunctor: { manifest: 1, kind: 'category' } }],
  ])('for another core is refused: %s', (range, packageJson) => {
    const error = codedErrorOf(() =>
      parseManifest({ ...packageJson, peerDependencies: { '@deepfunctor/core': range } }, WHERE),
    );
    expect([error.code, error.where]).toEqual(['CORE_RANGE', WHERE]);
    expect(error.what).toBe(`The plugin needs @deepfunctor/core ${range}, but ${CORE_VERSION} is installed.`);
    expect(error.todo).toContain(`Install a version of the plugin for @deepfunctor/core ${CORE_VERSION}`);
  });

  test('with many faults names the first three', () => {
    const what = whatIsWrong(functorPackage({ name: '', style: 0, domain: [], card: 1, port: 1 }));
    expect(what).toMatch(
      /^The manifest is invalid: deepfunctor\.name: .*; deepfunctor\.port: .*; and 2 more\.$/,
    );
  });
});

describe('a codec', () => {
  const bits = { kind: 'bits', version: 1, width: 2, values: ['00', '01', '10'] };
  const image = {
    kind: 'image',
    version: 1,
    channels: 1,
    height: 28,
    width: 28,
    fit: 'glyph',
    empty: 'refuse',
  };
  const symbols = functorPackage().deepfunctor.codec;

  test.each([bits, image, symbols])('of kind $kind is read', (codec) => {
    expect(parseManifest(functorPackage({ codec }), WHERE)).toMatchObject({ codec });
  });

  test.each<[unknown, string]>([
    [{ ...bits, kind: 'audio' }, 'codec.kind: must be “image”, “bits” or “symbols”'],
    [{ ...bits, version: 2 }, 'codec.version: invalid input: expected 1'],
    [{ ...bits, values: ['00', '01', '2'] }, 'codec.values[2]: must be 2 characters, each 0 or 1'],
    [{ ...bits, values: ['00', '01', '01'] }, 'codec.values[2]: “01” is there twice'],
    [{ ...image, fit: 'stretch' }, 'codec.fit: invalid option'],
    [{ ...image, height: 100_000 }, 'codec.height: too big'],
    [{ ...symbols, length: 2 }, 'codec.values[2]: it has 3 symbols; at most 2 fit'],
    [{ ...symbols, values: ['do', 're', 'mi'] }, 'codec.values[1]: “r” is not a symbol of its alphabet'],
    [{ ...symbols, values: ['', 'do', 'mi'] }, 'codec.values[0]: it is empty'],
    [
      { ...symbols, alphabet: ['d', ...symbols.alphabet] },
      'codec.alphabet[0]: must be the padding, an empty text',
    ],
    [{ ...symbols, alphabet: [...symbols.alphabet, 'ab'] }, 'codec.alphabet[7]: must be one character'],
    [{ ...symbols, alphabet: [...symbols.alphabet, 'd'] }, 'codec.alphabet[7]: “d” is there twice'],
  ])('%j is refused: %s', (codec, reason) => {
    expect(whatIsWrong(functorPackage({ codec }))).toContain(reason);
  });
});

/** A JSON document in which one value, anywhere, is replaced by any other JSON value. */
function withOneChange(document: unknown): fc.Arbitrary<unknown> {
  const paths: string[][] = [];
  const walk = (value: unknown, path: string[]): void => {
    paths.push(path);
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
    }
  };
  walk(document, []);
  const replaced = (value: unknown, [key, ...rest]: string[], by: unknown): unknown => {
    if (key === undefined) return by;
    const copy: Record<string, unknown> = structuredClone(value) as Record<string, unknown>;
    copy[key] = replaced(copy[key], rest, by);
    return copy;
  };
  return fc
    .tuple(fc.constantFrom(...paths), fc.jsonValue())
    .map(([path, by]) => replaced(document, path, by));
}

function parseOrCoded(packageJson: unknown): Manifest | undefined {
  try {
    return parseManifest(packageJson, WHERE);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(DeepFunctorError);
    return undefined;
  }
}

test('any JSON is a manifest or a coded error', () => {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.record({ ...Object.fromEntries(Object.keys(functorPackage()).map((key) => [key, fc.jsonValue()])) }),
    withOneChange(functorPackage()),
    withOneChange(morphismPackage()),
  );
  fc.assert(
    fc.property(anything, (packageJson) => {
      parseOrCoded(packageJson);
    }),
    { numRuns: 1000 },
  );
});

test('no manifest that is accepted names a file outside its package', () => {
  const part = fc.oneof(fc.constantFrom('..', '.', '', 'weights', '/', 'C:', '\\..'), fc.string());
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(path, (given) => {
      const file = { path: given, sha256: DIGEST, bytes: 1 };
      const manifest = parseOrCoded(morphismPackage({ files: { morphism: file } }));
      const outside = given.split('/').includes('..') || given.startsWith('/') || given.includes('\\');
      if (outside) expect(manifest).toBeUndefined();
    }),
  );
  expect(
    whatIsWrong(morphismPackage({ files: { morphism: { path: '../w.onnx', sha256: DIGEST, bytes: 1 } } })),
  ).toBe('The manifest is invalid: deepfunctor.files.morphism.path: the path has “..”.');
});

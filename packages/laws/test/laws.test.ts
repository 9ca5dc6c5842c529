import { openHost } from '@deepfunctor/host';
import { attribute, type GraphBuilder } from '@deepfunctor/onnx';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Finding, laws, verify } from '../src/index.js';
import {
  barsIn,
  barsOut,
  believed,
  buildWorld,
  carried,
  constant,
  FINGERPRINT,
  keysIn,
  linear,
  mapped,
  morphismModel,
  movedOn,
  normalised,
  onAxis,
  scaleOf,
  TONES,
  type World,
  wordsIn,
  wordsOut,
  written,
} from './world.js';

async function findings(world: World, plugins?: string[], samples = 60): Promise<Finding[]> {
  const host = await openHost({ cwd: world.project });
  onTestFinished(() => host.close());
  return verify({ host, plugins, samples });
}

/** The laws that fail, and what they say. */
async function failures(world: World, plugin: string): Promise<Record<string, string>> {
  const failed = (await findings(world, [plugin])).filter(({ holds }) => !holds);
  return Object.fromEntries(failed.map(({ law, detail }) => [law, detail]));
}

/** Something that depends on the whole batch, added to latents of a belief. */
function stirred(g: GraphBuilder, p: string): string {
  const middle = g.node('ReduceMean', [p], { axes: attribute.ints([0]), keepdims: attribute.int(1) });
  const few = g.node('Mul', [middle, constant(g, 0.001)]);
  return written(g, normalised(g, g.node('Add', [p, few])), TONES);
}

describe('where everything is right, every law holds', () => {
  test('in a world of two categories that no tool has heard of, with an arity of two and a morphism between them', async () => {
    const found = await findings(buildWorld());
    expect(found.filter(({ holds }) => !holds)).toEqual([]);
    // Those of a bridge have a world of their own, bridge.test.ts.
    const others = laws.filter(({ of }) => of !== 'bridge');
    expect(new Set(found.map(({ law, of }) => `${of} ${law}`)).size).toBe(others.length);
    // Nothing to measure: no style in texts; nothing steps again between categories, or has partners for it.
    const vacuous = found
      .filter(({ figure }) => figure === null)
      .map(({ plugin, law }) => `${plugin}: ${law}`);
    expect(vacuous.sort()).toEqual([
      'keys: keeps',
      'lamp: composition',
      'lamp: keeps',
      'lamp: natural',
      'sounds: associativity',
      'sounds: natural',
      'words: keeps',
    ]);
  });

  test('the same seed gives the same figures', async () => {
    const world = buildWorld();
    expect(await findings(world, ['bars', 'plus'])).toEqual(await findings(world, ['bars', 'plus']));
  });
});

describe('a wrong functor breaks the law concerned, and those that follow from it', () => {
  test('lands: latents off the norm', async () => {
    const world = buildWorld();
    world.replace('bars', 'encode', barsIn({ write: (g, p) => written(g, p, TONES, { scale: 1.1 }) }));
    expect(await failures(world, 'bars')).toEqual({
      lands: expect.stringMatching(/of “c”: the norm is 2\.2\d*, not 2 ± 0\.01/),
    });
  });

  test('lands: latents outside the support', async () => {
    const world = buildWorld();
    world.replace(
      'words',
      'encode',
      wordsIn(undefined, (g, p) => written(g, p, TONES, { hidden: 0.3 })),
    );
    expect(await failures(world, 'words')).toEqual({
      lands: expect.stringContaining(
        '3 of 3 latents are off; the latent of “c”: the distance from the space is 0.300, more than 0.1',
      ),
    });
  });

  test('lands: a row depends on its batch', async () => {
    const world = buildWorld();
    world.replace('bars', 'encode', barsIn({ write: stirred }));
    expect(await failures(world, 'bars')).toEqual({
      lands: expect.stringMatching(/alone it differs by 0\.\d+ from itself in a batch of \d+/),
    });
  });

  test('lands: outputs that are no probabilities', async () => {
    const world = buildWorld();
    world.replace(
      'words',
      'decode',
      wordsOut(undefined, (g, row) => g.node('Mul', [row, constant(g, 1.5)])),
    );
    expect(await failures(world, 'words')).toEqual({
      lands: expect.stringMatching(/decode gives 1\.\d+, which is not within 0 … 1/),
    });
  });

  test('agrees: a collapsed encoder', async () => {
    const world = buildWorld();
    world.replace(
      'words',
      'encode',
      wordsIn((g, p) => carried(g, p, 3, 3, [0, 0, 0])),
    );
    const failed = await failures(world, 'words');
    expect(Object.keys(failed)).toEqual(['agrees', 'composition', 'natural', 'swap']);
    expect(failed.agrees).toBe('2 of 3 inputs are misread; “e” is read as “c”, though it is canonical');
  });

  test('agrees: an encoder that misreads what others wrote', async () => {
    const world = buildWorld();
    const host = await openHost({ cwd: world.project });
    onTestFinished(() => host.close());
    const value = Float32Array.from([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
    const check = async (labels: string[]) => {
      const all = await verify({
        host,
        plugins: ['words'],
        samples: 60,
        inputs: { words: { value, labels } },
      });
      return all.find(({ law }) => law === 'agrees')!;
    };
    expect(await check(['c', 'c', 'e'])).toMatchObject({ holds: true, figure: 0 });
    expect(await check(['c', 'c', 'g'])).toMatchObject({
      holds: false,
      detail: '1 of 6 inputs are misread; “g” is read as “e”',
    });
    expect((await check(['c', 'c', 'h'])).error).toMatchObject({ code: 'VALUE_OUTSIDE_DOMAIN' });
    expect((await check(['c', 'c'])).error).toMatchObject({ code: 'INPUT_TENSOR' });
  });

  test('section: a decoder that loses a label', async () => {
    const world = buildWorld();
    world.replace(
      'words',
      'decode',
      wordsOut((g, p) => carried(g, p, 3, 3, [0, 1, 1])),
    );
    const failed = await failures(world, 'words');
    expect(Object.keys(failed)).toEqual([
      'section',
      'faithful',
      'identity',
      'composition',
      'natural',
      'swap',
    ]);
    expect(failed.section).toMatch(
      /^1 of 3 inputs and 2 of 6 reference latents change their label; “g” comes back as “e”/,
    );
    expect(failed.faithful).toContain('“e” and “g” differ by 0');
  });

  test('faithful: two labels in nearly the same picture', async () => {
    const world = buildWorld();
    world.replace('bars', 'decode', barsOut({ ink: 0.4 }));
    expect(await failures(world, 'bars')).toEqual({
      faithful: expect.stringContaining('“c” and “e” differ by 0.4'),
    });
  });

  test('identity: a decoder that reads its own encoder’s mark as another label', async () => {
    const world = buildWorld();
    world.replace(
      'words',
      'encode',
      wordsIn(undefined, (g, p) => written(g, p, TONES, { hidden: 0.05 })),
    );
    world.replace(
      'words',
      'decode',
      wordsOut((g, p, z) => movedOn(g, p, onAxis(g, z, 3))),
    );
    const failed = await failures(world, 'words');
    expect(Object.keys(failed)).toEqual(['section', 'identity']);
    expect(failed.identity).toBe(
      '3 of 3 inputs change their label through no morphism; “c” comes back as “e”',
    );
  });

  test('composition: a style that grows until the encoder cannot read through it', async () => {
    const world = buildWorld();
    const blind = (g: GraphBuilder, p: string, style: string) => {
      const far = linear(
        g,
        g.node('Abs', [style]),
        [2, 1],
        () => 1,
        () => -60,
      );
      return movedOn(g, p, g.node('Sigmoid', [g.node('Mul', [far, constant(g, 50)])]));
    };
    world.replace('bars', 'encode', barsIn({ gain: 3, change: blind }));
    const failed = await failures(world, 'bars');
    expect(Object.keys(failed)).toEqual(['composition']);
    expect(failed.composition).toMatch(/“\w” becomes “\w” at once, “\w” in two steps/);
  });

  test('keeps: a style that is not shown', async () => {
    const world = buildWorld();
    world.replace('bars', 'decode', barsOut({ styled: false }));
    expect(await failures(world, 'bars')).toEqual({
      keeps: expect.stringMatching(/^the style read again correlates with the question’s by 0\.000/),
    });
  });
});

describe('a wrong morphism breaks the law concerned, and those that follow from it', () => {
  test('lands: latents off the norm', async () => {
    const world = buildWorld();
    world.replace(
      'next',
      'morphism',
      morphismModel((g, z) =>
        written(g, carried(g, believed(g, z, TONES), 3, 3, [1, 2, 0]), TONES, { scale: 0.9 }),
      ),
    );
    expect(await failures(world, 'next')).toEqual({
      lands: expect.stringMatching(/of \(“c”\): the norm is 1\.8\d*, not 2/),
    });
  });

  test('lands: values that are not finite; laws that cannot be measured fail with the error', async () => {
    const world = buildWorld();
    world.replace(
      'next',
      'morphism',
      morphismModel((g, z) => g.node('Log', [g.node('Sub', [z, constant(g, 100)])])),
    );
    const found = await findings(world, ['next']);
    expect(found.find(({ law }) => law === 'lands')!.detail).toContain('(“c”): a value is not finite');
    expect(found.find(({ law }) => law === 'table')).toMatchObject({
      holds: false,
      figure: null,
      error: { code: 'INPUT_TENSOR' },
    });
  });

  test('table: one wrong entry', async () => {
    const world = buildWorld();
    world.replace('next', 'morphism', mapped(TONES, TONES, [1, 2, 1]));
    const failed = await failures(world, 'next');
    expect(Object.keys(failed)).toEqual(['table', 'steady', 'fuzzy', 'swap']);
    expect(failed.table).toBe('20 of 60 tuples are wrong; (“g”) gives “e”, not “c”');
  });

  test('unit: a morphism that knows the reference sample and nothing else', async () => {
    const world = buildWorld();
    const model = morphismModel((g, z) => {
      const known = linear(g, z, [5, 1], (i) => (i === 4 ? 1 / Math.sqrt(FINGERPRINT) / scaleOf(TONES) : 0));
      const strange = g.node('Sub', [constant(g, 1), known]);
      return written(
        g,
        movedOn(g, carried(g, believed(g, z, TONES), 3, 3, [1, 2, 0]), g.node('Relu', [strange])),
        TONES,
      );
    });
    world.replace('next', 'morphism', model);
    const failed = await failures(world, 'next');
    expect(Object.keys(failed)).toEqual(['unit', 'steady', 'swap']);
    expect(failed.unit).toMatch(/at most 0?\.?\d.* \(stay -> next\)/);
  });

  test('associativity: a row depends on its batch', async () => {
    const world = buildWorld();
    world.replace(
      'next',
      'morphism',
      morphismModel((g, z) => stirred(g, carried(g, believed(g, z, TONES), 3, 3, [1, 2, 0]))),
    );
    const failed = await failures(world, 'next');
    expect(Object.keys(failed)).toEqual(['lands', 'associativity']);
    expect(failed.associativity).toMatch(/^largest difference 0\.\d+ of the norm \(\w+ -> next -> \w+\)/);
  });

  test('steady: a belief that drifts, half a hundredth a step', async () => {
    const world = buildWorld();
    const model = morphismModel((g, z) =>
      written(g, movedOn(g, believed(g, z, TONES), constant(g, 0.005)), TONES),
    );
    world.replace('stay', 'morphism', model);
    const failed = await failures(world, 'stay');
    expect(Object.keys(failed)).toEqual(['steady']);
    expect(failed.steady).toMatch(/labels changed after 1000 step\(s\); \(“\w”\) is “\w” then, not “\w”/);
  });

  test('fuzzy: a morphism that decides for its input', async () => {
    const world = buildWorld();
    const model = morphismModel((g, z) => {
      const sharp = g.node('Pow', [believed(g, z, TONES), constant(g, 8)]);
      return written(g, carried(g, normalised(g, sharp), 3, 3, [1, 2, 0]), TONES);
    });
    world.replace('next', 'morphism', model);
    expect(await failures(world, 'next')).toEqual({
      fuzzy: expect.stringMatching(/ambiguous 0\.[23]\d+ \(at most 0\.3\d* of a row/),
    });
  });
});

describe('among the others', () => {
  test('natural: an encoder’s mark that another decoder takes for something', async () => {
    const world = buildWorld();
    world.replace(
      'keys',
      'encode',
      keysIn((g, p) => written(g, p, TONES, { hidden: 0.05 })),
    );
    world.replace(
      'words',
      'decode',
      wordsOut((g, p, z) => movedOn(g, p, onAxis(g, z, 3))),
    );
    expect(await failures(world, 'keys')).toEqual({
      natural: expect.stringMatching(
        /differ for F = keys, G = words, m = \w+; \(“\w”(, “\w”)?\) shows “\w” when converted first, “\w” when converted last/,
      ),
    });
  });

  test('swap: a morphism’s mark that one decoder takes for something', async () => {
    const world = buildWorld();
    world.replace(
      'mirror',
      'morphism',
      morphismModel((g, z) =>
        written(g, carried(g, believed(g, z, TONES), 3, 3, [0, 2, 1]), TONES, { hidden: 0.05 }),
      ),
    );
    world.replace(
      'words',
      'decode',
      wordsOut((g, p, z) => movedOn(g, p, onAxis(g, z, 3))),
    );
    const failed = await failures(world, 'mirror');
    expect(Object.keys(failed)).toEqual(['natural', 'swap']);
    expect(failed.swap).toMatch(
      /are wrong in the worst of 9 cells, \w+ -> mirror -> words; \(“c”\) shows “e”, not “c”/,
    );
  });

  test('a faulty partner is left out, and its faults are its own', async () => {
    const world = buildWorld();
    world.replace(
      'words',
      'decode',
      wordsOut((g, p) => carried(g, p, 3, 3, [0, 1, 1])),
    );
    world.replace('mirror', 'morphism', mapped(TONES, TONES, [0, 2, 2]));
    const found = await findings(world, ['keys', 'next']);
    expect(found.filter(({ holds }) => !holds)).toEqual([]);
    expect(found.find(({ law }) => law === 'swap')!.detail).toContain(
      'without words, mirror, which fail laws of their own',
    );
  });

  test('a file that does not match its digest fails every law of its plugin, and none of the others', async () => {
    const world = buildWorld();
    world.edit('next', (json) => {
      json.deepfunctor.files.morphism.sha256 = '0'.repeat(64);
    });
    const found = await findings(world, ['next', 'keys', 'stay']);
    expect(new Set(found.filter(({ plugin }) => plugin === 'next').map(({ error }) => error?.code))).toEqual(
      new Set(['WEIGHTS_DIGEST']),
    );
    expect(found.filter(({ plugin, holds }) => plugin !== 'next' && !holds)).toEqual([]);
  });

  test('a plugin of another space is told with its own error when it is named', async () => {
    const world = buildWorld();
    world.edit('next', (json) => {
      json.deepfunctor.output.space = `sha256-${'0'.repeat(64)}`;
    });
    await expect(findings(world, ['next'])).rejects.toMatchObject({ code: 'SPACE_MISMATCH' });
    expect((await findings(world, ['keys'])).every(({ holds }) => holds)).toBe(true);
  });

  test('a name that is not installed suggests the nearest', async () => {
    const host = await openHost({ cwd: buildWorld().project });
    await expect(verify({ host, plugins: ['nxt'] })).rejects.toMatchObject({
      code: 'CHAIN_UNKNOWN_NAME',
      todo: expect.stringMatching(/nearest first: next/),
    });
  });
});

import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeepFunctorError, type ImageCodec } from '@deepfunctor/core';
import { openHost, toPng } from '@deepfunctor/host';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openContract } from '../src/learn/contract.js';
import { readPictures } from '../src/learn/examples.js';
import { learnFunctorPlugin } from '../src/learn/index.js';
import { measureShots, split } from '../src/learn/picture.js';
import { PICTURE_STYLE } from '../src/learn/picture-networks.js';
import { Random } from '../src/random.js';
import { engines } from './engines.js';
import { clearest, newFolder } from './seasons.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });
const { tf, present } = await engines();
const engine = present.includes('native') ? 'native' : 'wasm';

const { folder: root, remove } = newFolder();
afterAll(remove);
writeFileSync(join(root, 'package.json'), '{}');
const opened = await openHost({ cwd: root });
afterAll(() => opened.close());
const category = opened.categories.find(({ name }) => name === 'fuzzy-digits')!;
const K = category.labels.length;

const SIDE = 16;
const EACH = 10;
const SEED = 3;
const STEPS = 200;
const examples = join(root, 'examples');
const codec: ImageCodec = {
  kind: 'image',
  version: 1,
  channels: 1,
  height: SIDE,
  width: SIDE,
  fit: 'picture',
  empty: 'refuse',
};

/** Made-up signs: for each label three by three cells of ink, in any grey, half a pixel here or there. */
beforeAll(() => {
  const random = new Random(7);
  mkdirSync(examples);
  const patterns = [0o057, 0o272, 0o525, 0o711, 0o147, 0o636, 0o417, 0o353, 0o174, 0o465].slice(0, K);
  patterns.forEach((pattern, label) => {
    for (let n = 0; n < EACH; n++)
      writeFileSync(join(examples, `${category.labels[label]!.name}-${n}.png`), sign(pattern, random));
  });
});

function sign(pattern: number, random: Random): Uint8Array {
  const side = 2 * SIDE;
  const [dx, dy] = [random.integer(3) - 1, random.integer(3) - 1];
  const ink = random.uniform(0.6, 1);
  const values = new Float32Array(side * side);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const [column, row] = [Math.floor((x - dx - 7) / 6), Math.floor((y - dy - 7) / 6)];
      const isInk = column >= 0 && column < 3 && row >= 0 && row < 3 && (pattern >> (3 * row + column)) & 1;
      values[y * side + x] = isInk ? ink - 0.1 * random.uniform() : 0;
    }
  return toPng(values, side, side);
}

async function codedError(action: () => unknown): Promise<DeepFunctorError> {
  try {
    await action();
  } catch (thrown) {
    if (thrown instanceof DeepFunctorError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

/** A folder of its own for what a test learns. */
function parent(name: string): string {
  const folder = join(root, name);
  mkdirSync(folder);
  return folder;
}

const learn = (
  out: string,
  options: Partial<Parameters<typeof learnFunctorPlugin>[0]> = {},
): ReturnType<typeof learnFunctorPlugin> =>
  learnFunctorPlugin({
    name: 'signs',
    codec: 'image',
    examples,
    out,
    size: SIDE,
    seed: SEED,
    engine,
    cwd: root,
    ...options,
  });

const likeliest = (beliefs: Float32Array) =>
  Array.from({ length: beliefs.length / K }, (_, row) => {
    const belief = beliefs.slice(row * K, (row + 1) * K);
    return belief.indexOf(Math.max(...belief));
  });

test('a format of pictures is learned from ten examples a label: it reads what it did not see, and what it shows', async () => {
  const out = join(parent('learned'), 'functor-signs');
  const report = await learn(out, { steps: STEPS });
  expect(readdirSync(join(out, '..'))).toEqual(['functor-signs']);
  expect(report).toMatchObject({ name: 'signs', kind: 'functor', space: category.digest });
  expect(report.steps).toBeLessThanOrEqual(2 * STEPS);

  const pictures = readPictures(examples, category, codec);
  const { kept, learned, watched } = split(pictures, SEED);
  expect(new Set([...kept, ...learned, ...watched]).size).toBe(K * EACH);
  expect(kept).toHaveLength(2 * K);
  const size = SIDE * SIDE;
  const pixels = Float32Array.from(
    kept.flatMap((row) => [...pictures.pixels.subarray(row * size, (row + 1) * size)]),
  );

  const host = await openHost({ cwd: root, plugins: [out] });
  try {
    expect(host.setAside).toEqual([]);
    expect((await host.verify()).filter(({ error }) => error)).toEqual([]);
    const { latent, style } = await host.encode('signs', pixels);
    expect(style).toHaveLength(PICTURE_STYLE * kept.length);
    const read = likeliest(await host.probe(category.name, latent));
    const right = kept.filter((row, i) => pictures.domain[pictures.places[row]!] === read[i]).length;
    expect(report.measured['of them read right']).toBe(Number((right / kept.length).toPrecision(6)));
    expect(right / kept.length).toBeGreaterThanOrEqual(0.95);
    expect(Math.max(...(await host.support(category.name, latent)))).toBeLessThanOrEqual(
      category.support.threshold,
    );

    const shown = await host.decode('signs', clearest(category));
    const again = await host.encode('signs', shown);
    expect(likeliest(await host.probe(category.name, again.latent))).toEqual([...Array(K).keys()]);
    const files = Array.from({ length: K }, (_, label) => [
      toPng(shown.slice(label * size, (label + 1) * size), SIDE, SIDE),
    ]);
    const answers = await host.compose('signs -> signs').runBatch(files);
    expect(answers.map(({ label }) => label)).toEqual(category.labels.map(({ name }) => name));
  } finally {
    await host.close();
  }

  const error = await codedError(() => learn(out));
  expect(error).toMatchObject({ code: 'OUTPUT_EXISTS', what: 'The output exists already.', where: out });
});

test('how well it is learned from few is told for as many as there are', async () => {
  const pictures = readPictures(examples, category, codec);
  const contract = openContract(opened, category.name);
  const task = { name: 'signs', contract, codec, pictures, seed: SEED, steps: 60 };
  const curve = await measureShots(tf, task, [1, 5, 100]);
  expect(curve.map(({ shots }) => shots)).toEqual([1, 5]);
  for (const { accuracy } of curve) expect(accuracy).toBeGreaterThan(1.5 / K);
});

test('what has not converged is told, and nothing is written', async () => {
  const folder = parent('short');
  const error = await codedError(() => learn(join(folder, 'signs'), { steps: 2 }));
  expect(error.code).toBe('LEARNING_FAILED');
  expect(error.what).toMatch(
    /^The learning has not converged: after 2 steps it reads only \d+\.\d % of the very examples it was taught\.$/,
  );
  expect(readdirSync(folder)).toEqual([]);
});

test('a learning that is stopped leaves nothing, whenever that is', async () => {
  const folder = parent('stopped');
  for (const at of [1, 3]) {
    const stop = new AbortController();
    const stopped = learn(join(folder, 'signs'), {
      signal: stop.signal,
      onStep: (step) => step === at && stop.abort(),
    });
    await expect(stopped).rejects.toThrow('aborted');
    expect(readdirSync(folder)).toEqual([]);
  }
});

test.each<[what: string, spoil: (folder: string) => void, reason: string]>([
  [
    'contradict each other',
    (folder) => copyFileSync(join(folder, '3-0.png'), join(folder, '4-3.png')),
    'they contradict each other: 3-0.png and 4-3.png are the same picture with different labels',
  ],
  [
    'hold an empty file',
    (folder) => writeFileSync(join(folder, '5-0.png'), ''),
    '5-0.png: This is not a readable PNG image: the file is empty',
  ],
  [
    'hold a file that cannot be read',
    (folder) => writeFileSync(join(folder, '2-5.png'), 'GIF89a'),
    '2-5.png: This is not a readable PNG image: it is a GIF file',
  ],
  [
    'hold a file that is cut short',
    (folder) => {
      const path = join(folder, '2-5.png');
      writeFileSync(path, readFileSync(path).subarray(0, 60));
    },
    '2-5.png: This is not a readable PNG image: ',
  ],
  [
    'hold a link to nowhere',
    (folder) => symlinkSync(join(folder, 'none.png'), join(folder, '2-x.png')),
    '2-x.png: ENOENT: no such file or directory',
  ],
  [
    'hold an empty picture',
    (folder) => writeFileSync(join(folder, '2-5.png'), toPng(new Float32Array(64), 8, 8)),
    '2-5.png: The image is empty: nothing stands out from its background',
  ],
  [
    'have a name without a label',
    (folder) => copyFileSync(join(folder, '2-5.png'), join(folder, 'two.png')),
    '“two.png” does not begin with a label of “fuzzy-digits” and a hyphen',
  ],
  [
    'have a folder that is no label',
    (folder) => {
      mkdirSync(join(folder, 'ten'));
      copyFileSync(join(folder, '2-5.png'), join(folder, 'ten', 'a.png'));
    },
    'the folder “ten” is no label of “fuzzy-digits”',
  ],
])('examples that %s are refused, and nothing is written', async (what, spoil, reason) => {
  const folder = parent(what);
  const spoiled = join(folder, 'examples');
  mkdirSync(spoiled);
  for (const name of readdirSync(examples)) copyFileSync(join(examples, name), join(spoiled, name));
  spoil(spoiled);
  const error = await codedError(() => learn(join(folder, 'signs'), { examples: spoiled }));
  expect(error).toMatchObject({ code: 'EXAMPLES_INVALID', where: spoiled });
  expect(error.what).toContain(`The examples cannot be learned from: ${reason}`);
  expect(readdirSync(folder)).toEqual(['examples']);
});

test('examples that lack a label are refused, or cover the rest', async () => {
  const folder = parent('lacking');
  const fewer = join(folder, 'examples');
  mkdirSync(fewer);
  for (const name of readdirSync(examples))
    if (!/^[57]-/.test(name)) copyFileSync(join(examples, name), join(fewer, name));
  const error = await codedError(() => learn(join(folder, 'signs'), { examples: fewer }));
  expect(error).toMatchObject({
    code: 'EXAMPLES_INVALID',
    what: 'The examples cannot be learned from: there is none of 5, 7.',
    where: fewer,
    todo: 'Give at least one example of each label, or --partial for a functor that covers only some.',
  });
  expect(readPictures(fewer, category, codec, true).domain).toEqual([0, 1, 2, 3, 4, 6, 8, 9]);
  expect(readdirSync(folder)).toEqual(['examples']);
  const none = await codedError(() => learn(join(folder, 'signs'), { examples: join(folder, 'nowhere') }));
  expect(none).toMatchObject({ code: 'INPUT_MISSING', where: join(folder, 'nowhere') });
});

/**
 * Learns a functor of pictures from labelled examples. `encode` is a small convolutional network taught on varied copies;
 * `decode` is the decoder of a conditional variational autoencoder (Sohn and others, 2015) whose style is read knowing the label,
 * and whose pictures the encoder must read.
 */
import { fail, type ImageCodec } from '@deepfunctor/core';
import type * as TF from '@tensorflow/tfjs';
import { Adam } from '../adam.js';
import { augment } from '../augment.js';
import { Parameters, type Weights } from '../nn.js';
import { Random } from '../random.js';
import type { Contract } from './contract.js';
import { descend } from './descent.js';
import type { Pictures } from './examples.js';
import type { Learned, Progress } from './morphism.js';
import { decodeModel, encodeModel, PICTURE_STYLE, see, show, styleOf } from './picture-networks.js';

export interface PictureTask {
  name: string;
  contract: Contract;
  codec: ImageCodec;
  pictures: Pictures;
  seed: number;
  /** Steps at most of reading, and as many of drawing. Default 3,000. */
  steps?: number | undefined;
}

const STEPS = 3000;
const BATCH = 96;
const RATE = 2e-3;
const SMOOTHING = 0.01;
/**
 * What drawing weighs, in parts of a hundred nats: the style's distance from N(0, 1), that sampled pictures are read right, and
 * that their style is. More of the last, and the style hides in specks where a sign has little to vary.
 */
const WEIGHTS = { apart: 2, read: 0.5, style: 0.01 } as const;
/** The part of the examples of each label that is kept to measure by, and the fewest examples of which some are kept. */
const KEPT = 0.15;
const FEWEST = 6;
/** The part by which it is seen when a learning has converged, at most so many of each label, in so many varied copies. */
const WATCHED = 0.1;
const MOST = 50;
const COPIES = 3;
/** Pictures of each label that are drawn to see whether they can be read, and the part that must be. */
const DRAWN = 50;
const LEGIBLE = 0.98;
const LEARNED = 0.9;

/** Rows of the examples: those learned from, those that tell when to stop (both have every label), those kept to measure by. */
export interface Split {
  learned: number[];
  watched: number[];
  kept: number[];
}

/** Some of each label that has enough are kept; with few examples, those that are learned from are watched too. */
export function split({ domain, places }: Pictures, seed: number): Split {
  const random = new Random(seed, 61);
  const parts: Split = { learned: [], watched: [], kept: [] };
  domain.forEach((_, place) => {
    const own = places.flatMap((each, i) => (each === place ? [i] : []));
    const all = own.length;
    const take = (count: number) =>
      Array.from({ length: Math.ceil(count) }, () => own.splice(random.integer(own.length), 1)[0]!);
    if (all >= FEWEST) parts.kept.push(...take(KEPT * all));
    const watched = all >= FEWEST ? take(Math.min(MOST, WATCHED * all)) : own;
    parts.watched.push(...watched);
    parts.learned.push(...own);
  });
  for (const part of Object.values(parts)) part.sort((a: number, b: number) => a - b);
  return parts;
}

/** Learn; errors: LEARNING_FAILED. */
export async function learnPicture(
  tf: typeof TF,
  task: PictureTask,
  progress: Progress = {},
): Promise<Learned> {
  const { name, pictures, seed, codec, contract } = task;
  const parts = split(pictures, seed);
  const most = task.steps ?? STEPS;
  const p = new Parameters(tf, seed);
  const refuse = (reason: string) => fail('LEARNING_FAILED', { where: name, reason });
  const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
  const told = (before: number) => ({
    signal: progress.signal,
    onStep: (step: number, _: number, loss: number) => progress.onStep?.(before + step, 2 * most, loss),
  });
  try {
    const read = await teachReading(p, task, parts, told(0));
    const own = accuracy(p, task, parts.learned);
    if (!(own >= LEARNED))
      refuse(`after ${read} steps it reads only ${percent(own)} of the very examples it was taught`);
    const temperature = calibrated(p, task, parts.watched);
    const drawn = await teachDrawing(p, task, parts, told(most));
    const legible = legibility(p, task);
    if (!(legible >= LEGIBLE))
      refuse(`after ${drawn} steps it can read only ${percent(legible)} of the pictures that it draws`);
    const weights = weightsOf(p);
    const of = { name, contract, codec, domain: pictures.domain };
    return {
      files: { encode: encodeModel(of, weights, temperature), decode: decodeModel(of, weights) },
      steps: read + drawn,
    };
  } finally {
    p.dispose();
  }
}

/**
 * How well pictures are read after learning from a few of each label: for each number of examples, the share read right of the
 * pictures that were kept, or not used. Numbers that some label has too few examples for are left out.
 */
export async function measureShots(
  tf: typeof TF,
  task: PictureTask,
  shots: readonly number[],
  progress: Progress = {},
): Promise<{ shots: number; accuracy: number }[]> {
  const { pictures, seed } = task;
  const { learned, watched, kept } = split(pictures, seed);
  const own = pictures.domain.map((_, place) => learned.filter((i) => pictures.places[i] === place));
  const fewest = Math.min(...own.map(({ length }) => length));
  const possible = shots.filter((n) => n <= fewest && kept.length > 0);
  const most = task.steps ?? STEPS;
  const out: { shots: number; accuracy: number }[] = [];
  for (const [round, n] of possible.entries()) {
    const p = new Parameters(tf, seed);
    try {
      const random = new Random(seed, 64, n);
      const few = own.flatMap((rows) => {
        const left = [...rows];
        return Array.from({ length: n }, () => left.splice(random.integer(left.length), 1)[0]!);
      });
      await teachReading(
        p,
        task,
        { learned: few, watched: few },
        {
          signal: progress.signal,
          onStep: (step, _, loss) => progress.onStep?.(round * most + step, possible.length * most, loss),
        },
      );
      const used = new Set(few);
      const rest = [...kept, ...watched, ...learned].filter((row) => !used.has(row));
      out.push({ shots: n, accuracy: accuracy(p, task, rest) });
    } finally {
      p.dispose();
    }
  }
  return out;
}

/** Teaches `see` on varied copies of some examples; leaves averaged weights in `p` and returns the steps. */
async function teachReading(
  p: Parameters,
  task: PictureTask,
  { learned, watched }: Pick<Split, 'learned' | 'watched'>,
  progress: Progress,
): Promise<number> {
  const { tf } = p;
  const { codec, pictures, seed } = task;
  const d = pictures.domain.length;
  const draw = drawer(task, learned);
  const copies = variedCopies(task, watched);
  const adam = new Adam(p, { average: 0.99 });
  tf.tidy(() => void see(p, stacked(tf, [pixelsOf(task, 0)]), codec, d));
  try {
    const { steps } = await descend({
      ...progress,
      adam,
      names: [...p.variables.keys()],
      loss: (step) => {
        const random = new Random(seed, 62, step);
        const { rows, places } = draw(random);
        const x = rows.map((row) => augment(pixelsOf(task, row), codec, random));
        const logits = see(p, stacked(tf, x), codec, d);
        return tf.losses.softmaxCrossEntropy(hot(tf, places, d), logits, 1, SMOOTHING) as TF.Scalar;
      },
      watch: () =>
        tf.tidy(() => {
          const logits = see(p, stacked(tf, copies.pixels), codec, d);
          return tf.losses.softmaxCrossEntropy(hot(tf, copies.places, d), logits).dataSync()[0]!;
        }),
      steps: task.steps ?? STEPS,
      rate: RATE,
    });
    put(p, adam.averages());
    return steps;
  } finally {
    adam.dispose();
  }
}

/** Teaches `styleOf` and `show`; `see` stays as it is. Leaves averaged weights in `p` and returns the steps. */
async function teachDrawing(
  p: Parameters,
  task: PictureTask,
  { learned, watched }: Split,
  progress: Progress,
): Promise<number> {
  const { tf } = p;
  const { codec, pictures, seed } = task;
  const d = pictures.domain.length;
  const size = codec.height * codec.width;
  const draw = drawer(task, learned);
  const known = new Set(p.variables.keys());
  const adam = new Adam(p, { average: 0.99, clip: 5 });
  /** Nats of some pictures drawn again from their style, with that noise in it. */
  const again = (rows: readonly number[], y: TF.Tensor2D, noise: Float32Array) => {
    const n = rows.length;
    const x = stacked(
      tf,
      rows.map((row) => pixelsOf(task, row)),
    );
    const [mean, logvar] = styleOf(p, x, y);
    const style = tf.add(mean, tf.mul(tf.exp(tf.div(logvar, 2)), tf.tensor2d(noise, [n, PICTURE_STYLE])));
    const apart = tf.sub(tf.add(tf.square(mean), tf.exp(logvar)), tf.add(logvar, 1));
    const nats = tf.sum(crossEntropy(tf, x, show(p, y, style as TF.Tensor2D, size)));
    return tf.div(tf.add(nats, tf.mul(tf.sum(apart), WEIGHTS.apart / 2)), n) as TF.Scalar;
  };
  const placesOf = (rows: readonly number[]) => rows.map((row) => pictures.places[row]!);
  tf.tidy(() => void again([0], hot(tf, placesOf([0]), d), new Float32Array(PICTURE_STYLE)));
  try {
    const { steps } = await descend({
      ...progress,
      adam,
      names: [...p.variables.keys()].filter((each) => !known.has(each)),
      loss: (step) => {
        const random = new Random(seed, 63, step);
        const { places, rows } = draw(random);
        const y = hot(tf, places, d);
        const noise = random.normals(rows.length * PICTURE_STYLE);
        const sampled = tf.tensor2d(random.normals(rows.length * PICTURE_STYLE), [
          rows.length,
          PICTURE_STYLE,
        ]);
        const other = tf.sigmoid(show(p, y, sampled, size)) as TF.Tensor2D;
        const read = tf.losses.softmaxCrossEntropy(y, see(p, other, codec, d)) as TF.Scalar;
        const reread = tf.losses.meanSquaredError(sampled, styleOf(p, other, y)[0]) as TF.Scalar;
        return tf.addN([
          tf.div(again(rows, y, noise), 100),
          tf.mul(read, WEIGHTS.read),
          tf.mul(reread, WEIGHTS.style),
        ]) as TF.Scalar;
      },
      watch: () =>
        tf.tidy(() => {
          const none = new Float32Array(watched.length * PICTURE_STYLE);
          return again(watched, hot(tf, placesOf(watched), d), none).dataSync()[0]!;
        }),
      steps: task.steps ?? STEPS,
      rate: RATE,
    });
    put(p, adam.averages());
    return steps;
  } finally {
    adam.dispose();
  }
}

/** Draws batches with as many of each label. */
function drawer({ pictures }: PictureTask, rows: readonly number[]) {
  const d = pictures.domain.length;
  const own = pictures.domain.map((_, place) => rows.filter((i) => pictures.places[i] === place));
  return (random: Random) => {
    const places = Array.from({ length: BATCH }, (_, i) => i % d);
    return { places, rows: places.map((place) => own[place]![random.integer(own[place]!.length)]!) };
  };
}

/** The same varied copies of some examples whenever it is asked. */
function variedCopies(task: PictureTask, rows: readonly number[]) {
  const random = new Random(task.seed, 65);
  const all = Array.from({ length: COPIES }, () => rows).flat();
  return {
    pixels: all.map((row) => augment(pixelsOf(task, row), task.codec, random)),
    places: all.map((row) => task.pictures.places[row]!),
  };
}

const pixelsOf = ({ pictures, codec }: PictureTask, i: number) => {
  const size = codec.height * codec.width;
  return pictures.pixels.subarray(i * size, (i + 1) * size);
};

function stacked(tf: typeof TF, rows: Float32Array[]): TF.Tensor2D {
  const size = rows[0]!.length;
  const out = new Float32Array(rows.length * size);
  rows.forEach((row, i) => void out.set(row, i * size));
  return tf.tensor2d(out, [rows.length, size]);
}

const hot = (tf: typeof TF, places: readonly number[], d: number) =>
  tf.oneHot(tf.tensor1d([...places], 'int32'), d, 1, 0, 'float32') as TF.Tensor2D;

/** Share of some examples that are read right. */
function accuracy(p: Parameters, task: PictureTask, rows: readonly number[]): number {
  const { tf } = p;
  const { codec, pictures } = task;
  let right = 0;
  for (let from = 0; from < rows.length; from += 500) {
    const part = rows.slice(from, from + 500);
    const answers = tf.tidy(() => {
      const x = part.map((row) => pixelsOf(task, row));
      return tf.argMax(see(p, stacked(tf, x), codec, pictures.domain.length), 1).dataSync();
    });
    right += part.filter((row, i) => answers[i] === pictures.places[row]).length;
  }
  return right / rows.length;
}

/** Share of pictures in sampled styles that are read as what they were drawn for. */
function legibility(p: Parameters, { codec, pictures, seed }: PictureTask): number {
  const { tf } = p;
  const d = pictures.domain.length;
  const n = d * DRAWN;
  return tf.tidy(() => {
    const places = Array.from({ length: n }, (_, i) => i % d);
    const style = tf.tensor2d(new Random(seed, 66).normals(n * PICTURE_STYLE), [n, PICTURE_STYLE]);
    const drawn = tf.sigmoid(show(p, hot(tf, places, d), style, codec.height * codec.width));
    const answers = tf.argMax(see(p, drawn as TF.Tensor2D, codec, d), 1).dataSync();
    return places.filter((place, i) => answers[i] === place).length / n;
  });
}

/** Of logits and values 0 … 1, for each pixel, in nats. */
function crossEntropy(tf: typeof TF, x: TF.Tensor2D, logits: TF.Tensor2D): TF.Tensor2D {
  return tf.add(
    tf.sub(tf.relu(logits), tf.mul(logits, x)),
    tf.log1p(tf.exp(tf.neg(tf.abs(logits)))),
  ) as TF.Tensor2D;
}

function put(p: Parameters, weights: Weights): void {
  for (const [name, { shape, values }] of Object.entries(weights))
    p.tf.tidy(() => void p.variables.get(name)!.assign(p.tf.tensor(values, shape)));
}

function weightsOf(p: Parameters): Weights {
  return Object.fromEntries(
    [...p.variables].map(([name, variable]) => [
      name,
      { shape: variable.shape.slice(), values: Float32Array.from(variable.dataSync()) },
    ]),
  );
}

/** The temperature that makes varied copies of some examples likeliest. */
function calibrated(p: Parameters, task: PictureTask, rows: readonly number[]): number {
  const { tf } = p;
  const d = task.pictures.domain.length;
  const { pixels, places } = variedCopies(task, rows);
  return tf.tidy(() => {
    const logits = see(p, stacked(tf, pixels), task.codec, d);
    const candidates = Array.from({ length: 25 }, (_, i) => 2 ** ((i - 16) / 4));
    const losses = candidates.map(
      (temperature) =>
        tf.losses.softmaxCrossEntropy(hot(tf, places, d), tf.div(logits, temperature)).dataSync()[0]!,
    );
    return candidates[losses.indexOf(Math.min(...losses))]!;
  });
}

import type * as TF from '@tensorflow/tfjs';
import { normalise, type Parameters } from '../nn.js';
import type { Random } from '../random.js';
import type { Batch } from './batch.js';
import { amplitudes, HIDDEN, morphism, read, see, seeStyle, show, write } from './networks.js';
import {
  BITS,
  bitsOf,
  D,
  FUNCTORS,
  type FunctorName,
  isTrained,
  K,
  MORPHISMS,
  type MorphismName,
  PIXELS,
  STYLE,
  TABLES,
} from './settings.js';

/** Which outputs a step trains: all of them, or those of one path drawn at random. */
export type FoundingMode = 'all' | 'path';

/** How far noise may push a latent, as a part of its root-mean-square. */
const NOISE = 0.6;
/**
 * Weight of the encoders' own beliefs. Left at 1, an encoder may come to a belief with two labels swapped and to a code
 * that swaps them back, and never leave it.
 */
const BELIEF = 4;
/** Rows that each pair of functor and morphism gives to each decoder; a path alone gives half of its rows. */
const SHARE: Record<FunctorName, number> = { dots: 16, digits: 8, binary: 16 };

type Sum = TF.Scalar;

/**
 * The founding's loss of one step: every part is judged by what comes out of the paths it is in, by the probe's reading
 * of every latent, and encoders by their own belief. No latent is given; noise on every latent makes room around it.
 * @param paths what this step trains, already without the paths that are never trained
 * @param rest weight of everything but the encoders' own beliefs, 0 … 1: they have to come first
 */
export function foundingLoss(
  p: Parameters,
  batch: Batch,
  paths: [FunctorName, MorphismName, FunctorName][],
  random: Random,
  rest = 1,
): Sum {
  const { tf } = p;
  const beliefs: TF.Tensor[] = [];
  const losses: TF.Tensor[] = [];
  const inputs = {
    dots: { x: batch.dots, labels: batch.dotLabels, width: PIXELS },
    digits: { x: batch.digits, labels: batch.digitLabels, width: PIXELS },
    binary: { x: batch.bits, labels: batch.bitLabels, width: BITS },
  };
  const n = batch.bitLabels.length;
  const noisy = (z: TF.Tensor2D) => {
    const values = random.normals(n * D);
    for (let i = 0; i < n; i++) {
      const sigma = random.uniform(0, NOISE);
      for (let j = 0; j < D; j++) values[i * D + j] = values[i * D + j]! * sigma;
    }
    return normalise(tf, tf.add(z, tf.tensor2d(values, [n, D])) as TF.Tensor2D);
  };
  const oneHot = (labels: ArrayLike<number>) =>
    tf.oneHot(tf.tensor1d(Array.from(labels), 'int32'), K, 1, 0, 'float32') as TF.Tensor2D;
  const judged = (logits: TF.Tensor2D, labels: ArrayLike<number>) =>
    tf.losses.softmaxCrossEntropy(oneHot(labels), logits);

  const shown: Record<FunctorName, { z: TF.Tensor2D[]; labels: number[] }> = {
    dots: { z: [], labels: [] },
    digits: { z: [], labels: [] },
    binary: { z: [], labels: [] },
  };
  for (const f of FUNCTORS.filter((f) => paths.some((path) => path[0] === f))) {
    const { x, labels: all, width } = inputs[f];
    const keep = f === 'binary' ? undefined : dropout(tf, all.length, HIDDEN, 0.3, random);
    const logits = see(p, f, tf.tensor2d(x, [all.length, width]), keep);
    beliefs.push(judged(logits, all));
    const labels = all.subarray(0, n);
    const z = write(p, `${f}/encode`, amplitudes(tf, tf.slice2d(logits, [0, 0], [n, K])));
    losses.push(judged(read(p, 'probe', noisy(z)), labels));
    for (const m of MORPHISMS.filter((m) => paths.some((path) => path[0] === f && path[1] === m))) {
      const after = noisy(morphism(p, m, noisy(z)));
      const carried = Array.from(labels, (label) => TABLES[m][label]!);
      losses.push(judged(read(p, 'probe', after), carried));
      for (const [, , g] of paths.filter((path) => path[0] === f && path[1] === m)) {
        const rows = paths.length === 1 ? n >> 1 : SHARE[g];
        const from = random.integer(n - rows + 1);
        shown[g].z.push(tf.slice2d(after, [from, 0], [rows, D]));
        shown[g].labels.push(...carried.slice(from, from + rows));
      }
    }
  }
  for (const g of FUNCTORS.filter((g) => shown[g].z.length > 0))
    losses.push(shownLoss(p, g, tf.concat(shown[g].z, 0) as TF.Tensor2D, shown[g].labels, batch, random));
  if (paths.some(([f]) => f === 'dots')) losses.push(dotStyleLoss(p, batch));
  const sum = (each: TF.Tensor[]) => tf.addN(each.map((loss) => tf.reshape(loss, [])));
  return tf.add(tf.mul(sum(beliefs), BELIEF), tf.mul(sum(losses), rest)) as Sum;
}

/** A mask `[n, width]` that leaves out a part of the features and makes up for it in the rest. */
export function dropout(tf: typeof TF, n: number, width: number, rate: number, random: Random): TF.Tensor2D {
  const mask = Float32Array.from({ length: n * width }, () => (random.chance(rate) ? 0 : 1 / (1 - rate)));
  return tf.tensor2d(mask, [n, width]);
}

/** Cross-entropy of the format's tensor; for handwriting the ELBO with a style that is read knowing the label. */
function shownLoss(
  p: Parameters,
  g: FunctorName,
  z: TF.Tensor2D,
  labels: number[],
  batch: Batch,
  random: Random,
): TF.Tensor {
  const { tf } = p;
  const n = labels.length;
  if (g === 'binary') return tf.losses.sigmoidCrossEntropy(tf.tensor2d(labels.map(bitsOf)), show(p, g, z));
  const perLabel = batch.targetStyles.length / (K * STYLE.dots);
  const rows = labels.map((label) => label * perLabel + random.integer(perLabel));
  const pick = (source: Float32Array, width: number) => {
    const out = new Float32Array(n * width);
    rows.forEach((row, i) => {
      out.set(source.subarray(row * width, (row + 1) * width), i * width);
    });
    return tf.tensor2d(out, [n, width]);
  };
  const pixels = (target: TF.Tensor2D, style: TF.Tensor2D) =>
    tf.mul(tf.losses.sigmoidCrossEntropy(target, show(p, g, z, style)), PIXELS);
  if (g === 'dots')
    return tf.div(pixels(pick(batch.targetDots, PIXELS), pick(batch.targetStyles, STYLE.dots)), 100);
  const target = pick(batch.targetDigits, PIXELS);
  const [mean, logvar] = seeStyle(
    p,
    g,
    target,
    tf.oneHot(tf.tensor1d(labels, 'int32'), K, 1, 0, 'float32') as TF.Tensor2D,
  );
  const style = tf.add(
    mean,
    tf.mul(tf.exp(tf.div(logvar, 2)), tf.tensor2d(random.normals(n * STYLE.digits), [n, STYLE.digits])),
  );
  const divergence = tf.mul(
    tf.mean(tf.sum(tf.sub(tf.add(tf.exp(logvar), tf.square(mean)), tf.add(logvar, 1)), 1)),
    0.5,
  );
  return tf.div(tf.add(pixels(target, style as TF.Tensor2D), divergence), 100);
}

/** The style of dots is known where we drew them: squared error. */
function dotStyleLoss(p: Parameters, batch: Batch): TF.Tensor {
  const { tf } = p;
  const { styled, dotStyles } = batch;
  const x = tf.tensor2d(batch.dots.subarray(0, styled * PIXELS), [styled, PIXELS]);
  const belief = tf.oneHot(
    tf.tensor1d(Array.from(batch.dotLabels.subarray(0, styled)), 'int32'),
    K,
    1,
    0,
    'float32',
  ) as TF.Tensor2D;
  return tf.mul(
    tf.losses.meanSquaredError(
      tf.tensor2d(dotStyles, [styled, STYLE.dots]),
      seeStyle(p, 'dots', x, belief)[0],
    ),
    0.3,
  );
}

/** The paths that step `step` trains: all trained ones, or one of them. */
export function pathsOf(mode: FoundingMode, random: Random): [FunctorName, MorphismName, FunctorName][] {
  const trained = FUNCTORS.flatMap((f) =>
    MORPHISMS.flatMap((m) => FUNCTORS.map((g) => [f, m, g] as [FunctorName, MorphismName, FunctorName])),
  ).filter((path) => isTrained(...path));
  return mode === 'all' ? trained : [trained[random.integer(trained.length)]!];
}

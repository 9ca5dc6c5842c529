/** The founding training: all encoders, morphisms, decoders and the probe learn together, from the tasks alone. */
import type * as TF from '@tensorflow/tfjs';
import { Adam, oneCycle } from '../adam.js';
import { loadCheckpoint, saveCheckpoint } from '../checkpoint.js';
import { readMnist } from '../data/idx.js';
import { Parameters, type Weights } from '../nn.js';
import { Random } from '../random.js';
import { batches } from './batches.js';
import { logitsOf, variedDots } from './extract.js';
import { type FoundingMode, foundingLoss, pathsOf } from './founding.js';
import { see } from './networks.js';
import { K, PIXELS } from './settings.js';
import { argmax } from './space.js';

export interface JointRecipe {
  mode: FoundingMode;
  seed: number;
  steps: number;
  /** Rows of each encoder's input in a step. */
  size: number;
  /** Target pictures of each label in a step. */
  perLabel: number;
  /** Peak of the learning rate. */
  rate: number;
  /** MNIST's training rows from here on are kept for validation. */
  validation: number;
}

export const JOINT: JointRecipe = {
  mode: 'all',
  seed: 1,
  steps: 2400,
  size: 128,
  perLabel: 16,
  rate: 2e-3,
  validation: 55_000,
};

/** One point of the learning curve: the loss averaged since the last point, and handwriting read right. */
export interface CurvePoint {
  step: number;
  loss: number;
  /** Share of validation rows that the handwriting encoder reads right, with the averaged weights; 0 … 1. */
  accuracy?: number;
  /** The same of 2,000 pictures of dots. */
  dots?: number;
}

export interface JointOptions {
  data: string;
  /** Where to keep the state; a run of the same recipe goes on from it. */
  checkpoint?: string;
  onStep?: (step: number, steps: number, loss: number) => void;
  signal?: AbortSignal;
}

const POINT = 50;
const CHECK = 500;
/** The part of the steps in which everything but the encoders' beliefs fades in. */
const FADE = 0.08;

/** Train jointly; returns the averaged weights of all networks and the learning curve. */
export async function trainJointly(
  tf: typeof TF,
  recipe: JointRecipe,
  options: JointOptions,
): Promise<{ weights: Weights; curve: CurvePoint[]; seconds: number }> {
  const images = readMnist(options.data, 'train');
  type State = {
    step: number;
    /** Sum and number of the losses since the last point of the curve. */
    sum: number;
    count: number;
    curve: CurvePoint[];
    steps: Record<string, number>;
    seconds: number;
  };
  const found = options.checkpoint ? loadCheckpoint<State>(options.checkpoint, recipe) : undefined;
  const stored = found && { tensors: found.weights, steps: found.state.steps };
  const initial = Object.fromEntries(
    Object.entries(found?.weights ?? {})
      .filter(([name]) => name.startsWith('weight:'))
      .map(([name, weight]) => [name.slice('weight:'.length), weight]),
  );
  const p = new Parameters(tf, recipe.seed, initial);
  // In the order in which they were first made, so that sums over them round alike.
  const order = [...Object.keys(found?.state.steps ?? {}), ...Object.keys(initial)];
  for (const name of order) p.get(name, initial[name]!.shape, 0);
  const adam = new Adam(p, {}, stored);
  const curve = found?.state.curve ?? [];
  const before = found?.state.seconds ?? 0;
  const started = Date.now();
  const seconds = () => before + (Date.now() - started) / 1000;
  let step = found?.state.step ?? 0;
  let sum = found?.state.sum ?? 0;
  let count = found?.state.count ?? 0;
  // Variables must be there before gradients are asked for.
  let created = false;
  const settings = { ...recipe, data: options.data, to: recipe.validation };
  const save = () => {
    if (!options.checkpoint) return;
    const { tensors, steps } = adam.store();
    const state: State = { step, sum, count, curve, steps, seconds: seconds() };
    saveCheckpoint(options.checkpoint, recipe, state, tensors);
  };
  try {
    for await (const batch of batches(settings, step, recipe.steps)) {
      if (options.signal?.aborted) {
        save();
        options.signal.throwIfAborted();
      }
      const paths = pathsOf(recipe.mode, new Random(recipe.seed, 2, step));
      const rest = Math.min(1, (step + 1) / (FADE * recipe.steps));
      const loss = () => foundingLoss(p, batch, paths, new Random(recipe.seed, 3, step), rest);
      if (!created) tf.tidy(() => void foundingLoss(p, batch, pathsOf('all', new Random(0)), new Random(0)));
      created = true;
      const value = adam.step([...p.variables.keys()], loss, oneCycle(step, recipe.steps, recipe.rate));
      if (!Number.isFinite(value)) throw new Error(`the founding diverged at step ${step}`);
      step++;
      sum += value;
      count++;
      options.onStep?.(step, recipe.steps, value);
      if (step % POINT === 0 || step === recipe.steps) {
        const point: CurvePoint = { step, loss: sum / count };
        [sum, count] = [0, 0];
        if (step % CHECK === 0 || step === recipe.steps) {
          point.accuracy = readRight(tf, adam.averages(), images, recipe.validation);
          point.dots = dotsRight(tf, adam.averages(), recipe.seed);
          curve.push(point);
          save();
        } else curve.push(point);
      }
    }
    return { weights: adam.averages(), curve, seconds: seconds() };
  } finally {
    adam.dispose();
    p.dispose();
  }
}

/** Share of the rows from `from` on that the handwriting encoder reads right. */
export function readRight(
  tf: typeof TF,
  weights: Weights,
  images: { count: number; pixels: Uint8Array; labels: Uint8Array },
  from: number,
): number {
  const p = new Parameters(tf, 0, weights);
  let right = 0;
  const size = 500;
  for (let row = from; row < images.count; row += size) {
    const n = Math.min(size, images.count - row);
    const answers = tf.tidy(() => {
      const x = tf.div(
        tf.tensor2d(images.pixels.subarray(row * PIXELS, (row + n) * PIXELS), [n, PIXELS], 'float32'),
        255,
      );
      return tf.argMax(tf.reshape(see(p, 'digits', x as TF.Tensor2D), [n, K]), 1).dataSync();
    });
    for (let i = 0; i < n; i++) if (answers[i] === images.labels[row + i]) right++;
  }
  p.dispose();
  return right / (images.count - from);
}

/** Share of pictures of dots, by the training's renderer, that the dots encoder's belief reads right. */
function dotsRight(tf: typeof TF, weights: Weights, seed: number): number {
  const p = new Parameters(tf, 0, weights);
  const { x, labels } = variedDots(2000, seed + 3);
  const logits = logitsOf(tf, p, 'dots', x);
  p.dispose();
  return labels.filter((label, i) => argmax(logits, i * K) === label).length / labels.length;
}

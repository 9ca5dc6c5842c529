/** A classifier that is no part of the system: own architecture and seed, taught by MNIST's training half alone. */
import { join } from 'node:path';
import { canonicalJson, sha256 } from '@deepfunctor/core';
import type * as TF from '@tensorflow/tfjs';
import { Adam, oneCycle } from '../../adam.js';
import { loadCheckpoint, saveCheckpoint } from '../../checkpoint.js';
import { type LabelledImages, readMnist } from '../../data/idx.js';
import { conv, dense, Parameters } from '../../nn.js';
import { Random } from '../../random.js';
import { K, PIXELS, SIDE } from '../settings.js';

const RECIPE = { judge: 2, seed: 4711, steps: 2600, size: 128, rate: 3e-3 };

export interface Judge {
  /** Pictures `[n, 28·28]`, 0 … 1 → labels. */
  read(pixels: Float32Array): Uint8Array;
  /** Share of MNIST's test half that it reads right. */
  accuracy: number;
}

function look(p: Parameters, x: TF.Tensor2D, keep?: TF.Tensor2D): TF.Tensor2D {
  const { tf } = p;
  let h = conv(p, 'conv1', tf.reshape(x, [-1, SIDE, SIDE, 1]) as TF.Tensor4D, 20, 5);
  h = tf.maxPool(h, 2, 2, 'same');
  h = conv(p, 'conv2', h, 40, 5);
  h = tf.maxPool(h, 2, 2, 'same');
  let f = dense(p, 'dense1', tf.reshape(h, [-1, 7 * 7 * 40]) as TF.Tensor2D, 128, 'relu');
  if (keep) f = tf.mul(f, keep) as TF.Tensor2D;
  return dense(p, 'dense2', f, K, 'linear', 1);
}

/** Open the judge, from the cache or by teaching it for so many steps. */
export async function openJudge(
  tf: typeof TF,
  data: string,
  cache: string,
  onStep: (step: number, steps: number) => void,
  signal?: AbortSignal,
  steps = RECIPE.steps,
): Promise<Judge> {
  const train = readMnist(data, 'train');
  const recipe = { ...RECIPE, steps, data: sha256(train.pixels) };
  const path = join(cache, `judge-${sha256(canonicalJson(recipe)).slice(0, 16)}.safetensors`);
  const stored = loadCheckpoint(path, recipe);
  const p = new Parameters(tf, RECIPE.seed, stored?.weights);
  if (!stored) saveCheckpoint(path, recipe, {}, await teach(p, train, steps, onStep, signal));
  const final = stored ? p : new Parameters(tf, RECIPE.seed, loadCheckpoint(path, recipe)!.weights);
  const read = (pixels: Float32Array) => {
    const n = pixels.length / PIXELS;
    const out = new Uint8Array(n);
    for (let from = 0; from < n; from += 500) {
      const to = Math.min(n, from + 500);
      const x = pixels.slice(from * PIXELS, to * PIXELS);
      out.set(
        tf.tidy(() => tf.argMax(look(final, tf.tensor2d(x, [to - from, PIXELS])), 1).dataSync()),
        from,
      );
    }
    return out;
  };
  const test = readMnist(data, 't10k');
  const answers = read(Float32Array.from(test.pixels, (v) => v / 255));
  const right = answers.filter((answer, i) => answer === test.labels[i]).length;
  return { read, accuracy: right / test.count };
}

async function teach(
  p: Parameters,
  images: LabelledImages,
  steps: number,
  onStep: (step: number, steps: number) => void,
  signal?: AbortSignal,
) {
  const { tf } = p;
  const adam = new Adam(p);
  const { size, rate, seed } = RECIPE;
  for (let step = 0; step < steps; step++) {
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    const random = new Random(seed, step);
    const x = new Float32Array(size * PIXELS);
    const labels: number[] = [];
    for (let i = 0; i < size; i++) {
      const row = random.integer(images.count);
      labels.push(images.labels[row]!);
      const [dx, dy] = [random.integer(5) - 2, random.integer(5) - 2];
      for (let v = Math.max(0, dy); v < Math.min(SIDE, SIDE + dy); v++)
        for (let u = Math.max(0, dx); u < Math.min(SIDE, SIDE + dx); u++)
          x[i * PIXELS + v * SIDE + u] = images.pixels[row * PIXELS + (v - dy) * SIDE + u - dx]! / 255;
    }
    const mask = Float32Array.from({ length: size * 128 }, () => (random.chance(0.4) ? 0 : 1 / 0.6));
    const loss = () =>
      tf.losses.softmaxCrossEntropy(
        tf.oneHot(tf.tensor1d(labels, 'int32'), K, 1, 0, 'float32'),
        look(p, tf.tensor2d(x, [size, PIXELS]), tf.tensor2d(mask, [size, 128])),
      ) as TF.Scalar;
    if (step === 0) tf.tidy(() => void loss());
    adam.step([...p.variables.keys()], loss, oneCycle(step, steps, rate));
    onStep(step + 1, steps);
  }
  const averages = adam.averages();
  adam.dispose();
  return averages;
}

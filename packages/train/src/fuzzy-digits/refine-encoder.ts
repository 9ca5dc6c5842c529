/** After the joint training: the two encoders of pictures go on learning to read, each by its own belief alone. */
import type * as TF from '@tensorflow/tfjs';
import { Adam, oneCycle } from '../adam.js';
import { Parameters, type Weights } from '../nn.js';
import { Random } from '../random.js';
import type { PictureName } from './batch.js';
import { batches } from './batches.js';
import { dropout } from './founding.js';
import { HIDDEN, see } from './networks.js';
import type { OnStep, RefineRecipe } from './refine.js';
import { K, PIXELS } from './settings.js';

/** Rows of a step are twice this. */
const SIZE = 128;
/*
 * Chosen on rows kept for validation after 900 steps each: so the loss on MNIST's hands was a sixth lower, on other hands a fifth,
 * than at half the rate without smoothing. Dots are told apart with certainty: smoothing made their reading worse.
 */
const RATE = 2e-3;
const DROPOUT = 0.25;
const SMOOTHING = { digits: 0.05, dots: 0 };

export interface EncoderRecipe extends Pick<RefineRecipe, 'seed' | 'validation'> {
  format: PictureName;
  steps: number;
}

/**
 * Returns the encoder's reading weights. The directions it writes on, and so the space, stay as they are. Handwriting
 * comes in hands that MNIST hardly has, too; see hands.ts.
 */
export async function refineEncoder(
  tf: typeof TF,
  initial: Weights,
  data: string,
  { seed, steps, validation, format }: EncoderRecipe,
  onStep: OnStep,
  signal?: AbortSignal,
): Promise<Weights> {
  const p = new Parameters(tf, seed, initial);
  const adam = new Adam(p, {});
  // Other pictures than those of the joint training.
  const settings = {
    data,
    seed: seed + 1000,
    size: SIZE,
    perLabel: 0,
    to: validation,
    formats: [format],
    hands: true,
  };
  tf.tidy(() => void see(p, format, tf.zeros([1, PIXELS])));
  const names = [...p.variables.keys()];
  try {
    let step = 0;
    for await (const batch of batches(settings, 0, steps)) {
      signal?.throwIfAborted();
      const random = new Random(seed, 81, step);
      const [x, labels] =
        format === 'dots' ? [batch.dots, batch.dotLabels] : [batch.digits, batch.digitLabels];
      const n = labels.length;
      const loss = () => {
        const keep = dropout(tf, n, HIDDEN, DROPOUT, random);
        const logits = see(p, format, tf.tensor2d(x, [n, PIXELS]), keep);
        const wanted = tf.oneHot(tf.tensor1d(Array.from(labels), 'int32'), K, 1, 0, 'float32');
        return tf.losses.softmaxCrossEntropy(wanted, logits, undefined, SMOOTHING[format]) as TF.Scalar;
      };
      const value = adam.step(names, loss, oneCycle(step, steps, RATE));
      onStep(`${format} encoder`, ++step, steps, value);
    }
    const averages = adam.averages();
    return Object.fromEntries(names.map((name) => [name, averages[name]!]));
  } finally {
    adam.dispose();
    p.dispose();
  }
}

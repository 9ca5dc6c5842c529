/** After the joint training: the two encoders of pictures go on learning to read, each by its own belief alone. */
import type * as TF from '@tensorflow/tfjs';
import { Adam, oneCycle } from '../adam.js';
import { Parameters, type Weights } from '../nn.js';
import { Random } from '../random.js';
import { batches } from './batches.js';
import { dropout } from './founding.js';
import { HIDDEN, see } from './networks.js';
import type { OnStep, RefineRecipe } from './refine.js';
import { K, PIXELS } from './settings.js';

export type PictureName = 'dots' | 'digits';
/** Rows of a step of each format are twice this. */
const SIZE = 128;
const RATE = 1e-3;
const DROPOUT = 0.2;

export interface EncodersRecipe extends Pick<RefineRecipe, 'seed' | 'validation'> {
  steps: number;
  /** Whether handwriting comes in hands that MNIST hardly has, too; see hands.ts. */
  hands: boolean;
  formats: readonly PictureName[];
}

/** Returns the encoders' reading weights. The directions they write on, and so the space, stay as they are. */
export async function refineEncoders(
  tf: typeof TF,
  initial: Weights,
  data: string,
  { seed, steps, validation, hands, formats }: EncodersRecipe,
  onStep: OnStep,
  signal?: AbortSignal,
): Promise<Weights> {
  const p = new Parameters(tf, seed, initial);
  const adam = new Adam(p, {});
  // Other pictures than those of the joint training.
  const settings = {
    data,
    seed: seed + (hands ? 2000 : 1000),
    size: SIZE,
    perLabel: 1,
    to: validation,
    hands,
  };
  tf.tidy(() => {
    for (const f of formats) see(p, f, tf.zeros([1, PIXELS]));
  });
  const names = [...p.variables.keys()];
  try {
    let step = 0;
    for await (const batch of batches(settings, 0, steps)) {
      signal?.throwIfAborted();
      const random = new Random(seed, 81, step);
      const given = {
        dots: { x: batch.dots, labels: batch.dotLabels },
        digits: { x: batch.digits, labels: batch.digitLabels },
      };
      const loss = () =>
        tf.addN(
          formats.map((f) => {
            const { x, labels } = given[f];
            const n = labels.length;
            const keep = dropout(tf, n, HIDDEN, DROPOUT, random);
            const logits = see(p, f, tf.tensor2d(x, [n, PIXELS]), keep);
            const wanted = tf.oneHot(tf.tensor1d(Array.from(labels), 'int32'), K, 1, 0, 'float32');
            return tf.reshape(tf.losses.softmaxCrossEntropy(wanted, logits), []);
          }),
        ) as TF.Scalar;
      const value = adam.step(names, loss, oneCycle(step, steps, RATE));
      onStep(hands ? 'other hands' : 'encoders', ++step, steps, value);
    }
    const averages = adam.averages();
    return Object.fromEntries(names.map((name) => [name, averages[name]!]));
  } finally {
    adam.dispose();
    p.dispose();
  }
}

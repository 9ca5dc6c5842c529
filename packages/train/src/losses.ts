/**
 * Cross-entropies with gradients in closed form. Where networks are small, a step taken operation by operation goes by on
 * its losses alone: each is a dozen operations, and each of those has one or two of its own on the way back.
 */
import type * as TF from '@tensorflow/tfjs';

/** Keep the logarithm of a probability from minus infinity: of one near 0, and of one made by a subtraction from 1. */
const LEAST = 1e-30;
const TINY = 1e-7;

export type Loss = (x: TF.Tensor2D) => TF.Scalar;

/**
 * Of logits `[n, K]` against `wanted`, a distribution for each row: the mean over rows of −Σ wanted · log softmax(logits),
 * in nats. `wanted` must outlive the loss.
 */
export function rowEntropy(tf: typeof TF, wanted: TF.Tensor2D): Loss {
  const n = wanted.shape[0];
  return lossOf(tf, (logits) => {
    const belief = tf.softmax(logits);
    return [
      tf.mul(tf.sum(tf.mul(wanted, tf.log(tf.add(belief, LEAST)))), -1 / n),
      tf.mul(tf.sub(belief, wanted), 1 / n),
    ];
  });
}

/**
 * Of probabilities `[n, m]` against `wanted`, each 0 or 1: the mean over all of −log of the probability of what is wanted,
 * in nats. `wanted` must outlive the loss.
 */
export function bitEntropy(tf: typeof TF, wanted: TF.Tensor2D): Loss {
  return lossOf(tf, (shown) => {
    // Distances to 0 or 1, with the sign of what lessens them.
    const off = tf.sub(wanted, shown);
    const right = tf.sub(1 + TINY, tf.abs(off));
    return [
      tf.mul(tf.sum(tf.log(right)), -1 / wanted.size),
      tf.mul(tf.div(tf.sign(off), right), -1 / wanted.size),
    ];
  });
}

/** A loss from a function that gives its value and its gradient. */
function lossOf(tf: typeof TF, f: (x: TF.Tensor2D) => [value: TF.Tensor, gradient: TF.Tensor]): Loss {
  const loss = tf.customGrad((x, save) => {
    const [value, gradient] = f(x as TF.Tensor2D);
    (save as TF.GradSaveFunc)([gradient]);
    return { value, gradFunc: (dy: TF.Tensor, [kept]: TF.Tensor[]) => tf.mul(kept!, dy) };
  });
  return (x) => loss(x) as TF.Scalar;
}

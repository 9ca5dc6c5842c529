/**
 * Cross-entropies with gradients in closed form. Where networks are small, a step taken operation by operation goes by on
 * its losses alone: each is a dozen operations, and each of those has one or two of its own on the way back.
 */
import type * as TF from '@tensorflow/tfjs';

/** Keep the logarithm of a probability from minus infinity: of one near 0, and of one made by a subtraction from 1. */
const LEAST = 1e-30;
const TINY = 1e-7;

export interface Loss {
  of(x: TF.Tensor2D): TF.Scalar;
  dispose(): void;
}

/**
 * Of logits `[n, K]` against `wanted`, a distribution for each row: the mean over rows of −Σ wanted · log softmax(logits),
 * in nats.
 */
export function rowEntropy(tf: typeof TF, wanted: TF.Tensor2D): Loss {
  const share = 1 / wanted.shape[0];
  const part = tf.keep(tf.tidy(() => tf.mul(wanted, share)));
  return lossOf(tf, [part], (logits) => {
    const belief = tf.softmax(logits);
    return [tf.neg(tf.sum(tf.mul(part, tf.log(tf.add(belief, LEAST))))), tf.sub(tf.mul(belief, share), part)];
  });
}

/**
 * Of probabilities `[n, m]` against `wanted`, each 0 or 1: the mean over all of −log of the probability of what is wanted,
 * in nats.
 */
export function bitEntropy(tf: typeof TF, wanted: TF.Tensor2D): Loss {
  const share = 1 / wanted.size;
  // The probability of what is wanted is even + sign · shown.
  const [even, sign, slope] = tf.tidy(() => {
    const sign = tf.sub(tf.mul(wanted, 2), 1);
    return [tf.sub(1 + TINY, wanted), sign, tf.mul(sign, -share)].map((each) => tf.keep(each));
  }) as [TF.Tensor, TF.Tensor, TF.Tensor];
  return lossOf(tf, [even, sign, slope], (shown) => {
    const right = tf.add(even, tf.mul(sign, shown));
    return [tf.mul(tf.sum(tf.log(right)), -share), tf.div(slope, right)];
  });
}

/** A loss from a function that gives its value and its gradient, and what it holds. */
function lossOf(
  tf: typeof TF,
  held: readonly TF.Tensor[],
  f: (x: TF.Tensor2D) => [value: TF.Tensor, gradient: TF.Tensor],
): Loss {
  const loss = tf.customGrad((x, save) => {
    const [value, gradient] = f(x as TF.Tensor2D);
    (save as TF.GradSaveFunc)([gradient]);
    return { value, gradFunc: (dy: TF.Tensor, [kept]: TF.Tensor[]) => tf.mul(kept!, dy) };
  });
  return {
    of: (x) => loss(x) as TF.Scalar,
    dispose: () => tf.dispose([...held]),
  };
}

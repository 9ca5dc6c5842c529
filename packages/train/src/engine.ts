import { createRequire } from 'node:module';
import util from 'node:util';
import { fail, reasonOf } from '@deepfunctor/core';
import type * as TF from '@tensorflow/tfjs';

export type { TF };

const require = createRequire(import.meta.url);

/**
 * Loads @tensorflow/tfjs-node, the native tensor engine.
 * @throws ENGINE_MISSING where its addon does not load
 */
export async function openEngine(): Promise<typeof TF> {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  // Small tensors: one thread is faster, and the same seed gives the same bytes.
  process.env.TF_NUM_INTRAOP_THREADS ??= '1';
  try {
    // Node 23 removed a function that tfjs-node calls.
    (util as { isNullOrUndefined?: (x: unknown) => boolean }).isNullOrUndefined ??= (x) => x == null;
    const tf = require('@tensorflow/tfjs-node') as typeof TF;
    await tf.ready();
    return tf;
  } catch (cause) {
    fail('ENGINE_MISSING', {
      where: 'the tensor engine',
      engine: 'native',
      packages: '@tensorflow/tfjs-node',
      reason: reasonOf(cause),
      cause,
    });
  }
}

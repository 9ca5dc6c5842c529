import { createRequire } from 'node:module';
import util from 'node:util';
import { reasonOf } from '@deepfunctor/core';
import { engineMissing } from './missing.js';
import { registerStep } from './step.js';
import type { Engine } from './types.js';

const require = createRequire(import.meta.url);

/**
 * The native engine: TensorFlow's C library behind @tensorflow/tfjs-node.
 * @throws ENGINE_MISSING where the package is not installed or its addon does not load
 */
export async function openNative(): Promise<Engine> {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  // Small tensors: one thread is faster, and the same seed gives the same bytes.
  process.env.TF_NUM_INTRAOP_THREADS ??= '1';
  try {
    // Node 23 removed a function that tfjs-node calls.
    (util as { isNullOrUndefined?: (x: unknown) => boolean }).isNullOrUndefined ??= (x) => x == null;
    const tf = require('@tensorflow/tfjs-node') as Engine;
    registerStep(tf);
    if (!(await tf.setBackend('tensorflow'))) throw new Error('its backend does not start');
    return tf;
  } catch (cause) {
    throw engineMissing('native', reasonOf(cause), cause);
  }
}

import { createRequire } from 'node:module';
import { reasonOf } from '@deepfunctor/core';
import { registerConvolutionGradients } from './convolution-gradients.js';
import { engineMissing } from './missing.js';
import { registerOneHot } from './one-hot.js';
import { registerPoolingGradient } from './pooling-gradient.js';
import type { Engine } from './types.js';

const require = createRequire(import.meta.url);

/**
 * The wasm engine: runs wherever Node does, in one thread, with SIMD where the processor has it. It has the kernels of
 * @tensorflow/tfjs-backend-wasm and, in place of missing, slow or wrong ones, the gradients of conv2d and maxPool and
 * `oneHot` from the files beside this one. Recipes must not use what it still lacks: gradients of depthwise convolutions
 * and of `gather` (a product with one-hot rows does the same), `einsum`, Fourier transforms; nor what it computes wrongly:
 * convolutions of more than 1 × 1 whose strides are larger than their filter, padding given as one number where filter
 * or strides are not square (tfjs takes it for both axes), and pooling windows of 1 × 1.
 * @throws ENGINE_MISSING where its packages are not installed or the module does not start
 */
export async function openWasm(): Promise<Engine> {
  try {
    const tf = require('@tensorflow/tfjs') as Engine;
    require('@tensorflow/tfjs-backend-wasm');
    registerConvolutionGradients(tf);
    registerPoolingGradient(tf);
    registerOneHot(tf);
    if (!(await tf.setBackend('wasm'))) throw new Error('its backend does not start');
    return tf;
  } catch (cause) {
    throw engineMissing('wasm', reasonOf(cause), cause);
  }
}

import { createRequire } from 'node:module';
import util from 'node:util';
import { fail } from '@deepfunctor/core';
import type * as TF from '@tensorflow/tfjs';

/** `native` is @tensorflow/tfjs-node, `wasm` the portable backend; `auto` takes the first where its addon loads. */
export type Engine = 'native' | 'wasm' | 'auto';
export type { TF };
export type Tensor = TF.Tensor;

const require = createRequire(import.meta.url);

/**
 * Loads the tensor engine. Both speak the tfjs API; a recipe does not see which one it runs on.
 * @throws ENGINE_MISSING where `native` is asked for and its addon does not load
 */
export async function openEngine(engine: Engine = 'auto'): Promise<{ tf: typeof TF; engine: 'native' | 'wasm' }> {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_NUM_INTRAOP_THREADS ??= '1'; // small tensors: one thread is faster, and the same seed gives the same bytes
  if (engine !== 'wasm') {
    try {
      // Node 23 removed a function that tfjs-node calls.
      (util as { isNullOrUndefined?: (x: unknown) => boolean }).isNullOrUndefined ??= (x) => x == null;
      const tf = require('@tensorflow/tfjs-node') as typeof TF;
      await tf.ready();
      return { tf, engine: 'native' };
    } catch (cause) {
      if (engine === 'native') fail('ENGINE_MISSING', { where: '@tensorflow/tfjs-node', what: 'The native engine does not load.', cause });
    }
  }
  const { openWasm } = await import('./wasm/backend.js');
  return { tf: await openWasm(), engine: 'wasm' };
}

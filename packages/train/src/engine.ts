import { DeepFunctorError, reasonOf } from '@deepfunctor/core';
import { engineMissing } from './engine/missing.js';
import { openNative } from './engine/native.js';
import type { Engine, EngineKind } from './engine/types.js';
import { openWasm } from './engine/wasm.js';

export type { Engine, EngineKind, TF } from './engine/types.js';

/**
 * Opens the tensor engine that training runs on: `native` (@tensorflow/tfjs-node) or `wasm` (one thread, SIMD; three to
 * eight times slower). Without a kind it is the native one where its addon loads, else wasm, with a warning of the
 * process. Both compute the same up to rounding. A process has one engine at a time: opening another one
 * makes it current, and `getBackend()` tells which it is (`tensorflow` or `wasm`).
 * @throws ENGINE_MISSING where the engine that was asked for does not load, or none does
 */
export async function openEngine(kind?: EngineKind): Promise<Engine> {
  if (kind === 'native') return openNative();
  if (kind === 'wasm') return openWasm();
  try {
    return await openNative();
  } catch (native) {
    if (!(native instanceof DeepFunctorError)) throw native;
    try {
      const engine = await openWasm();
      process.emitWarning(`${native.what} Training runs on the slower wasm engine.`, {
        code: native.code,
        detail: native.todo,
      });
      return engine;
    } catch (wasm) {
      throw engineMissing('native or wasm', `${reasonOf(native)} ${reasonOf(wasm)}`, wasm);
    }
  }
}

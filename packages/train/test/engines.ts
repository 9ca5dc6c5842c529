import { type Engine, type EngineKind, openEngine } from '../src/engine.js';

/**
 * Both engines where the native one is built, else wasm alone. With DEEPFUNCTOR_REQUIRE_NATIVE set, a native engine
 * that does not load is an error.
 */
export async function engines(): Promise<{ tf: Engine; present: EngineKind[] }> {
  const present: EngineKind[] = ['wasm'];
  try {
    await openEngine('native');
    present.push('native');
  } catch (error) {
    if (process.env.DEEPFUNCTOR_REQUIRE_NATIVE) throw error;
  }
  return { tf: await openEngine('wasm'), present };
}

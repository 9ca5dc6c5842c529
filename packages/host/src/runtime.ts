/** The engine that computes models: onnxruntime, native where it is installed, else WebAssembly. */
import { coded, type DeepFunctorError, reasonOf } from '@deepfunctor/core';
import type { InferenceSession, InferenceSessionFactory, TensorConstructor } from 'onnxruntime-common';

/** `node`: onnxruntime-node, the native library; `web`: onnxruntime-web, one thread of WebAssembly, which comes with this package. */
export type Engine = 'node' | 'web';

/** An engine that is ready. */
export interface Runtime {
  engine: Engine;
  Tensor: TensorConstructor;
  /** A session of the bytes of a model. Throws the engine's own errors. */
  open(bytes: Uint8Array): Promise<InferenceSession>;
}

interface Library {
  InferenceSession: InferenceSessionFactory;
  Tensor: TensorConstructor;
}

/** One thread and a fixed order of work: the same bytes and input give the same output. */
const OPTIONS: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
};

const PACKAGES = { node: 'onnxruntime-node', web: '@deepfunctor/host' } as const;

/**
 * Load one engine, or the first that loads: native, then web. `threads` are those of one run, native engine only.
 * Errors: ENGINE_MISSING.
 */
export async function openRuntime(engine?: Engine, threads = 1): Promise<Runtime> {
  const errors: DeepFunctorError[] = [];
  for (const candidate of engine === undefined ? (['node', 'web'] as const) : [engine]) {
    try {
      return await load(candidate, threads);
    } catch (cause) {
      const parameters = { engine: candidate, reason: reasonOf(cause), packages: PACKAGES[candidate] };
      errors.push(coded('ENGINE_MISSING', { where: PACKAGES[candidate], ...parameters, cause }));
    }
  }
  throw errors.at(-1)!;
}

async function load(engine: Engine, threads: number): Promise<Runtime> {
  const { InferenceSession, Tensor } = engine === 'node' ? await loadNode() : await loadWeb();
  const options = {
    ...OPTIONS,
    ...threading(threads),
    executionProviders: [engine === 'node' ? 'cpu' : 'wasm'],
  };
  return { engine, Tensor, open: (bytes) => InferenceSession.create(bytes, options) };
}

/** Threads that wait for work sleep: a machine that serves has other work for its processors. */
function threading(threads: number): InferenceSession.SessionOptions {
  if (threads === 1) return {};
  return { intraOpNumThreads: threads, extra: { session: { intra_op: { allow_spinning: '0' } } } };
}

async function loadNode(): Promise<Library> {
  return await import('onnxruntime-node');
}

async function loadWeb(): Promise<Library> {
  // Its files lie in dist/, see embed-engine.js.
  const web = await import('#onnxruntime-web');
  web.env.wasm.numThreads = 1;
  return web;
}

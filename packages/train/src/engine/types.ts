import type * as TF from '@tensorflow/tfjs';

export type { TF };

/** What computes tensors: the interface of TensorFlow.js, whichever backend is behind it. */
export type Engine = typeof TF;

export type EngineKind = 'native' | 'wasm';

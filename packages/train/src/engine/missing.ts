import { coded, type DeepFunctorError } from '@deepfunctor/core';

const PACKAGES = {
  native: '@tensorflow/tfjs-node (in this repository, run `pnpm build:native` after that)',
  wasm: '@tensorflow/tfjs and @tensorflow/tfjs-backend-wasm',
  'native or wasm': '@tensorflow/tfjs and @tensorflow/tfjs-backend-wasm',
};

/** The error of an engine that does not load. */
export function engineMissing(
  engine: keyof typeof PACKAGES,
  reason: string,
  cause?: unknown,
): DeepFunctorError {
  // Node's list of requiring files follows in further lines, and the table's sentence has a stop of its own.
  const first = reason.split('\n')[0]!.replace(/\.$/, '');
  return coded('ENGINE_MISSING', {
    where: 'the tensor engine',
    engine,
    packages: PACKAGES[engine],
    reason: first,
    cause,
  });
}

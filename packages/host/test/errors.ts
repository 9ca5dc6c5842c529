/** Catching coded errors. */
import { DeepFunctorError } from '@deepfunctor/core';

/** The coded error that an action throws or rejects with; anything else that it throws fails the test. */
export async function codedError(action: () => unknown): Promise<DeepFunctorError> {
  try {
    await action();
  } catch (thrown) {
    if (thrown instanceof DeepFunctorError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

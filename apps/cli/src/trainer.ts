import { coded, reasonOf } from '@deepfunctor/core';

/**
 * The trainer, loaded only where it is needed. It is installed by whoever learns or evaluates: with its tensor engine it is
 * several times as large as all the rest. Errors: ENGINE_MISSING.
 */
export async function trainer(command: string): Promise<typeof import('@deepfunctor/train')> {
  try {
    return await import('@deepfunctor/train');
  } catch (cause) {
    const [reason] = reasonOf(cause).split('\n');
    const packages = '@deepfunctor/train';
    throw coded('ENGINE_MISSING', {
      where: `deepfunctor ${command}`,
      engine: 'train',
      reason: reason!.replace(/\.$/, ''),
      packages,
      cause,
    });
  }
}

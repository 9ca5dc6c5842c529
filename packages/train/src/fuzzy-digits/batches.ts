import { Worker } from 'node:worker_threads';
import type { Batch, PictureName } from './batch.js';

export interface BatchSettings {
  /** Folder of the MNIST files. */
  data: string;
  seed: number;
  /** Rows of each encoder's input. */
  size: number;
  /** Target pictures of each label. */
  perLabel: number;
  /** The first row of MNIST's training half that is not for training. */
  to: number;
  /** Handwriting in hands that MNIST hardly has, too; see hands.ts. */
  hands?: boolean;
  /** Whose pictures are wanted; left out, all. */
  formats?: readonly PictureName[];
}

const AHEAD = 3;

/** Batches `from` … `steps − 1` in their order, made ahead by another thread. */
export async function* batches(settings: BatchSettings, from: number, steps: number): AsyncGenerator<Batch> {
  const worker = new Worker(new URL('./batch-worker.js', import.meta.url), { workerData: settings });
  const ready: Batch[] = [];
  let failure: unknown;
  let wake = () => {};
  worker.on('message', (batch: Batch) => {
    ready.push(batch);
    wake();
  });
  worker.on('error', (error) => {
    failure = error;
    wake();
  });
  try {
    let asked = from;
    for (let step = from; step < steps; step++) {
      while (asked < Math.min(steps, step + AHEAD)) worker.postMessage(asked++);
      while (ready.length === 0) {
        if (failure !== undefined) throw failure;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      yield ready.shift()!;
    }
  } finally {
    await worker.terminate();
  }
}

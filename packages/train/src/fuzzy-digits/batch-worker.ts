/** The thread that makes the founding's batches, so that the engine never waits for them. */
import { parentPort, workerData } from 'node:worker_threads';
import { readMnist } from '../data/idx.js';
import { byLabel, makeBatch } from './batch.js';
import type { BatchSettings } from './batches.js';

const { data, seed, size, perLabel, to, hands, formats } = workerData as BatchSettings;
const images = readMnist(data, 'train');
const rows = byLabel(images.labels, 0, to);
parentPort!.on('message', (step: number) => {
  const batch = makeBatch(images, rows, seed, step, size, perLabel, hands, formats);
  const buffers = Object.values(batch).flatMap((value) =>
    ArrayBuffer.isView(value) ? [value.buffer as ArrayBuffer] : [],
  );
  parentPort!.postMessage(batch, buffers);
});

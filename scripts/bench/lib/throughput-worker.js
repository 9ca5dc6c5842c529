// A host in a thread of its own, with its part of the rows.
import { parentPort, workerData } from 'node:worker_threads';
import { hostOf } from './chains.js';

const host = await hostOf();
const chain = host.compose(workerData.chain);
const { rows } = workerData;
const size = 784;
parentPort.on('message', async (question) => {
  const part = question === 'open' ? rows.subarray(0, size) : rows;
  const { output } = await chain.runTensors([part], part.length / size);
  parentPort.postMessage(output.length);
});

/** The process of one lane of the founding: told once what to do, it runs its stages, each kept as soon as it is done. */
import { readFileSync } from 'node:fs';
import { unpackWeights } from '../checkpoint.js';
import { openEngine } from '../engine.js';
import type { LaneMessage, LaneTask } from './lanes.js';
import { LANES, pass } from './stages.js';

process.noDeprecation = true;
const tell = (message: LaneMessage, then: () => void = () => {}) => process.send!(message, then);
// An interrupt of the terminal reaches every process; the one that asked ends this one.
process.on('SIGINT', () => {});
process.once('disconnect', () => process.exit(1));
process.once('message', async ({ lane, begun, engine, ...options }: LaneTask) => {
  try {
    const tf = await openEngine(engine);
    const { weights } = unpackWeights(readFileSync(begun), begun);
    const onStep = (stage: string, step: number, steps: number, loss: number) =>
      tell({ stage, step, steps, loss });
    for (const stage of LANES[lane]!) await pass(tf, stage, weights, { ...options, onStep });
    process.exit(0);
  } catch (error) {
    tell({ failed: error instanceof Error ? error.message : String(error) }, () => process.exit(1));
  }
});

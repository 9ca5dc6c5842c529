/** Lanes of stages side by side, each in a process of its own: one thread each does more in an hour than two for one stage. */
import { type ChildProcess, fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeWhole } from '@deepfunctor/core';
import { packWeights } from '../checkpoint.js';
import type { EngineKind } from '../engine/types.js';
import type { Weights } from '../nn.js';
import { LANES, type StageOptions } from './stages.js';

/** What a lane is told. */
export interface LaneTask extends Pick<StageOptions, 'data' | 'run' | 'recipe'> {
  lane: number;
  /** File of the weights that every stage begins with. */
  begun: string;
  engine: EngineKind;
}

/** What a lane tells: a step of a stage, or why it ended. */
export type LaneMessage = { stage: string; step: number; steps: number; loss: number } | { failed: string };

/**
 * Runs all stages, and returns when the run's folder keeps them. A signal ends the lanes; of a stage that was not done
 * nothing is kept.
 */
export async function runLanes(
  weights: Weights,
  { data, run, recipe, onStep, signal }: StageOptions,
  engine: EngineKind,
): Promise<void> {
  const begun = join(run, 'begun.safetensors');
  writeWhole(begun, packWeights(weights));
  const threads = Math.max(1, Math.floor(availableParallelism() / LANES.length));
  const env = { ...process.env, TF_NUM_INTRAOP_THREADS: `${threads}`, TF_NUM_INTEROP_THREADS: '1' };
  const lanes: ChildProcess[] = [];
  const stop = () => {
    for (const lane of lanes) lane.kill('SIGKILL');
  };
  signal?.addEventListener('abort', stop);
  try {
    signal?.throwIfAborted();
    await Promise.all(
      LANES.map((stages, lane) => {
        const child = fork(fileURLToPath(new URL('./lane.js', import.meta.url)), {
          env,
          stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        });
        lanes.push(child);
        child.send({ lane, begun, data, run, recipe, engine } satisfies LaneTask);
        return new Promise<void>((resolve, reject) => {
          let failed: string | undefined;
          child.on('message', (message: LaneMessage) => {
            if ('failed' in message) failed = message.failed;
            else onStep(message.stage, message.step, message.steps, message.loss);
          });
          child.on('error', reject);
          child.on('close', (code, killed) => {
            if (code === 0) resolve();
            else
              reject(
                new Error(`${stages.join(', ')}: ${failed ?? `its process ended with ${killed ?? code}`}`),
              );
          });
        });
      }),
    );
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
    rmSync(begun, { force: true });
  }
}

/** Steps downhill until what is watched gets no better. */
import type * as TF from '@tensorflow/tfjs';
import type { Adam } from '../adam.js';
import type { Progress } from './morphism.js';

export interface Descent extends Progress {
  adam: Adam;
  /** Names of the variables that learn. */
  names: readonly string[];
  loss: (step: number) => TF.Scalar;
  /** A loss on what is not learned from. */
  watch: () => number;
  /** At most so many steps. */
  steps: number;
  rate: number;
}

/** Steps in which the rate rises. */
const RISE = 50;
/** The part of all steps in which it falls to nearly nothing. */
const COOLING = 1 / 3;
const FLOOR = 0.002;
/** Steps between two looks at what is watched; after so many without a better one the rate begins to fall. */
const CHECK = 50;
const PATIENCE = 4;
const BETTER = 0.99;
/** Steps between two breaths. */
const BREATH = 20;

/**
 * A constant rate until a plateau, or until there is just time to cool down, then a fall along a cosine (Hu and others, MiniCPM,
 * 2024). Returns the steps taken and the last loss.
 */
export async function descend(descent: Descent): Promise<{ steps: number; loss: number }> {
  const { adam, names, rate, signal, onStep } = descent;
  let steps = descent.steps;
  let cooling = Math.ceil(steps * (1 - COOLING));
  let best = Number.POSITIVE_INFINITY;
  let stale = 0;
  let loss = Number.NaN;
  for (let step = 0; step < steps; step++) {
    signal?.throwIfAborted();
    const fallen = step < cooling ? 0 : (step - cooling) / (steps - cooling);
    const part =
      Math.min(1, (step + 1) / RISE) * (FLOOR + (1 - FLOOR) * 0.5 * (1 + Math.cos(Math.PI * fallen)));
    loss = adam.step(names, () => descent.loss(step), rate * part);
    onStep?.(step + 1, steps, loss);
    if (step % BREATH === 0) await breath();
    if (step >= cooling || (step + 1) % CHECK !== 0) continue;
    const watched = descent.watch();
    stale = watched < BETTER * best ? 0 : stale + 1;
    best = Math.min(best, watched);
    if (stale < PATIENCE) continue;
    cooling = step + 1;
    steps = Math.min(steps, Math.ceil(cooling / (1 - COOLING)));
  }
  return { steps, loss };
}

/** Lets timers and signals have their turn. */
const breath = () => new Promise((resolve) => setImmediate(resolve));

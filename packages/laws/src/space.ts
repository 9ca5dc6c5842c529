/** Whether latents belong to a space, and whether a row depends on its batch. */
import type { Category } from '@deepfunctor/core';
import type { Bench } from './bench.js';
import { largestDifference, rms, rowOf } from './rows.js';
import { BATCH_TOLERANCE } from './tolerances.js';

/** What is wrong with each latent: not finite, off the norm, outside the support; undefined where nothing is. */
export async function strayed(
  bench: Bench,
  category: Category,
  latents: Float32Array,
): Promise<(row: number) => string | undefined> {
  const { dimension, norm, support } = category;
  const finite = latents.map((v) => (Number.isFinite(v) ? v : 0));
  const distances = await bench.host.support(category, finite);
  return (row) => {
    const latent = rowOf(latents, dimension, row);
    if (!latent.every(Number.isFinite)) return 'a value is not finite';
    const length = rms(latent);
    if (!(Math.abs(length - norm.value) <= norm.tolerance))
      return `the norm is ${length.toPrecision(5)}, not ${norm.value} ± ${norm.tolerance}`;
    if (!(distances[row]! <= support.threshold))
      return `the distance from the space is ${distances[row]!.toPrecision(3)}, more than ${support.threshold}`;
    return undefined;
  };
}

/** So many rows are tried alone. */
const ALONE = 12;

/** Rows whose values alone are not those of the batch; `unit` is the size of a usual value. */
export async function batchBound(
  run: (rows: readonly number[]) => Promise<Float32Array>,
  rows: number,
  unit: number,
): Promise<(row: number) => string | undefined> {
  const all = Array.from({ length: rows }, (_, i) => i);
  const together = await run(all);
  const size = together.length / rows;
  const problems = new Map<number, string>();
  for (const row of all.slice(0, ALONE)) {
    const difference = largestDifference(await run([row]), rowOf(together, size, row)) / unit;
    if (!(difference <= BATCH_TOLERANCE))
      problems.set(row, `alone it differs by ${difference.toPrecision(2)} from itself in a batch of ${rows}`);
  }
  return (row) => problems.get(row);
}

/** All that a learner may know of a space: its release. No founding weights, no founding data, no other plugin. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Category, fail, findCategory, type Reference, readReference } from '@deepfunctor/core';
import type { Host } from '@deepfunctor/host';
import { type Model, readModel } from '@deepfunctor/onnx';
import { Random } from '../random.js';
import { fitWriting, type Writing } from './writing.js';

/** A belief below this is nothing to what is learned here: errors smaller than it do not add up over a chain. */
export const DELTA = 5e-4;
/** One row in so many of the reference sample is kept for evaluation, by lot: rows may lie in any order. */
const KEPT = 5;
/** Largest deviation of the noise that latents are read through, as a part of the norm. */
const NOISE = 0.5;

export interface Contract {
  category: Category;
  reference: Reference;
  probe: Model;
  writing: Writing;
  /** Rows of the sample that are learned from, and that are kept for evaluation. */
  rows: Record<Part, number[]>;
  host: Host;
}
export type Part = 'learned' | 'kept';

/** Latents with what the probe reads from them, and the labels they were made for. */
export interface Pool {
  latents: Float32Array;
  beliefs: Float32Array;
  /** Rows of the pool of each label. */
  byLabel: number[][];
  count: number;
}

/** Open an installed release, by name or `name@version`. Errors: CATEGORY_UNKNOWN, CATEGORY_AMBIGUOUS, CATEGORY_BROKEN. */
export function openContract(host: Host, name: string): Contract {
  return contractOf(host, findCategory(name, host.categories, name));
}

/** Open a release. Errors: CATEGORY_BROKEN. */
export function contractOf(host: Host, category: Category): Contract {
  const reference = readReference(category);
  const all = Array.from({ length: reference.count }, (_, row) => row);
  const few = reference.count < 2 * KEPT * category.labels.length;
  const random = new Random(43);
  const lot = all.map(() => random.integer(KEPT));
  const rows = {
    // A sample of a few rows is used whole for both.
    learned: few ? all : all.filter((row) => lot[row] !== 0),
    kept: few ? all : all.filter((row) => lot[row] === 0),
  };
  const path = join(category.directory, category.files.probe.path);
  const probe = readModel(readFileSync(path), path);
  return {
    category,
    reference,
    probe,
    rows,
    host,
    writing: fitWriting(reference, category.norm.value, rows.learned, rows.kept),
  };
}

/** Clear latents of the sample, `count` of each label, each with noise of its own, as the probe reads them. */
export async function noisedPool(contract: Contract, part: Part, count: number, seed: number): Promise<Pool> {
  const { category, reference, host } = contract;
  const [K, D] = [category.labels.length, category.dimension];
  const random = new Random(seed, part === 'kept' ? 41 : 42);
  const labelled = Array.from({ length: K }, () => [] as number[]);
  for (const row of contract.rows[part])
    if (reference.clear[row] === 1) labelled[likeliest(reference.distributions, row, K)]!.push(row);
  const latents = new Float32Array(K * count * D);
  const byLabel = labelled.map((rows, label) => {
    if (rows.length === 0)
      fail('CATEGORY_BROKEN', {
        where: category.name,
        reason: `its reference sample has no clear latent of “${category.labels[label]!.name}”`,
      });
    return Array.from({ length: count }, (_, i) => {
      const at = label * count + i;
      const row = rows[random.integer(rows.length)]!;
      const sigma = NOISE * random.uniform() * category.norm.value;
      const z = latents.subarray(at * D, (at + 1) * D);
      for (let d = 0; d < D; d++) z[d] = reference.latents[row * D + d]! + sigma * random.normal();
      const rms = Math.sqrt(z.reduce((sum, v) => sum + v * v, 0) / D);
      for (let d = 0; d < D; d++) z[d] = (z[d]! * category.norm.value) / rms;
      return at;
    });
  });
  return { latents, beliefs: await host.probe(category, latents), byLabel, count: K * count };
}

/** Index of the largest of the K numbers of a row. */
export function likeliest(values: Float32Array, row: number, K: number): number {
  let best = 0;
  for (let k = 1; k < K; k++) if (values[row * K + k]! > values[row * K + best]!) best = k;
  return best;
}

/** The port of a plugin that is learned against this release. */
export function portOf({ name, version, digest }: Category) {
  return { category: name, contract: `^${version}`, space: digest };
}

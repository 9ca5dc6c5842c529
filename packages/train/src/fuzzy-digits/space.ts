/**
 * The space that a founding came to, in closed form. A belief p is written on an orthonormal frame C as
 * z = √D · Σ √p(k) · C(k), and read back as p(k) ∝ relu(z · C(k))². Plain numbers; the networks that ship say the same.
 */
import { D, K } from './settings.js';

/** Root-mean-square of every latent. */
export const NORM = 1;
/** How far the norm of a latent may be off. */
export const NORM_TOLERANCE = 1e-3;
/** A belief below this is nothing to a morphism: small errors vanish at each step, and the rest passes as it is. */
export const DELTA = 5e-4;
/** A latent belongs to the space if it is no farther from the cone of beliefs (root-mean-square, as a part of the norm). */
export const SUPPORT = 0.05;

const LENGTH = NORM * Math.sqrt(D);

/** Belief `[n, K]` → latent `[n, D]`. */
export function writeBelief(belief: Float32Array, frame: Float32Array): Float32Array {
  const n = belief.length / K;
  const z = new Float32Array(n * D);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < K; k++) {
      const amplitude = LENGTH * Math.sqrt(belief[i * K + k]!);
      if (amplitude > 0)
        for (let d = 0; d < D; d++) z[i * D + d] = z[i * D + d]! + amplitude * frame[k * D + d]!;
    }
  return z;
}

/** Latent `[n, D]` → belief `[n, K]`. */
export function readBelief(z: Float32Array, frame: Float32Array): Float32Array {
  const n = z.length / D;
  const belief = new Float32Array(n * K);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let k = 0; k < K; k++) {
      let dot = 0;
      for (let d = 0; d < D; d++) dot += z[i * D + d]! * frame[k * D + d]!;
      const p = Math.max(0, dot) ** 2;
      belief[i * K + k] = p;
      sum += p;
    }
    for (let k = 0; k < K; k++) belief[i * K + k] = belief[i * K + k]! / sum;
  }
  return belief;
}

/** Belief `[n, K]` carried through a table as a morphism does it: what is below `DELTA` is dropped first. */
export function carry(belief: Float32Array, table: readonly number[]): Float32Array {
  const out = new Float32Array(belief.length);
  for (let i = 0; i < belief.length; i += K) {
    let sum = 0;
    for (let k = 0; k < K; k++) if (belief[i + k]! > DELTA) sum += belief[i + k]!;
    for (let k = 0; k < K; k++) {
      const to = i + table[k]!;
      if (belief[i + k]! > DELTA) out[to] = out[to]! + belief[i + k]! / sum;
    }
  }
  return out;
}

/** Logits `[n, K]` at a temperature → belief `[n, K]`. */
export function softmax(logits: Float32Array, temperature = 1): Float32Array {
  const out = new Float32Array(logits.length);
  for (let i = 0; i < logits.length; i += K) {
    let max = -Infinity;
    for (let k = 0; k < K; k++) max = Math.max(max, logits[i + k]!);
    let sum = 0;
    for (let k = 0; k < K; k++) {
      out[i + k] = Math.exp((logits[i + k]! - max) / temperature);
      sum += out[i + k]!;
    }
    for (let k = 0; k < K; k++) out[i + k] = out[i + k]! / sum;
  }
  return out;
}

/** Index of the largest of the K numbers from `at` on. */
export function argmax(values: Float32Array, at: number): number {
  let best = 0;
  for (let k = 1; k < K; k++) if (values[at + k]! > values[at + best]!) best = k;
  return best;
}

/**
 * The orthonormal rows nearest to the rows of `m` `[rows, columns]`, rows ≤ columns: the polar factor, by the
 * Newton–Schulz iteration X ← 1.5 X − 0.5 X Xᵀ X (Björck and Bowie, 1971).
 */
export function orthonormal(m: Float64Array, rows: number, columns: number): Float64Array {
  const length = Math.sqrt(m.reduce((sum, v) => sum + v * v, 0));
  let x = m.map((v) => v / length);
  for (let round = 0; round < 80; round++) {
    const gram = new Float64Array(rows * rows);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < rows; j++)
        for (let c = 0; c < columns; c++)
          gram[i * rows + j] = gram[i * rows + j]! + x[i * columns + c]! * x[j * columns + c]!;
    const next = x.map((v) => 1.5 * v);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < rows; j++)
        for (let c = 0; c < columns; c++)
          next[i * columns + c] = next[i * columns + c]! - 0.5 * gram[i * rows + j]! * x[j * columns + c]!;
    x = next;
  }
  return x;
}

/**
 * How a space writes beliefs: latent ∝ φ(belief) · W. Which φ, and W, are found from the reference sample by least squares;
 * the one that says best what the other part of the sample holds is taken.
 */
import type { Reference } from '@deepfunctor/core';
import { attribute, type GraphBuilder } from '@deepfunctor/onnx';
import { Matrix, solve } from 'ml-matrix';
import { onnxNormalise } from '../export.js';

const { float } = attribute;
/** Keeps a logarithm finite. */
const EPSILON = 1e-5;

const FEATURES = {
  amplitude: Math.sqrt,
  probability: (p: number) => p,
  logarithm: (p: number) => Math.log(p + EPSILON),
} as const;
export type Feature = keyof typeof FEATURES;

export interface Writing {
  feature: Feature;
  /** `[K, D]`. */
  directions: Float32Array;
  /** Root-mean-square of every latent. */
  norm: number;
  /** Root-mean-square of what it gets wrong on rows that it was not fitted to, as a part of the norm. */
  error: number;
}

/** Fit to the rows `fitted` of a reference sample, and choose by the rows `kept`. */
export function fitWriting(reference: Reference, norm: number, fitted: number[], kept: number[]): Writing {
  const tries = (Object.keys(FEATURES) as Feature[]).map((feature) => {
    const x = features(reference, feature, fitted);
    const gram = x.transpose().mmul(x);
    const ridge = Matrix.eye(gram.rows).mul((1e-9 * gram.trace()) / gram.rows);
    const w = solve(gram.add(ridge), x.transpose().mmul(latents(reference, fitted)));
    const writing = { feature, directions: Float32Array.from(w.to1DArray()), norm, error: 0 };
    return { ...writing, error: errorOf(writing, reference, kept) };
  });
  return tries.reduce((best, each) => (each.error < best.error ? each : best));
}

/** Beliefs `[n, K]` → latents `[n, D]`. */
export function write(
  { feature, directions, norm }: Writing,
  beliefs: Float32Array,
  K: number,
): Float32Array {
  const n = beliefs.length / K;
  const D = directions.length / K;
  const z = new Float32Array(n * D);
  for (let i = 0; i < n; i++) {
    const row = z.subarray(i * D, (i + 1) * D);
    for (let k = 0; k < K; k++) {
      const amount = FEATURES[feature](beliefs[i * K + k]!);
      if (amount !== 0) for (let d = 0; d < D; d++) row[d] = row[d]! + amount * directions[k * D + d]!;
    }
    const rms = Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / D);
    for (let d = 0; d < D; d++) row[d] = (row[d]! * norm) / rms;
  }
  return z;
}

/** The same as nodes of a graph: the name of a belief → the name of a latent. */
export function onnxWrite(
  g: GraphBuilder,
  { feature, directions, norm }: Writing,
  belief: string,
  K: number,
): string {
  const bent =
    feature === 'probability'
      ? belief
      : feature === 'amplitude'
        ? g.node('Sqrt', [belief])
        : g.node('Log', [g.node('Add', [belief, g.weight('write/epsilon', Float32Array.of(EPSILON), [])])]);
  const along = g.weight('write/directions', directions, [K, directions.length / K]);
  return onnxNormalise(g, 'write', g.node('MatMul', [bent, along]), norm);
}

/** Beliefs without what is below `delta`, of sum 1 again: small errors vanish at each step, and the rest passes as it is. */
export function onnxClean(g: GraphBuilder, name: string, belief: string, delta: number): string {
  const kept = g.node('ThresholdedRelu', [belief], { alpha: float(delta) });
  const axis = g.weight(`${name}/axis`, BigInt64Array.of(1n), [1]);
  return g.node('Div', [kept, g.node('ReduceSum', [kept, axis], { keepdims: attribute.int(1) })]);
}

function features({ distributions, count }: Reference, feature: Feature, rows: number[]): Matrix {
  const K = distributions.length / count;
  return new Matrix(
    rows.map((row) => Array.from({ length: K }, (_, k) => FEATURES[feature](distributions[row * K + k]!))),
  );
}

function latents({ latents: z, count }: Reference, rows: number[]): Matrix {
  const D = z.length / count;
  return new Matrix(rows.map((row) => Array.from(z.subarray(row * D, (row + 1) * D))));
}

function errorOf(writing: Writing, { distributions, latents: z, count }: Reference, rows: number[]): number {
  const [K, D] = [distributions.length / count, z.length / count];
  let sum = 0;
  for (const row of rows) {
    const written = write(writing, distributions.slice(row * K, (row + 1) * K), K);
    for (let d = 0; d < D; d++) sum += (written[d]! - z[row * D + d]!) ** 2;
  }
  return Math.sqrt(sum / rows.length / D) / writing.norm;
}

/** The two ends that every functor that is learned has: logits of its own labels → latent, and latent → belief in its labels. */
import { attribute, type GraphBuilder } from '@deepfunctor/onnx';
import { onnxAffine, onnxSoftmax } from '../export.js';
import { type Contract, DELTA } from './contract.js';
import { onnxClean, onnxWrite } from './writing.js';

/** Logits of the domain `[n, d]` at a temperature → latent. */
export function onnxLanded(
  g: GraphBuilder,
  { category, writing }: Contract,
  domain: readonly number[],
  logits: string,
  temperature = 1,
): string {
  const K = category.labels.length;
  const belief = onnxSoftmax(g, onnxAffine(g, 'calibration', logits, 1 / temperature, 0));
  return onnxWrite(g, writing, spread(g, belief, domain, K), K);
}

/** Latent → belief in the labels of the domain alone, `[n, d]`, of sum 1. */
export function onnxBelief(
  g: GraphBuilder,
  { category, probe }: Contract,
  domain: readonly number[],
  latent: string,
): string {
  const K = category.labels.length;
  const belief = g.include('probe', probe, { latent }).distribution!;
  if (domain.length === K) return onnxClean(g, 'clean', belief, DELTA);
  const picked = g.node('MatMul', [
    belief,
    g.weight('domain/read', selection(domain, K, true), [K, domain.length]),
  ]);
  // A latent outside the domain has nothing here to divide by.
  const some = g.node('Add', [picked, g.weight('domain/least', Float32Array.of(1e-9), [])]);
  const axis = g.weight('domain/axis', BigInt64Array.of(1n), [1]);
  return g.node('Div', [some, g.node('ReduceSum', [some, axis], { keepdims: attribute.int(1) })]);
}

function spread(g: GraphBuilder, belief: string, domain: readonly number[], K: number): string {
  if (domain.length === K) return belief;
  return g.node('MatMul', [
    belief,
    g.weight('domain/write', selection(domain, K, false), [domain.length, K]),
  ]);
}

function selection(domain: readonly number[], K: number, columns: boolean): Float32Array {
  const matrix = new Float32Array(K * domain.length);
  domain.forEach((label, place) => {
    matrix[columns ? label * domain.length + place : place * K + label] = 1;
  });
  return matrix;
}

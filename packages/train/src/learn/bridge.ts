/**
 * A bridge between two releases of a category, in closed form: the orthogonal map that takes the code of each label in the
 * one space nearest to its code in the other (orthogonal Procrustes; Schönemann, 1966), the way back being its transpose.
 * What codes do not span is no part of a belief, and is left behind. Every latent is brought to the norm of its new space.
 */
import { type Category, fail, readReference } from '@deepfunctor/core';
import type { Host } from '@deepfunctor/host';
import { graph, writeModel } from '@deepfunctor/onnx';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { onnxNormalise, onnxProduct } from '../export.js';
import { type Contract, likeliest, noisedPool } from './contract.js';

/** A direction that two spaces share less than this part of their strongest is noise of rounding, and none. */
const RANK = 1e-6;
/** What is asked of a bridge before it is written: labels kept, and mean total variation, on what it was not fitted to. */
const LEAST_RIGHT = 0.999;
const MOST_BLUR = 0.01;
/** Noised latents of each label. */
const POOL = 100;

/**
 * The orthogonal map nearest to taking the rows of `a` `[K, D1]` to those of `b` `[K, D2]`: `[D1, D2]`, the polar factor
 * of aᵀb. Where the rows do not span their space, it takes the span of the ones to that of the others, and the rest to 0.
 */
export function procrustes(a: Matrix, b: Matrix): Matrix {
  const {
    leftSingularVectors: u,
    rightSingularVectors: v,
    diagonal,
  } = new SingularValueDecomposition(a.transpose().mmul(b), { autoTranspose: true });
  const kept = diagonal.flatMap((value, i) => (value > RANK * Math.max(...diagonal) ? [i] : []));
  return u.subMatrixColumn(kept).mmul(v.subMatrixColumn(kept).transpose());
}

/** The two files of a bridge, `latent_0` → `latent`. Errors: CATEGORY_BROKEN. */
export function bridgeModels(from: Category, to: Category): Record<'there' | 'back', Uint8Array> {
  const rotation = procrustes(codesOf(from), codesOf(to));
  return {
    there: carrying(rotation, to),
    back: carrying(rotation.transpose(), from),
  };
}

function codesOf(category: Category): Matrix {
  const { codes } = readReference(category);
  return Matrix.from1DArray(category.labels.length, category.dimension, [...codes]);
}

function carrying(rotation: Matrix, to: Category): Uint8Array {
  const g = graph('bridge');
  const z = g.input('latent_0', [null, rotation.rows]);
  const shape = [rotation.rows, rotation.columns];
  const turned = onnxProduct(
    g,
    { rotation: { shape, values: Float32Array.from(rotation.to1DArray()) } },
    'rotation',
    z,
  );
  g.output('latent', onnxNormalise(g, 'norm', turned, to.norm.value), [null, to.dimension]);
  return writeModel(g.build({ producer: 'deepfunctor' }));
}

/**
 * What a bridge is worth, by its files in the real runtime, on latents that it was not fitted to: the reference samples,
 * and clear ones of them with noise. Errors: LEARNING_FAILED, where it loses labels or beliefs.
 */
export async function measureBridge(
  host: Host,
  name: string,
  [from, to]: readonly [Contract, Contract],
  seed: number,
): Promise<Record<string, number>> {
  const measured: Record<string, number> = {};
  for (const [way, begin, end] of [
    ['there', from, to],
    ['back', to, from],
  ] as const) {
    const K = begin.category.labels.length;
    const told = `${begin.category.version} → ${end.category.version}`;
    const cross = (z: Float32Array) => host.cross(name, way, z);
    const returned = async (z: Float32Array) =>
      host.cross(name, way === 'there' ? 'back' : 'there', await cross(z));
    const { latents } = begin.reference;
    const before = await host.probe(begin.category, latents);
    const carried = await cross(latents);
    const after = await host.probe(end.category, carried);
    const again = await host.probe(begin.category, await returned(latents));
    const rows = Array.from({ length: begin.reference.count }, (_, row) => row);
    const share = (some: number[], holds: (row: number) => boolean) =>
      some.length === 0 ? 1 : some.filter(holds).length / some.length;
    const variation = (some: number[], p: Float32Array, q: Float32Array) => {
      let sum = 0;
      for (const row of some)
        for (let k = 0; k < K; k++) sum += Math.abs(p[row * K + k]! - q[row * K + k]!) / 2;
      return some.length === 0 ? 0 : sum / some.length;
    };
    const clear = rows.filter((row) => begin.reference.clear[row] === 1);
    const ambiguous = rows.filter((row) => begin.reference.clear[row] !== 1);
    const distances = await host.support(end.category, carried);
    const pool = await noisedPool(begin, 'kept', POOL, seed + 1000);
    const noised = await host.probe(end.category, await cross(pool.latents));
    const kept = (p: Float32Array, q: Float32Array) => (row: number) =>
      likeliest(p, row, K) === likeliest(q, row, K);
    const labels = share(clear, kept(before, after));
    const blur = variation(clear, before, after);
    const doubt = variation(ambiguous, before, after);
    Object.assign(measured, {
      [`${told}, clear reference latents that keep their label`]: labels,
      [`${told}, noised latents that keep what is read from them`]: share(
        Array.from({ length: pool.count }, (_, row) => row),
        kept(pool.beliefs, noised),
      ),
      [`${told}, of the reference sample within the support`]: share(
        rows,
        (row) => distances[row]! <= end.category.support.threshold,
      ),
      [`${told}, mean total variation of beliefs, clear`]: blur,
      [`${told}, mean total variation of beliefs, ambiguous`]: doubt,
      [`${told} and back, mean total variation of beliefs`]: variation(rows, before, again),
    });
    const worst = Math.max(blur, doubt);
    if (labels < LEAST_RIGHT || worst > MOST_BLUR)
      fail('LEARNING_FAILED', {
        where: name,
        reason: `${told}: ${(100 * labels).toFixed(2)} % of clear latents keep their label, and beliefs move by ${worst.toPrecision(2)}, at most ${MOST_BLUR}; no rotation takes these spaces to each other`,
      });
  }
  return Object.fromEntries(
    Object.entries(measured).map(([what, value]) => [what, Number(value.toPrecision(6))]),
  );
}

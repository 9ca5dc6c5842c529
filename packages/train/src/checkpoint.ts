import { existsSync, readFileSync } from 'node:fs';
import { canonicalJson, fail, readSafetensors, writeSafetensors, writeWhole } from '@deepfunctor/core';
import type { Weights } from './nn.js';

/** Weights as the bytes of a safetensors file, with texts beside them. */
export function packWeights(weights: Weights, metadata: Record<string, string> = {}): Uint8Array {
  const tensors = Object.fromEntries(
    Object.entries(weights).map(([name, { shape, values }]) => [name, { shape, data: values }]),
  );
  return writeSafetensors(tensors, metadata);
}

/** Weights from the bytes of a safetensors file. Errors: TENSORS_BROKEN. */
export function unpackWeights(
  bytes: Uint8Array,
  where: string,
): { weights: Weights; metadata: Record<string, string> } {
  const { tensors, metadata } = readSafetensors(bytes, where);
  const weights: Weights = {};
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    if (!(data instanceof Float32Array))
      return fail('TENSORS_BROKEN', { where, reason: `“${name}” is not float32` });
    weights[name] = { shape: [...shape], values: data };
  }
  return { weights, metadata };
}

/** Store where a run has got to; the file appears whole or not at all. */
export function saveCheckpoint(path: string, recipe: unknown, state: unknown, weights: Weights): void {
  writeWhole(path, packWeights(weights, { recipe: canonicalJson(recipe), state: JSON.stringify(state) }));
}

/**
 * Where a run of this recipe had got to, or undefined where there is no file.
 * Errors: CHECKPOINT_MISMATCH for a file of another recipe, TENSORS_BROKEN.
 */
export function loadCheckpoint<S>(path: string, recipe: unknown): { state: S; weights: Weights } | undefined {
  if (!existsSync(path)) return undefined;
  const { weights, metadata } = unpackWeights(readFileSync(path), path);
  if (metadata.recipe !== canonicalJson(recipe)) {
    const reason = 'it was begun with other settings';
    fail('CHECKPOINT_MISMATCH', { where: path, reason });
  }
  return { state: JSON.parse(metadata.state ?? '{}') as S, weights };
}

/** What the founding goes through between the joint training and the release: stages that each teach one part on. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { canonicalJson } from '@deepfunctor/core';
import type * as TF from '@tensorflow/tfjs';
import { loadCheckpoint, saveCheckpoint } from '../checkpoint.js';
import { readMnist } from '../data/idx.js';
import type { Weights } from '../nn.js';
import type { PictureName } from './batch.js';
import { type OnStep, type RefineRecipe, refineBinary, refineDigits, refineDots } from './refine.js';
import { refineEncoder } from './refine-encoder.js';

export type StageName =
  | 'dots encoder'
  | 'digits encoder'
  | 'binary decoder'
  | 'dots decoder'
  | 'digits decoder';

/**
 * Stages of one lane follow each other; lanes need nothing of each other and can run side by side. They are about as
 * long as each other.
 */
export const LANES: readonly (readonly StageName[])[] = [
  ['digits encoder'],
  ['dots encoder', 'binary decoder', 'dots decoder', 'digits decoder'],
];

/** What a stage came to. */
export interface Passed {
  learned: Weights;
  /** By the clock. */
  seconds: number;
}

export interface StageOptions {
  /** Folder of the four MNIST files. */
  data: string;
  /** Folder of the run; a stage that is kept there is not run again. */
  run: string;
  recipe: RefineRecipe;
  onStep: OnStep;
  signal?: AbortSignal;
}

interface Stage {
  /** All that its outcome depends on beside the weights it begins with, whose names begin with one of `inputs`. */
  settings: object;
  inputs: string[];
  train(): Promise<Weights>;
}

/**
 * Runs a stage from `weights`, or takes what was kept of it.
 * Errors: CHECKPOINT_MISMATCH, DATA_MISSING, DATA_BROKEN, OUTPUT_UNWRITABLE.
 */
export async function pass(
  tf: typeof TF,
  name: StageName,
  weights: Weights,
  options: StageOptions,
): Promise<Passed> {
  const { settings, inputs, train } = stage(tf, name, weights, options);
  const path = join(options.run, `${name.replace(' ', '-')}.safetensors`);
  const recipe = { stage: name, settings, begun: fingerprint(weights, inputs) };
  const kept = loadCheckpoint<{ seconds: number }>(path, recipe);
  if (kept) return { learned: kept.weights, seconds: kept.state.seconds };
  const started = Date.now();
  const learned = await train();
  const seconds = (Date.now() - started) / 1000;
  saveCheckpoint(path, recipe, { seconds }, learned);
  return { learned, seconds };
}

function stage(
  tf: typeof TF,
  name: StageName,
  weights: Weights,
  { data, recipe, onStep, signal }: StageOptions,
): Stage {
  const { seed, validation, size, rate } = recipe;
  const encoder = (format: PictureName): Stage => {
    const settings = { seed, validation, steps: recipe.encoders[format], format };
    return {
      settings,
      inputs: [`${format}/encode/`],
      train: () => refineEncoder(tf, weights, data, settings, onStep, signal),
    };
  };
  switch (name) {
    case 'dots encoder':
      return encoder('dots');
    case 'digits encoder':
      return encoder('digits');
    case 'binary decoder':
      return {
        settings: { seed, size, rate, steps: recipe.binary },
        inputs: ['binary/decode/'],
        train: () => refineBinary(tf, weights, recipe, onStep, signal),
      };
    case 'dots decoder':
      return {
        settings: { seed, size, steps: recipe.dots },
        inputs: ['dots/decode/'],
        train: () => refineDots(tf, weights, recipe, onStep, signal),
      };
    case 'digits decoder':
      return {
        settings: { seed, validation, size, rate, steps: recipe.digits },
        inputs: ['digits/'],
        train: () => refineDigits(tf, weights, readMnist(data, 'train'), recipe, onStep, signal),
      };
  }
}

function fingerprint(weights: Weights, begins: readonly string[]): string {
  const hash = createHash('sha256');
  const names = Object.keys(weights).filter((name) => begins.some((begin) => name.startsWith(begin)));
  for (const name of names.sort()) {
    const { shape, values } = weights[name]!;
    hash
      .update(canonicalJson([name, shape]))
      .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}

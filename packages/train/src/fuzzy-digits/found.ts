/** The whole founding: joint training, extraction of the space, refinement, release. Each stage can be resumed. */
import { existsSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fail, writeWhole } from '@deepfunctor/core';
import type * as TF from '@tensorflow/tfjs';
import { drawCurve } from '../curve.js';
import { readMnist } from '../data/idx.js';
import { extractSpace, type Space, temperaturesOf } from './extract.js';
import { type CurvePoint, JOINT, type JointRecipe, readRight, trainJointly } from './joint.js';
import { runLanes } from './lanes.js';
import { decodersOnBeliefs, REFINE, type RefineRecipe } from './refine.js';
import { writeRelease } from './release.js';
import { FUNCTORS, MORPHISMS, TABLES } from './settings.js';
import { LANES, pass, type StageOptions } from './stages.js';

export interface FoundOptions {
  /** Folder of the four MNIST files. */
  data: string;
  /** Where the run keeps its state, its curve and what it measured. */
  run: string;
  /** Where the release of the category and the plugins are written. */
  category: string;
  plugins: string;
  joint?: Partial<JointRecipe>;
  refine?: Partial<RefineRecipe>;
  /** Stages after the joint training run side by side, in processes of their own; `onStep` is told of them interleaved. */
  lanes?: boolean;
  onStep?: (stage: string, step: number, steps: number, loss: number) => void;
  signal?: AbortSignal;
}

/** What a founding came to; `founding.json` of the run's folder. */
export interface Founding {
  digest: string;
  recipe: { joint: JointRecipe; refine: RefineRecipe };
  engine: string;
  machine: string;
  /** Seconds of each stage, by the clock. */
  seconds: Record<string, number>;
  /** Minutes of the training: the joint one, and then the longest lane, or all stages where they followed each other. */
  minutes: number;
  /** Handwriting that the encoder reads right on rows kept for validation, 0 … 1. */
  validation: number;
  space: Record<string, number>;
}

/** Found Fuzzy Digits. Errors: DATA_MISSING, DATA_BROKEN, CHECKPOINT_MISMATCH, FOUNDING_FAILED, OUTPUT_UNWRITABLE. */
export async function found(tf: typeof TF, options: FoundOptions): Promise<Founding> {
  const joint: JointRecipe = { ...JOINT, ...options.joint };
  const refine: RefineRecipe = {
    ...REFINE,
    seed: joint.seed,
    validation: joint.validation,
    ...options.refine,
  };
  const { data, run, signal } = options;
  const images = readMnist(data, 'train');
  const step = (stage: string, at: number, of: number, loss: number) => options.onStep?.(stage, at, of, loss);
  mkdirSync(run, { recursive: true });

  const trained = await trainJointly(tf, joint, {
    data,
    checkpoint: join(run, 'joint.safetensors'),
    onStep: (at, of, loss) => step('joint founding', at, of, loss),
    ...(signal && { signal }),
  });
  writeCurve(run, trained.curve);
  const space = extractSpace(tf, trained.weights, images, joint.seed, joint.validation);
  checkLearned(space);

  let weights = decodersOnBeliefs(trained.weights, space);
  const seconds: Record<string, number> = { 'joint founding': trained.seconds };
  const stages: StageOptions = { data, run, recipe: refine, onStep: step, ...(signal && { signal }) };
  if (options.lanes) await runLanes(weights, stages, tf.getBackend() === 'wasm' ? 'wasm' : 'native');
  const begun = weights;
  for (const name of LANES.flat()) {
    const passed = await pass(tf, name, begun, stages);
    seconds[name] = passed.seconds;
    weights = { ...weights, ...passed.learned };
  }
  space.temperatures = temperaturesOf(tf, weights, images, joint.seed, joint.validation);

  const digest = writeRelease(tf, weights, space, images, {
    seed: joint.seed,
    steps: joint.steps,
    validation: joint.validation,
    category: options.category,
    plugins: options.plugins,
    recipe: recipeText(joint),
    notes: notesText(refine),
  });
  const founding: Founding = {
    digest,
    recipe: { joint, refine },
    engine: tf.getBackend(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
    seconds,
    minutes: minutesOf(seconds, options.lanes === true),
    validation: readRight(tf, weights, images, joint.validation),
    space: space.measured,
  };
  writeWhole(join(run, 'founding.json'), `${JSON.stringify(founding, null, 2)}\n`);
  return founding;
}

/** The joint training must have come to the tables and labels that it was taught; nobody puts them right afterwards. */
function checkLearned({ tables, readings }: Space): void {
  const check = (where: string, found: number[], meant: number[]) => {
    if (found.join() !== meant.join())
      fail('FOUNDING_FAILED', {
        where,
        reason: `after the joint training it answers ${found.join(' ')}, not ${meant.join(' ')}`,
      });
  };
  for (const m of MORPHISMS) check(m, tables[m], TABLES[m]);
  for (const f of FUNCTORS) check(f, readings[f], TABLES.identity);
}

function writeCurve(run: string, curve: CurvePoint[]): void {
  writeWhole(join(run, 'curve.json'), `${JSON.stringify(curve)}\n`);
  writeWhole(join(run, 'curve.svg'), drawCurve(curve));
}

function minutesOf(seconds: Record<string, number>, lanes: boolean): number {
  const sum = (names: readonly string[]) => names.reduce((all, name) => all + seconds[name]!, 0);
  const refined = lanes ? Math.max(...LANES.map(sum)) : sum(LANES.flat());
  return (seconds['joint founding']! + refined) / 60;
}

function recipeText({ mode, steps, size, rate }: JointRecipe): string {
  const what =
    mode === 'all' ? 'all outputs of a step at once' : 'one path of functor, morphism and functor a step';
  return (
    `Joint founding: all encoders, morphisms, decoders and the probe learn together from the tasks alone, ${what} ` +
    `(${steps} steps, ${size} rows an encoder, Adam with one cycle to ${rate}, averaged weights). The frame is the polar ` +
    'factor of the mean latents that the trained parts came to; encoders are set on it, and their beliefs calibrated ' +
    'by a temperature on rows kept for validation.'
  );
}

function notesText({ encoders, digits, dots, binary }: RefineRecipe): string {
  return (
    'Refined before the space was frozen: the morphisms are belief layers in closed form, with the tables that the ' +
    'trained networks were seen to compute; the encoders of pictures went on learning to read, each by its own belief ' +
    `alone (${encoders.dots} steps for dots; ${encoders.digits} for handwriting, a part of it in hands that MNIST ` +
    `hardly has, drawn by the recipe); decoders were taught from beliefs alone (${digits} steps for handwriting, with ` +
    `a conditional discriminator; ${dots} for dots; ${binary} for binary), never along a path. The paths that were ` +
    'never trained are named in the card of the category.'
  );
}

/** Whether a run has anything to go on from. */
export const hasBegun = (run: string): boolean => existsSync(join(run, 'joint.safetensors'));

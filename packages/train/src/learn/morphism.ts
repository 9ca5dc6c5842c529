/**
 * Learns a morphism of any arity as a belief layer: every input is read by the probe of its category, beliefs below DELTA are
 * dropped, their product is carried through a table, and the result is written as the space writes. The table is learned
 * from random numbers on noised latents of the reference sample, and made hard where it is sure.
 */
import { fail } from '@deepfunctor/core';
import { graph, writeModel } from '@deepfunctor/onnx';
import type * as TF from '@tensorflow/tfjs';
import { Adam } from '../adam.js';
import { Parameters } from '../nn.js';
import { Random } from '../random.js';
import { type Contract, DELTA, likeliest, noisedPool, type Pool } from './contract.js';
import { onnxClean, onnxWrite } from './writing.js';

export interface MorphismTask {
  name: string;
  inputs: readonly Contract[];
  output: Contract;
  /** Output label indices, row-major over the labels of the inputs. */
  table: readonly number[];
  seed: number;
  /** At most so many steps; default 2,000. */
  steps?: number | undefined;
}

export interface Progress {
  onStep?: ((step: number, steps: number, loss: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What a learning came to. */
export interface Learned {
  files: Record<string, Uint8Array>;
  steps: number;
}

const STEPS = 2000;
const CHECK = 25;
/** Noised latents of each label. */
const POOL = 200;
/** How sure every row of the table has to be before it is made hard. */
const SURE = 0.98;
const RATE = 0.1;

/** Learn; errors: LEARNING_FAILED. `tf` is the engine to learn on. */
export async function learnMorphism(
  tf: typeof TF,
  task: MorphismTask,
  progress: Progress = {},
): Promise<Learned> {
  const { inputs, output, table } = task;
  const steps = task.steps ?? STEPS;
  const pools: Pool[] = [];
  for (const [i, contract] of inputs.entries())
    pools.push(await noisedPool(contract, 'learned', POOL, task.seed + i));
  const sizes = inputs.map(({ category }) => category.labels.length);
  const K = output.category.labels.length;
  const p = new Parameters(tf, task.seed);
  const logits = () => p.get('table', [table.length, K], 0.5) as unknown as TF.Tensor2D;
  logits();
  const adam = new Adam(p, { beta2: 0.95 });
  const batch = Math.min(4096, Math.max(256, 2 * table.length));
  let found: number[] = [];
  let step = 0;
  try {
    for (; step < steps; ) {
      // Signals have their turn.
      await new Promise((resolve) => setImmediate(resolve));
      progress.signal?.throwIfAborted();
      const loss = () => {
        const random = new Random(task.seed, 51, step);
        const drawn = draw(pools, sizes, batch, random);
        const carried = tf.matMul(product(tf, drawn.beliefs, sizes, batch), tf.softmax(logits()));
        const wanted = tf.oneHot(
          tf.tensor1d(
            drawn.tuples.map((tuple) => table[tuple]!),
            'int32',
          ),
          K,
        );
        return tf.neg(tf.mean(tf.log(tf.add(tf.sum(tf.mul(carried, wanted), 1), 1e-6)))) as TF.Scalar;
      };
      const value = adam.step(['table'], loss, RATE);
      step++;
      progress.onStep?.(step, steps, value);
      if (step % CHECK !== 0 && step !== steps) continue;
      const rows = tf.tidy(() => tf.softmax(logits()).dataSync() as Float32Array);
      found = table.map((_, row) => likeliest(rows, row, K));
      if (found.every((to, row) => rows[row * K + to]! >= SURE)) break;
      if (step === steps)
        fail('LEARNING_FAILED', {
          where: task.name,
          reason: `after ${steps} steps its table is not sure (loss ${value.toFixed(3)})`,
        });
    }
  } finally {
    adam.dispose();
    p.dispose();
  }
  const wrong = found.findIndex((to, row) => to !== table[row]);
  if (wrong >= 0 || found.length === 0)
    fail('LEARNING_FAILED', {
      where: task.name,
      reason: `row ${wrong} of its table came out otherwise than taught`,
    });
  return { files: { morphism: modelOf(task, found) }, steps: step };
}

/** A batch: which row of the table each is, and the inputs' beliefs. */
function draw(pools: readonly Pool[], sizes: readonly number[], batch: number, random: Random) {
  const total = sizes.reduce((a, b) => a * b, 1);
  const tuples = Array.from({ length: batch }, () => random.integer(total));
  let place = total;
  const beliefs = pools.map(({ byLabel, beliefs: all }, i) => {
    const K = sizes[i]!;
    place /= K;
    const out = new Float32Array(batch * K);
    tuples.forEach((tuple, row) => {
      const rows = byLabel[Math.floor(tuple / place) % K]!;
      const from = rows[random.integer(rows.length)]! * K;
      out.set(all.subarray(from, from + K), row * K);
    });
    return out;
  });
  return { tuples, beliefs };
}

/** The product of beliefs `[n, K₁] … [n, Kₖ]` → `[n, K₁ ⋯ Kₖ]`. */
function product(
  tf: typeof TF,
  beliefs: readonly Float32Array[],
  sizes: readonly number[],
  n: number,
): TF.Tensor2D {
  return beliefs
    .map((belief, i) => tf.tensor2d(belief, [n, sizes[i]!]))
    .reduce((left, right) => tf.reshape(tf.mul(tf.expandDims(left, 2), tf.expandDims(right, 1)), [n, -1]));
}

/** The belief layer as a model of the contract. */
export function modelOf(
  { name, inputs, output }: Pick<MorphismTask, 'name' | 'inputs' | 'output'>,
  table: readonly number[],
): Uint8Array {
  const g = graph(name);
  const K = output.category.labels.length;
  const latents = inputs.map(({ category }, i) => g.input(`latent_${i}`, [null, category.dimension]));
  const beliefs = inputs.map(({ probe }, i) => {
    const belief = g.include(`probe_${i}`, probe, { latent: latents[i]! }).distribution!;
    return onnxClean(g, `clean_${i}`, belief, DELTA);
  });
  const axis = (value: bigint) => g.weight(`axis_${value}`, BigInt64Array.of(value), [1]);
  let joint = beliefs[0]!;
  if (beliefs.length > 1) {
    const [left, right] = [axis(2n), axis(1n)];
    let size = inputs[0]!.category.labels.length;
    for (const [i, belief] of beliefs.slice(1).entries()) {
      size *= inputs[i + 1]!.category.labels.length;
      const pairs = g.node('Mul', [g.node('Unsqueeze', [joint, left]), g.node('Unsqueeze', [belief, right])]);
      joint = g.node('Reshape', [pairs, g.weight(`pairs_${i}`, BigInt64Array.of(-1n, BigInt(size)), [2])]);
    }
  }
  const matrix = new Float32Array(table.length * K);
  table.forEach((to, from) => {
    matrix[from * K + to] = 1;
  });
  const carried = g.node('MatMul', [joint, g.weight('table', matrix, [table.length, K])]);
  g.output('latent', onnxWrite(g, output.writing, carried, K), [null, output.category.dimension]);
  return writeModel(g.build({ producer: 'deepfunctor' }));
}

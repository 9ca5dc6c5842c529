/**
 * Learns a functor of a text format (symbols or bits). `encode` is a small network over the one-hot text; `decode` mixes a
 * learned text for each label by the belief, so that its output is the probability of each symbol under that belief.
 */
import { type BitsCodec, fail, type SymbolsCodec } from '@deepfunctor/core';
import { encodeInput, rowShape } from '@deepfunctor/host';
import { attribute, graph, writeModel } from '@deepfunctor/onnx';
import type * as TF from '@tensorflow/tfjs';
import { Adam } from '../adam.js';
import { onnxDense } from '../export.js';
import { bitEntropy, rowEntropy } from '../losses.js';
import { dense, Parameters, type Weights } from '../nn.js';
import { Random } from '../random.js';
import { type Contract, noisedPool } from './contract.js';
import { onnxBelief, onnxLanded } from './ends.js';
import type { Texts } from './examples.js';
import type { Learned, Progress } from './morphism.js';

export interface TextTask {
  name: string;
  contract: Contract;
  codec: SymbolsCodec | BitsCodec;
  texts: Texts;
  seed: number;
  /** At most so many steps; default 2,000. */
  steps?: number | undefined;
}

const STEPS = 2000;
const CHECK = 25;
/** Steps between two breaths. */
const BREATH = 5;
const POOL = 100;
const HIDDEN = 64;
/** The loss of the encoder at which it is done: beliefs above 0.9995. */
const DONE = 5e-4;
/** How sure every symbol of a learned text has to be before it is made hard. */
const SURE = 0.98;
const RATE = 0.02;

/** The symbols codec of some texts: the longest of them, and their symbols in the order of Unicode. */
export function symbolsOf({ values }: Texts): SymbolsCodec {
  const symbols = [...new Set(values.flatMap((value) => [...value]))].sort();
  const length = Math.max(...values.map((value) => [...value].length));
  return { kind: 'symbols', version: 1, length, alphabet: ['', ...symbols], values: [...values] };
}

/** Learn; errors: LEARNING_FAILED. */
export async function learnText(tf: typeof TF, task: TextTask, progress: Progress = {}): Promise<Learned> {
  const { contract, codec, texts, seed } = task;
  const steps = task.steps ?? STEPS;
  const [positions, symbols] =
    codec.kind === 'symbols' ? [codec.length, codec.alphabet.length] : [codec.width, 1];
  const d = texts.domain.length;
  const size = positions * symbols;
  const rows = texts.values.map((value) => encodeInput(codec, value, { functor: task.name, where: value }));
  const K = contract.category.labels.length;
  const pool = await noisedPool(contract, 'learned', POOL, seed);
  /** The pool's beliefs by label, among the labels of the domain: rows of `d`. */
  const drawn = texts.domain.map((label) => {
    const rows = pool.byLabel[label]!.map((row) => {
      const belief = texts.domain.map((to) => pool.beliefs[row * K + to]!);
      const sum = belief.reduce((a, b) => a + b, 0);
      return belief.map((part) => part / sum);
    });
    return Float32Array.from(rows.flat());
  });
  const p = new Parameters(tf, seed);
  const adam = new Adam(p, { average: 0.9 });
  const x = tf.tensor2d(Float32Array.from(rows.flatMap((row) => [...row])), [d, size]);
  const logits = () =>
    dense(p, 'encode/dense2', dense(p, 'encode/dense1', x, HIDDEN, 'relu'), d, 'linear', 1);
  /** The text of each label: `[d, positions · symbols]`. */
  const spelled = () => {
    const free = p.get('decode/texts', [d * positions, symbols], 0.5) as unknown as TF.Tensor2D;
    const sure = codec.kind === 'bits' ? tf.sigmoid(free) : tf.softmax(free);
    return tf.reshape(sure, [d, size]) as TF.Tensor2D;
  };
  const batch = 16 * d;
  // What every step asks for: label after label, and the texts of as many rows.
  const labels = tf.tidy(() => tf.eye(d));
  const wanted = tf.tensor2d(
    Float32Array.from(Array.from({ length: batch }, (_, i) => [...rows[i % d]!]).flat()),
    [batch, size],
  );
  const [reading, spelling] = [rowEntropy(tf, labels), bitEntropy(tf, wanted)];
  let last = { encode: Number.POSITIVE_INFINITY, unsure: 1, table: new Float32Array(0) };
  let step = 0;
  let weights: Weights | undefined;
  try {
    tf.tidy(() => void [logits(), spelled()]);
    while (step < steps && weights === undefined) {
      // Signals have their turn.
      if (step % BREATH === 0) await new Promise((resolve) => setImmediate(resolve));
      progress.signal?.throwIfAborted();
      const loss = () => {
        const read = reading.of(logits());
        const random = new Random(seed, 52, step);
        const beliefs = new Float32Array(batch * d);
        for (let i = 0; i < batch; i++) {
          const of = drawn[i % d]!;
          const row = random.integer(of.length / d) * d;
          for (let k = 0; k < d; k++) beliefs[i * d + k] = of[row + k]!;
        }
        const shown = tf.matMul(tf.tensor2d(beliefs, [batch, d]), spelled()) as TF.Tensor2D;
        return tf.add(read, spelling.of(shown)) as TF.Scalar;
      };
      const value = adam.step([...p.variables.keys()], loss, RATE);
      step++;
      progress.onStep?.(step, steps, value);
      if (step % CHECK !== 0 && step !== steps) continue;
      last = tf.tidy(() => {
        return {
          encode: reading.of(logits()).dataSync()[0]!,
          unsure: tf.max(tf.abs(tf.sub(spelled(), x))).dataSync()[0]!,
          table: (spelled().dataSync() as Float32Array).map(Math.round),
        };
      });
      if (last.encode < DONE && last.unsure < 1 - SURE) weights = current(p);
    }
  } finally {
    tf.dispose([x, labels, wanted]);
    reading.dispose();
    spelling.dispose();
    adam.dispose();
    p.dispose();
  }
  if (weights === undefined)
    return fail('LEARNING_FAILED', {
      where: task.name,
      reason: `after ${steps} steps the loss of reading is ${last.encode.toFixed(3)} and a symbol is off by ${last.unsure.toFixed(3)}`,
    });
  return {
    files: { encode: encodeModel(task, weights), decode: decodeModel(task, last.table) },
    steps: step,
  };
}

function current(p: Parameters): Weights {
  return Object.fromEntries(
    [...p.variables].map(([name, variable]) => [
      name,
      { shape: variable.shape.slice(), values: Float32Array.from(variable.dataSync()) },
    ]),
  );
}

function encodeModel({ name, contract, codec, texts }: TextTask, weights: Weights): Uint8Array {
  const g = graph(`${name}-encode`);
  const input = g.input('input', [null, ...rowShape(codec)]);
  const flat = codec.kind === 'symbols' ? g.node('Flatten', [input], { axis: attribute.int(1) }) : input;
  const logits = onnxDense(g, weights, 'encode/dense2', onnxDense(g, weights, 'encode/dense1', flat, 'relu'));
  g.output('latent', onnxLanded(g, contract, texts.domain, logits), [null, contract.category.dimension]);
  return writeModel(g.build({ producer: 'deepfunctor' }));
}

function decodeModel({ name, contract, codec, texts }: TextTask, table: Float32Array): Uint8Array {
  const g = graph(`${name}-decode`);
  const shape = rowShape(codec);
  const belief = onnxBelief(
    g,
    contract,
    texts.domain,
    g.input('latent', [null, contract.category.dimension]),
  );
  const size = shape.reduce((a, b) => a * b, 1);
  const mixed = g.node('MatMul', [belief, g.weight('texts', table, [texts.domain.length, size])]);
  const sides = g.weight('sides', BigInt64Array.from([0, ...shape].map(BigInt)), [1 + shape.length]);
  g.output('output', codec.kind === 'symbols' ? g.node('Reshape', [mixed, sides]) : mixed, [null, ...shape]);
  return writeModel(g.build({ producer: 'deepfunctor' }));
}

/** From the jointly trained networks to the space: what they came to agree on, made exact. */
import type * as TF from '@tensorflow/tfjs';
import type { LabelledImages } from '../data/idx.js';
import { Parameters, type Weights } from '../nn.js';
import { Random } from '../random.js';
import { byLabel, makeBatch } from './batch.js';
import { drawVaried } from './dots.js';
import { amplitudes, morphism, read, see, write } from './networks.js';
import {
  BITS,
  bitsOf,
  D,
  FUNCTORS,
  type FunctorName,
  K,
  MORPHISMS,
  type MorphismName,
  PIXELS,
  TABLES,
} from './settings.js';
import { argmax, orthonormal, softmax } from './space.js';

export interface Space {
  /** `[K, D]`, orthonormal rows: the direction of each label. */
  frame: Float32Array;
  /** What each encoder's logits are divided by, so that its belief is calibrated. */
  temperatures: Record<FunctorName, number>;
  /** What each morphism was seen to compute. */
  tables: Record<MorphismName, number[]>;
  /** The label that each encoder's own belief gives to most inputs of a label. */
  readings: Record<FunctorName, number[]>;
  /** How near the trained parts were to the space that is made of them. */
  measured: Record<string, number>;
}

/** Encoder inputs with their labels. */
export interface Inputs {
  x: Float32Array;
  labels: Uint8Array;
}

const ROUNDS = 16;

/** Extract frame, temperatures and tables from jointly trained weights. `validation`: first row that was not trained on. */
export function extractSpace(
  tf: typeof TF,
  weights: Weights,
  images: LabelledImages,
  seed: number,
  validation: number,
): Space {
  const p = new Parameters(tf, seed, weights);
  const rows = byLabel(images.labels, 0, validation);
  const means = new Map<string, Float64Array>();
  const counts = new Map<string, Float64Array>();
  const seen = Object.fromEntries([...MORPHISMS, ...FUNCTORS].map((m) => [m, new Float64Array(K * K)]));
  const count = (what: string, labels: ArrayLike<number>, answers: Float32Array) => {
    for (let i = 0; i < labels.length; i++) {
      const cell = labels[i]! * K + argmax(answers, i * K);
      seen[what]![cell] = seen[what]![cell]! + 1;
    }
  };
  const add = (source: string, z: Float32Array, labels: ArrayLike<number>) => {
    const mean = means.get(source) ?? new Float64Array(K * D);
    const count = counts.get(source) ?? new Float64Array(K);
    for (let i = 0; i < labels.length; i++) {
      const k = labels[i]!;
      count[k] = count[k]! + 1;
      for (let d = 0; d < D; d++) mean[k * D + d] = mean[k * D + d]! + z[i * D + d]!;
    }
    means.set(source, mean);
    counts.set(source, count);
  };
  for (let round = 0; round < ROUNDS; round++) {
    const batch = makeBatch(images, rows, seed + 1, round, 128, 1);
    const inputs: Record<FunctorName, Inputs> = {
      dots: { x: batch.dots, labels: batch.dotLabels },
      digits: { x: batch.digits, labels: batch.digitLabels },
      binary: { x: batch.bits, labels: batch.bitLabels },
    };
    for (const f of FUNCTORS) {
      const { x, labels } = inputs[f];
      tf.tidy(() => {
        const logits = see(p, f, tf.tensor2d(x, [labels.length, x.length / labels.length]));
        count(f, labels, logits.dataSync() as Float32Array);
        const z = write(p, `${f}/encode`, amplitudes(tf, logits));
        add(f, z.dataSync() as Float32Array, labels);
        for (const m of MORPHISMS) {
          const after = morphism(p, m, z);
          const carried = Array.from(labels, (label) => TABLES[m][label]!);
          add(m, after.dataSync() as Float32Array, carried);
          count(m, labels, read(p, 'probe', after).dataSync() as Float32Array);
        }
      });
    }
  }
  const target = new Float64Array(K * D);
  for (const [source, mean] of means)
    for (let k = 0; k < K; k++) {
      const count = counts.get(source)![k]!;
      if (count === 0) continue; // Times-two never gives an odd number.
      for (let d = 0; d < D; d++) {
        mean[k * D + d] = mean[k * D + d]! / count;
        target[k * D + d] = target[k * D + d]! + mean[k * D + d]!;
      }
    }
  for (let k = 0; k < K; k++) {
    const length = Math.hypot(...target.subarray(k * D, (k + 1) * D));
    for (let d = 0; d < D; d++) target[k * D + d] = target[k * D + d]! / length;
  }
  const frame = Float32Array.from(orthonormal(target, K, D));
  const measured: Record<string, number> = {};
  for (const [source, mean] of means) {
    const present = Array.from({ length: K }, (_, k) => k).filter((k) => counts.get(source)![k]! > 0);
    const cosines = present.map((k) =>
      cosine(mean.subarray(k * D, (k + 1) * D), frame.subarray(k * D, (k + 1) * D)),
    );
    measured[`cosine of ${source}'s mean latents with the frame, least`] = Math.min(...cosines);
  }
  /** The most frequent answer to each label, and how many answers follow it. */
  const tableOf = (what: string): [number[], number] => {
    let agreed = 0;
    let total = 0;
    const table = Array.from({ length: K }, (_, k) => {
      const counted = Float32Array.from(seen[what]!.subarray(k * K, (k + 1) * K));
      const best = argmax(counted, 0);
      agreed += counted[best]!;
      total += counted.reduce((a, b) => a + b, 0);
      return best;
    });
    return [table, agreed / total];
  };
  const tables = {} as Space['tables'];
  for (const m of MORPHISMS)
    [tables[m], measured[`${m} as trained, answers that follow its table`]] = tableOf(m);
  const readings = {} as Space['readings'];
  for (const f of FUNCTORS)
    [readings[f], measured[`${f} as trained, augmented inputs read alike`]] = tableOf(f);
  p.dispose();
  return {
    frame,
    temperatures: temperaturesOf(tf, weights, images, seed, validation),
    tables,
    readings,
    measured,
  };
}

/** What calibrates each encoder's belief, on rows kept for validation and on pictures of dots of their own. */
export function temperaturesOf(
  tf: typeof TF,
  weights: Weights,
  images: LabelledImages,
  seed: number,
  validation: number,
): Space['temperatures'] {
  const p = new Parameters(tf, seed, weights);
  const digits = logitsOf(tf, p, 'digits', pixelsOf(images, validation, images.count));
  const dots = variedDots(4000, seed + 2);
  const temperatures = {
    digits: temperatureOf(digits, images.labels.subarray(validation)),
    dots: temperatureOf(logitsOf(tf, p, 'dots', dots.x), dots.labels),
    binary: 1,
  };
  p.dispose();
  return temperatures;
}

function cosine(a: Float64Array, b: Float32Array): number {
  let dot = 0;
  for (let d = 0; d < D; d++) dot += a[d]! * b[d]!;
  return dot / (Math.hypot(...a) * Math.hypot(...b));
}

/** Rows `from` … `to − 1` as `[n, 28·28]`, 0 … 1. */
export function pixelsOf(images: LabelledImages, from: number, to: number): Float32Array {
  return Float32Array.from(images.pixels.subarray(from * PIXELS, to * PIXELS), (v) => v / 255);
}

/** Pictures of dots by the training's own renderer, labels in turn. */
export function variedDots(n: number, seed: number): Inputs {
  const random = new Random(seed, 11);
  const x = new Float32Array(n * PIXELS);
  const labels = Uint8Array.from({ length: n }, (_, i) => i % K);
  for (let i = 0; i < n; i++) drawVaried(labels[i]!, x, i * PIXELS, random);
  return { x, labels };
}

/** All binary numbers of the format, `copies` times. */
export function binaryNumbers(copies: number): Inputs {
  const labels = Uint8Array.from({ length: copies * K }, (_, i) => i % K);
  return { x: Float32Array.from(Array.from(labels).flatMap(bitsOf)), labels };
}

/** Logits `[n, K]` of an encoder's belief, in pieces that fit memory. */
export function logitsOf(tf: typeof TF, p: Parameters, f: FunctorName, x: Float32Array): Float32Array {
  const width = f === 'binary' ? BITS : PIXELS;
  const n = x.length / width;
  const out = new Float32Array(n * K);
  for (let from = 0; from < n; from += 500) {
    const to = Math.min(n, from + 500);
    const piece = tf.tidy(() =>
      see(p, f, tf.tensor2d(x.slice(from * width, to * width), [to - from, width])).dataSync(),
    );
    out.set(piece as Float32Array, from * K);
  }
  return out;
}

/** The temperature of the least cross-entropy (Guo et al., 2017), by golden-section search. */
export function temperatureOf(logits: Float32Array, labels: Uint8Array): number {
  const loss = (logT: number) => {
    const belief = softmax(logits, Math.exp(logT));
    let sum = 0;
    for (let i = 0; i < labels.length; i++) sum -= Math.log(Math.max(1e-12, belief[i * K + labels[i]!]!));
    return sum;
  };
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(0.1), Math.log(2.5)];
  for (let i = 0; i < 30; i++) {
    const [a, b] = [high - golden * (high - low), low + golden * (high - low)];
    if (loss(a) < loss(b)) high = b;
    else low = a;
  }
  return Math.exp((low + high) / 2);
}

import type * as TF from '@tensorflow/tfjs';
import { Random } from './random.js';

/** Numbers of one trained array, kept outside the engine. */
export interface Weight {
  shape: number[];
  values: Float32Array;
}
export type Weights = Record<string, Weight>;

/**
 * The trainable state of a set of networks: named variables, created where a network first asks for them.
 * A network is a pure function of (parameters, input); its variables' names begin with the network's own name.
 */
export class Parameters {
  readonly variables = new Map<string, TF.Variable>();
  constructor(
    readonly tf: typeof TF,
    readonly seed: number,
    private readonly initial: Weights = {},
  ) {}

  /** The variable `name`, drawn from N(0, scale²) by a stream of its own where it is new. */
  get(name: string, shape: number[], scale: number): TF.Variable {
    const known = this.variables.get(name);
    if (known) return known;
    const stored = this.initial[name];
    const size = shape.reduce((a, b) => a * b, 1);
    let values: Float32Array;
    if (stored) values = stored.values;
    else {
      values = new Random(this.seed, hash(name)).normals(size);
      for (let i = 0; i < size; i++) values[i] = values[i]! * scale;
    }
    const variable = this.tf.tidy(() =>
      this.tf.variable(this.tf.tensor(values, shape), true, undefined, 'float32'),
    );
    this.variables.set(name, variable);
    return variable;
  }

  /** The variables whose names begin with one of these networks' names. */
  of(...networks: string[]): TF.Variable[] {
    return [...this.variables]
      .filter(([name]) => networks.some((n) => name.startsWith(`${n}/`)))
      .map(([, v]) => v);
  }

  dispose(): void {
    for (const variable of this.variables.values()) variable.dispose();
    this.variables.clear();
  }
}

function hash(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

export type Activation = 'linear' | 'relu' | 'sigmoid';

/** x `[n, in]` → `[n, out]`. He initialisation. */
export function dense(
  p: Parameters,
  name: string,
  x: TF.Tensor2D,
  out: number,
  activation: Activation = 'linear',
  gain = Math.SQRT2,
): TF.Tensor2D {
  const inputs = x.shape[1];
  const kernel = p.get(`${name}/kernel`, [inputs, out], gain / Math.sqrt(inputs)) as unknown as TF.Tensor2D;
  const bias = p.get(`${name}/bias`, [out], 0);
  const y = p.tf.add(p.tf.matMul(x, kernel), bias) as TF.Tensor2D;
  return activation === 'relu' ? p.tf.relu(y) : activation === 'sigmoid' ? p.tf.sigmoid(y) : y;
}

/** x `[n, h, w, in]` → `[n, h / stride, w / stride, out]`, same padding. */
export function conv(
  p: Parameters,
  name: string,
  x: TF.Tensor4D,
  out: number,
  size: number,
  stride = 1,
  activation: 'linear' | 'relu' = 'relu',
  gain = Math.SQRT2,
): TF.Tensor4D {
  const inputs = x.shape[3];
  const filter = p.get(
    `${name}/kernel`,
    [size, size, inputs, out],
    gain / Math.sqrt(size * size * inputs),
  ) as unknown as TF.Tensor4D;
  const bias = p.get(`${name}/bias`, [out], 0) as unknown as TF.Tensor1D;
  return p.tf.fused.conv2d({ x, filter, strides: stride, pad: 'same', bias, activation }) as TF.Tensor4D;
}

/** Rows scaled to root-mean-square `value`. */
export function normalise(tf: typeof TF, z: TF.Tensor2D, value = 1): TF.Tensor2D {
  return tf.mul(z, tf.mul(tf.rsqrt(tf.add(tf.mean(tf.square(z), 1, true), 1e-12)), value)) as TF.Tensor2D;
}

import type * as TF from '@tensorflow/tfjs';
import { Parameters } from '../nn.js';
import { K, SIDE } from './settings.js';

const LAYERS = { conv1: [25, 24], conv2: [600, 48], dense: [7 * 7 * 48, 128] } as const;
type Layer = keyof typeof LAYERS;

/**
 * Tells handwriting from what a decoder draws, knowing the label: spectral norm (Miyato et al., 2018) and label
 * projection (Miyato and Koyama, 2018). It is used up in training and ships nowhere.
 */
export class Discriminator {
  readonly p: Parameters;
  private singular = new Map<Layer, { u: TF.Tensor2D; v: TF.Tensor2D }>();

  constructor(
    private readonly tf: typeof TF,
    seed: number,
  ) {
    this.p = new Parameters(tf, seed);
    this.refresh();
  }

  /** One round of power iteration; call it once a step, outside of gradients. */
  refresh(): void {
    const { tf } = this;
    for (const name of Object.keys(LAYERS) as Layer[]) {
      const w = this.kernel(name);
      const old = this.singular.get(name);
      const next = tf.tidy(() => {
        const u0 = old?.u ?? (tf.ones([w.shape[1], 1]) as TF.Tensor2D);
        const unit = (x: TF.Tensor) => tf.div(x, tf.add(tf.norm(x), 1e-9)) as TF.Tensor2D;
        const v = unit(tf.matMul(w, u0));
        const u = unit(tf.matMul(w, v, true));
        return { u: tf.keep(u), v: tf.keep(v) };
      });
      old?.u.dispose();
      old?.v.dispose();
      this.singular.set(name, next);
    }
  }

  private kernel(name: Layer): TF.Tensor2D {
    const [inputs, outputs] = LAYERS[name];
    return this.p.get(
      `${name}/kernel`,
      [inputs, outputs],
      Math.SQRT2 / Math.sqrt(inputs),
    ) as unknown as TF.Tensor2D;
  }

  private normalised(name: Layer): TF.Tensor2D {
    const { tf } = this;
    const w = this.kernel(name);
    const { u, v } = this.singular.get(name)!;
    return tf.div(w, tf.matMul(v, tf.matMul(w, u), true)) as TF.Tensor2D;
  }

  /** Pictures `[n, 28·28]` with labels as one-hot `[n, K]` → scores `[n, 1]`, high for handwriting. */
  score(pixels: TF.Tensor2D, labels: TF.Tensor2D): TF.Tensor2D {
    const { tf } = this;
    const bias = (name: string, n: number) => this.p.get(`${name}/bias`, [n], 0) as unknown as TF.Tensor1D;
    const bent = (x: TF.Tensor) => tf.leakyRelu(x, 0.1);
    const conv = (name: 'conv1' | 'conv2', x: TF.Tensor4D, inputs: number) => {
      const filter = tf.reshape(this.normalised(name), [5, 5, inputs, LAYERS[name][1]]) as TF.Tensor4D;
      return bent(tf.add(tf.conv2d(x, filter, 2, 'same'), bias(name, LAYERS[name][1]))) as TF.Tensor4D;
    };
    let h = conv('conv1', tf.reshape(pixels, [-1, SIDE, SIDE, 1]) as TF.Tensor4D, 1);
    h = conv('conv2', h, 24);
    const flat = tf.reshape(h, [-1, LAYERS.dense[0]]) as TF.Tensor2D;
    const features = bent(
      tf.add(tf.matMul(flat, this.normalised('dense')), bias('dense', 128)),
    ) as TF.Tensor2D;
    const label = tf.matMul(labels, this.p.get('label/kernel', [K, 128], 0.1) as unknown as TF.Tensor2D);
    const plain = this.p.get('score/kernel', [1, 128], 0.1) as unknown as TF.Tensor2D;
    return tf.sum(tf.mul(features, tf.add(label, plain)), 1, true) as TF.Tensor2D;
  }

  dispose(): void {
    for (const { u, v } of this.singular.values()) {
      u.dispose();
      v.dispose();
    }
    this.p.dispose();
  }
}

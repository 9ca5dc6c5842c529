/** The networks of a functor of pictures: as they are trained, and as nodes of the contract's models. */
import type { ImageCodec } from '@deepfunctor/core';
import { attribute, type GraphBuilder, graph, writeModel } from '@deepfunctor/onnx';
import type * as TF from '@tensorflow/tfjs';
import type { Sides } from '../augment.js';
import { onnxConv, onnxDense, onnxMaxPool, onnxPicture, type Picture } from '../export.js';
import { conv, dense, type Parameters, type Weights } from '../nn.js';
import type { Contract } from './contract.js';
import { onnxBelief, onnxLanded } from './ends.js';

/** Style of pictures that are learned: S. */
export const PICTURE_STYLE = 6;

const CHANNELS = [16, 32, 48] as const;
const HIDDEN = 96;
const { int } = attribute;

/** Pictures `[n, height · width]` → logits of the `d` labels of the domain. */
export function see(p: Parameters, x: TF.Tensor2D, { height, width }: Sides, d: number): TF.Tensor2D {
  const { tf } = p;
  let h = tf.reshape(x, [-1, height, width, 1]) as TF.Tensor4D;
  h = conv(p, 'encode/conv1', h, CHANNELS[0], 5, 2);
  h = conv(p, 'encode/conv2', h, CHANNELS[1], 3);
  h = conv(p, 'encode/conv3', h, CHANNELS[2], 3, 2);
  h = tf.maxPool(h, 2, 2, 'same');
  const flat = tf.reshape(h, [x.shape[0], -1]) as TF.Tensor2D;
  return dense(p, 'encode/dense2', dense(p, 'encode/dense1', flat, HIDDEN, 'relu'), d, 'linear', 1);
}

/** Mean and logarithm of the variance of the style of pictures whose label is known, each `[n, S]`. */
export function styleOf(p: Parameters, x: TF.Tensor2D, y: TF.Tensor2D): [TF.Tensor2D, TF.Tensor2D] {
  const h = dense(p, 'style/dense1', p.tf.concat([x, y], 1) as TF.Tensor2D, HIDDEN, 'relu');
  return [
    dense(p, 'style/mean', h, PICTURE_STYLE, 'linear', 1),
    dense(p, 'style/logvar', h, PICTURE_STYLE, 'linear', 0.1),
  ];
}

/** Belief `[n, d]` and style `[n, S]` → logits of the pixels `[n, height · width]`. */
export function show(p: Parameters, y: TF.Tensor2D, style: TF.Tensor2D, size: number): TF.Tensor2D {
  const h = dense(p, 'decode/dense1', p.tf.concat([y, style], 1) as TF.Tensor2D, 128, 'relu');
  return dense(p, 'decode/dense3', dense(p, 'decode/dense2', h, 256, 'relu'), size, 'linear', 1);
}

export interface PictureModels {
  name: string;
  contract: Contract;
  codec: ImageCodec;
  /** Label indices. */
  domain: readonly number[];
}

/** `encode.onnx`: logits at a temperature are the belief. */
export function encodeModel(of: PictureModels, weights: Weights, temperature: number): Uint8Array {
  const { name, contract, codec, domain } = of;
  const g = graph(`${name}-encode`);
  const { height, width } = codec;
  const input = g.input('input', [null, 1, height, width]);
  let h: Picture = onnxPicture(input, [height, width, 1]);
  h = onnxConv(g, weights, 'encode/conv1', h, { stride: 2 });
  h = onnxConv(g, weights, 'encode/conv2', h);
  h = onnxMaxPool(g, onnxConv(g, weights, 'encode/conv3', h, { stride: 2 }));
  const logits = onnxDense(g, weights, 'encode/dense2', onnxDense(g, weights, 'encode/dense1', h, 'relu'));
  const latent = onnxLanded(g, contract, domain, logits, temperature);
  g.output('latent', latent, [null, contract.category.dimension]);
  g.output('style', styleNodes(g, weights, input, logits), [null, PICTURE_STYLE]);
  return writeModel(g.build({ producer: 'deepfunctor' }));
}

/** The style is read for the label that the picture is taken for. */
function styleNodes(g: GraphBuilder, weights: Weights, input: string, logits: string): string {
  const sharp = g.node('Mul', [logits, g.weight('style/sharpness', Float32Array.of(8), [])]);
  const label = g.node('Softmax', [sharp], { axis: int(1) });
  const pixels = g.node('Flatten', [input], { axis: int(1) });
  const both = g.node('Concat', [pixels, label], { axis: int(1) });
  return onnxDense(g, weights, 'style/mean', onnxDense(g, weights, 'style/dense1', both, 'relu'));
}

/** `decode.onnx`. */
export function decodeModel(of: PictureModels, weights: Weights): Uint8Array {
  const { name, contract, codec, domain } = of;
  const g = graph(`${name}-decode`);
  const latent = g.input('latent', [null, contract.category.dimension]);
  const style = g.input('style', [null, PICTURE_STYLE]);
  const belief = sharpened(g, onnxBelief(g, contract, domain, latent));
  let h = g.node('Concat', [belief, style], { axis: int(1) });
  h = onnxDense(g, weights, 'decode/dense1', h, 'relu');
  h = onnxDense(g, weights, 'decode/dense2', h, 'relu');
  const pixels = onnxDense(g, weights, 'decode/dense3', h, 'sigmoid');
  const sides = g.weight('sides', BigInt64Array.from([0, 1, codec.height, codec.width].map(BigInt)), [4]);
  g.output('output', g.node('Reshape', [pixels, sides]), [null, 1, codec.height, codec.width]);
  return writeModel(g.build({ producer: 'deepfunctor' }));
}

/** Squared twice, of sum 1 again: what is nearly certain is drawn as what is certain, which is what was taught. */
function sharpened(g: GraphBuilder, belief: string): string {
  const squared = g.node('Mul', [belief, belief]);
  const sharp = g.node('Mul', [squared, squared]);
  const axis = g.weight('sharp/axis', BigInt64Array.of(1n), [1]);
  return g.node('Div', [sharp, g.node('ReduceSum', [sharp, axis], { keepdims: int(1) })]);
}

/** The ONNX files of Fuzzy Digits: probe, support, encoders, decoders, morphisms. */
import { attribute, type GraphBuilder, graph, writeModel } from '@deepfunctor/onnx';
import {
  onnxAffine,
  onnxConv,
  onnxDense,
  onnxDenseToPicture,
  onnxMaxPool,
  onnxPicture,
  onnxSoftmax,
  onnxSubPixel,
  type Picture,
} from '../export.js';
import type { Weights } from '../nn.js';
import type { Space } from './extract.js';
import { DOTS_REACH, DRAWN_REACH, POOLED } from './networks.js';
import { SHARPENINGS } from './refine.js';
import { BITS, D, type FunctorName, K, SIDE, STYLE } from './settings.js';
import { DELTA, NORM } from './space.js';

const { float, int, ints } = attribute;
const LENGTH = NORM * Math.sqrt(D);
const finished = (g: GraphBuilder) => writeModel(g.build({ producer: 'deepfunctor' }));

/** A graph that can sum over the last axis. */
interface Net extends GraphBuilder {
  /** `[n, k]` → `[n, 1]`. */
  sum(x: string): string;
}

function net(name: string): Net {
  const g = graph(name);
  let axis: string | undefined;
  const sum = (x: string) => {
    axis ??= g.weight('axis', BigInt64Array.of(1n), [1]);
    return g.node('ReduceSum', [x, axis], { keepdims: int(1) });
  };
  return { ...g, sum };
}

/** Rows divided by their sums. */
const share = (g: Net, x: string) => g.node('Div', [x, g.sum(x)]);
const squared = (g: Net, x: string) => g.node('Mul', [x, x]);

/** latent → amplitudes along the frame, none below 0, `[n, K]` (not of unit length). */
function amplitudesOf(g: Net, latent: string, frame: Float32Array): string {
  const across = new Float32Array(D * K);
  for (let k = 0; k < K; k++) for (let d = 0; d < D; d++) across[d * K + k] = frame[k * D + d]! / LENGTH;
  return g.node('Relu', [g.node('MatMul', [latent, g.weight('frame/read', across, [D, K])])]);
}

function beliefOf(g: Net, latent: string, frame: Float32Array): string {
  return share(g, squared(g, amplitudesOf(g, latent, frame)));
}

/** amplitudes of unit length → latent. */
function written(g: Net, amplitudes: string, frame: Float32Array): string {
  const along = frame.map((v) => v * LENGTH);
  return g.node('MatMul', [amplitudes, g.weight('frame/write', along, [K, D])]);
}

export function probeModel({ frame }: Space): Uint8Array {
  const g = net('probe');
  g.output('distribution', beliefOf(g, g.input('latent', [null, D]), frame), [null, K]);
  return finished(g);
}

/** Distance from the cone of beliefs: root-mean-square of what the frame cannot say, as a part of the norm. */
export function supportModel({ frame }: Space): Uint8Array {
  const g = net('support');
  const latent = g.input('latent', [null, D]);
  const rest = g.node('Sub', [latent, written(g, amplitudesOf(g, latent, frame), frame)]);
  const mean = g.node('ReduceMean', [squared(g, rest)], { axes: ints([1]), keepdims: int(0) });
  g.output('distance', onnxAffine(g, 'norm', g.node('Sqrt', [mean]), 1 / NORM, 0), [null]);
  return finished(g);
}

/** The belief layer: read, drop what is below DELTA, renormalise, carry through the table, write. */
export function morphismModel(name: string, table: readonly number[], { frame }: Space): Uint8Array {
  const g = net(name);
  const belief = beliefOf(g, g.input('latent_0', [null, D]), frame);
  const kept = share(g, g.node('ThresholdedRelu', [belief], { alpha: float(DELTA) }));
  const matrix = new Float32Array(K * K);
  table.forEach((to, from) => {
    matrix[from * K + to] = 1;
  });
  const carried = g.node('MatMul', [kept, g.weight('table', matrix, [K, K])]);
  g.output('latent', written(g, g.node('Sqrt', [carried]), frame), [null, D]);
  return finished(g);
}

/** A format's tensor → latent, and the style where the format has one: `see` and `seeStyle` of networks.ts on the frame. */
export function encodeModel(f: FunctorName, weights: Weights, space: Space): Uint8Array {
  const g = net(`${f}-encode`);
  const name = `${f}/encode`;
  const dense = (layer: string, x: string | Picture, bent: boolean) =>
    onnxDense(g, weights, `${name}/${layer}`, x, bent ? 'relu' : 'linear');
  const picture =
    f === 'binary' ? undefined : onnxPicture(g.input('input', [null, 1, SIDE, SIDE]), [SIDE, SIDE, 1]);
  let logits: string;
  if (picture === undefined) {
    const signs = onnxAffine(g, `${name}/signs`, g.input('input', [null, BITS]), 2, -1);
    logits = dense('dense2', dense('dense1', signs, true), false);
  } else {
    const conv = (layer: string, x: Picture, stride = 1) =>
      onnxConv(g, weights, `${name}/${layer}`, x, { stride });
    const pooled = (x: Picture) => g.node('ReduceMean', [x.value], { axes: ints([2, 3]), keepdims: int(0) });
    const counts = f === 'dots';
    const near = conv('conv2', conv('conv1', counts ? conv('fine', picture) : picture, 2));
    const far = conv('conv4', conv('conv3', near, 2));
    const means = counts
      ? [
          onnxAffine(
            g,
            `${name}/pooled`,
            g.node('Concat', [pooled(near), pooled(far)], { axis: int(1) }),
            POOLED,
            0,
          ),
        ]
      : [];
    const features = onnxDense(g, weights, `${name}/dense1`, onnxMaxPool(g, far), 'relu', ...means);
    logits = dense('dense2', features, false);
  }
  const softmax = (constant: string, scale: number) =>
    onnxSoftmax(g, onnxAffine(g, `${name}/${constant}`, logits, scale / space.temperatures[f], 0));
  const half = softmax('temperature', 0.5);
  const amplitudes = g.node('Div', [half, g.node('Sqrt', [g.sum(squared(g, half))])]);
  g.output('latent', written(g, amplitudes, space.frame), [null, D]);
  if (picture !== undefined) {
    let h = onnxConv(g, weights, `${f}/style/conv1`, picture, { stride: 2 });
    h = onnxConv(g, weights, `${f}/style/conv2`, h, { stride: 2 });
    const belief = softmax('sharpness', 2 ** SHARPENINGS);
    const features = onnxDense(g, weights, `${f}/style/dense1`, h, 'relu', belief);
    g.output('style', onnxDense(g, weights, `${f}/style/mean`, features), [null, STYLE[f]]);
  }
  return finished(g);
}

/** `within` of networks.ts, at the reach of what ships. */
function within(g: Net, style: string): string {
  const reach = g.weight('reach', Float32Array.of(DRAWN_REACH), [1]);
  const distance = g.node('Sqrt', [g.sum(squared(g, style))]);
  return g.node('Mul', [style, g.node('Div', [reach, g.node('Max', [distance, reach])])]);
}

/** Each part of a style of dots, no farther from 0 than `DOTS_REACH`. */
function clipped(g: Net, style: string): string {
  const bound = (name: string, value: number) => g.weight(name, Float32Array.of(value), []);
  return g.node('Clip', [style, bound('least', -DOTS_REACH), bound('most', DOTS_REACH)]);
}

/** Latent (and style) → a format's tensor: `show` of networks.ts on the sharpened belief. */
export function decodeModel(f: FunctorName, weights: Weights, { frame }: Space): Uint8Array {
  const g = net(`${f}-decode`);
  const dense = (layer: string, x: string, activation: 'relu' | 'sigmoid') =>
    onnxDense(g, weights, `${f}/decode/${layer}`, x, activation);
  const conv = (layer: string, x: Picture, activation: 'relu' | 'sigmoid' = 'relu') =>
    onnxConv(g, weights, `${f}/decode/${layer}`, x, { activation });
  let power = amplitudesOf(g, g.input('latent', [null, D]), frame);
  for (let i = 0; i <= SHARPENINGS; i++) power = share(g, squared(g, power));
  if (f === 'binary') {
    g.output('output', dense('dense2', dense('dense1', power, 'relu'), 'sigmoid'), [null, BITS]);
    return finished(g);
  }
  const style = g.input('style', [null, STYLE[f]]);
  const h = dense(
    'dense1',
    g.node('Concat', [power, f === 'digits' ? within(g, style) : clipped(g, style)], { axis: int(1) }),
    'relu',
  );
  if (f === 'dots') {
    const pixels = dense('dense3', dense('dense2', h, 'relu'), 'sigmoid');
    const shape = g.weight('picture', BigInt64Array.of(0n, 1n, BigInt(SIDE), BigInt(SIDE)), [4]);
    g.output('output', g.node('Reshape', [pixels, shape]), [null, 1, SIDE, SIDE]);
    return finished(g);
  }
  const seed = onnxDenseToPicture(g, weights, `${f}/decode/dense2`, h, [7, 7, 48], 'relu');
  const grown = onnxSubPixel(g, conv('conv2', onnxSubPixel(g, conv('conv1', seed))));
  g.output('output', conv('conv3', grown, 'sigmoid').value, [null, 1, SIDE, SIDE]);
  return finished(g);
}

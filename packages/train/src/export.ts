/**
 * The layers of nn.ts as nodes of an ONNX graph, from the same named weights.
 *
 * TensorFlow.js keeps pictures as `[n, h, w, c]` and ONNX as `[n, c, h, w]`. Nothing is transposed when a model runs:
 * where a picture becomes a vector or a vector a picture, the rows or columns of the dense kernel change places here.
 */
import { attribute, type GraphBuilder } from '@deepfunctor/onnx';
import type { Activation, Weight, Weights } from './nn.js';

/** A value of shape `[n, channels, height, width]`. */
export interface Picture {
  value: string;
  height: number;
  width: number;
  channels: number;
}

/** `[n, c, h, w]`, an input for example. */
export function onnxPicture(value: string, [height, width, channels]: [number, number, number]): Picture {
  return { value, height, width, channels };
}

/**
 * nn.dense: `[n, in]` → `[n, out]`. A picture is flattened first, in the order of TensorFlow.js; `beside` `[n, more]` is
 * then concatenated to its right.
 */
export function onnxDense(
  g: GraphBuilder,
  weights: Weights,
  name: string,
  x: string | Picture,
  activation: Activation = 'linear',
  beside?: string,
): string {
  const kernel = weightOf(weights, `${name}/kernel`, 2);
  const flat = typeof x === 'string' ? x : g.node('Flatten', [x.value], { axis: attribute.int(1) });
  const row = typeof x === 'string' ? (i: number) => i : channelsLast(x);
  const joined = beside === undefined ? flat : g.node('Concat', [flat, beside], { axis: attribute.int(1) });
  return product(
    g,
    weights,
    name,
    joined,
    rearranged(kernel, row, (o) => o),
    (o) => o,
    activation,
  );
}

/** nn.dense followed by a reshape to `[n, height, width, channels]`: `[n, in]` → a picture. */
export function onnxDenseToPicture(
  g: GraphBuilder,
  weights: Weights,
  name: string,
  x: string,
  [height, width, channels]: [number, number, number],
  activation: Activation = 'linear',
): Picture {
  const kernel = weightOf(weights, `${name}/kernel`, 2);
  const sides = { height, width, channels };
  if (kernel.shape[1] !== height * width * channels)
    throw new Error(`“${name}” gives ${kernel.shape[1]} values, not ${height} × ${width} × ${channels}`);
  const column = channelsLast(sides);
  const flat = product(
    g,
    weights,
    name,
    x,
    rearranged(kernel, (i) => i, column),
    column,
    activation,
  );
  // 0 keeps the first axis as it is.
  const shape = g.weight(`${name}/shape`, BigInt64Array.from([0, channels, height, width].map(BigInt)), [4]);
  return { value: g.node('Reshape', [flat, shape]), ...sides };
}

/** nn.conv: same padding, placed as TensorFlow places it (an odd rest goes to the bottom and the right). */
export function onnxConv(
  g: GraphBuilder,
  weights: Weights,
  name: string,
  x: Picture,
  { stride = 1, activation = 'relu' as Activation } = {},
): Picture {
  const { shape, values } = weightOf(weights, `${name}/kernel`, 4);
  const [fh, fw, inputs, channels] = shape as [number, number, number, number];
  if (inputs !== x.channels) throw new Error(`“${name}” takes ${inputs} channels, not ${x.channels}`);
  // [fh, fw, in, out] → [out, in, fh, fw]
  const kernel = new Float32Array(values.length);
  for (let at = 0; at < fh * fw; at++)
    for (let i = 0; i < inputs; i++)
      for (let o = 0; o < channels; o++)
        kernel[(o * inputs + i) * fh * fw + at] = values[(at * inputs + i) * channels + o]!;
  const bias = weightOf(weights, `${name}/bias`, 1);
  const y = g.node(
    'Conv',
    [
      x.value,
      g.weight(`${name}/kernel`, kernel, [channels, inputs, fh, fw]),
      g.weight(`${name}/bias`, bias.values, bias.shape),
    ],
    windows(x, [fh, fw], stride),
  );
  return { value: activated(g, y, activation), ...halved(x, stride), channels };
}

/** tf.maxPool with windows of `size` × `size` and same padding. */
export function onnxMaxPool(g: GraphBuilder, x: Picture, size = 2, stride = size): Picture {
  const value = g.node('MaxPool', [x.value], windows(x, [size, size], stride));
  return { value, ...halved(x, stride), channels: x.channels };
}

/**
 * Sub-pixel upsampling: 4c channels → c channels and twice the sides; channel (a, b, k) of `[2, 2, c]` becomes channel k
 * of the pixel in row a, column b of each two by two.
 */
export function onnxSubPixel(g: GraphBuilder, x: Picture): Picture {
  if (x.channels % 4 !== 0) throw new Error(`${x.channels} channels cannot be spread over two by two pixels`);
  const value = g.node('DepthToSpace', [x.value], {
    blocksize: attribute.int(2),
    mode: attribute.string('DCR'),
  });
  return { value, height: 2 * x.height, width: 2 * x.width, channels: x.channels / 4 };
}

/** nn.normalise: rows of `[n, d]` scaled to root-mean-square `rms`. `name` is that of its constants. */
export function onnxNormalise(g: GraphBuilder, name: string, z: string, rms = 1): string {
  const mean = g.node('ReduceMean', [g.node('Mul', [z, z])], {
    axes: attribute.ints([1]),
    keepdims: attribute.int(1),
  });
  const length = g.node('Sqrt', [g.node('Add', [mean, scalar(g, `${name}/epsilon`, 1e-12)])]);
  const unit = g.node('Div', [z, length]);
  return rms === 1 ? unit : g.node('Mul', [unit, scalar(g, `${name}/rms`, rms)]);
}

/** Rows of `[n, k]` to probabilities. */
export function onnxSoftmax(g: GraphBuilder, logits: string): string {
  return g.node('Softmax', [logits], { axis: attribute.int(1) });
}

/** x · weight, for a weight `[in, out]` that stands by itself: `[n, in]` → `[n, out]`. */
export function onnxProduct(g: GraphBuilder, weights: Weights, name: string, x: string): string {
  const { shape, values } = weightOf(weights, name, 2);
  return g.node('MatMul', [x, g.weight(name, values, shape)]);
}

/** scale · x + shift. `name` is that of its constants. */
export function onnxAffine(g: GraphBuilder, name: string, x: string, scale: number, shift: number): string {
  const scaled = scale === 1 ? x : g.node('Mul', [x, scalar(g, `${name}/scale`, scale)]);
  return shift === 0 ? scaled : g.node('Add', [scaled, scalar(g, `${name}/shift`, shift)]);
}

function scalar(g: GraphBuilder, name: string, value: number): string {
  return g.weight(name, Float32Array.of(value), []);
}

function weightOf(weights: Weights, name: string, rank: number): Weight {
  const weight = weights[name];
  if (!weight) throw new Error(`there is no weight “${name}”`);
  if (weight.shape.length !== rank) throw new Error(`“${name}” has the shape [${weight.shape}]`);
  return weight;
}

/** Places of `[c, h, w]` → places of the same elements in `[h, w, c]`; what follows them stays. */
function channelsLast({ height, width, channels }: Omit<Picture, 'value'>): (place: number) => number {
  const area = height * width;
  return (place) => (place < area * channels ? (place % area) * channels + Math.floor(place / area) : place);
}

/** A kernel whose row i and column o are those at `row(i)` and `column(o)` of the given one. */
function rearranged(
  { shape, values }: Weight,
  row: (i: number) => number,
  column: (o: number) => number,
): Weight {
  const [inputs, outputs] = shape as [number, number];
  const kernel = new Float32Array(values.length);
  const columns = Array.from({ length: outputs }, (_, o) => column(o));
  for (let i = 0; i < inputs; i++)
    for (let o = 0; o < outputs; o++) kernel[i * outputs + o] = values[row(i) * outputs + columns[o]!]!;
  return { shape, values: kernel };
}

function product(
  g: GraphBuilder,
  weights: Weights,
  name: string,
  x: string,
  kernel: Weight,
  column: (o: number) => number,
  activation: Activation,
): string {
  const bias = weightOf(weights, `${name}/bias`, 1);
  const y = g.node('Gemm', [
    x,
    g.weight(`${name}/kernel`, kernel.values, kernel.shape),
    g.weight(
      `${name}/bias`,
      bias.values.map((_, o) => bias.values[column(o)]!),
      bias.shape,
    ),
  ]);
  return activated(g, y, activation);
}

function activated(g: GraphBuilder, x: string, activation: Activation): string {
  return activation === 'linear' ? x : g.node(activation === 'relu' ? 'Relu' : 'Sigmoid', [x]);
}

function halved({ height, width }: Picture, stride: number): { height: number; width: number } {
  return { height: Math.ceil(height / stride), width: Math.ceil(width / stride) };
}

/** Windows that cover a picture as TensorFlow's same padding does. */
function windows({ height, width }: Picture, [fh, fw]: [number, number], stride: number) {
  const missing = (side: number, size: number) =>
    Math.max(0, (Math.ceil(side / stride) - 1) * stride + size - side);
  const [rows, columns] = [missing(height, fh), missing(width, fw)];
  const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  return {
    kernel_shape: attribute.ints([fh, fw]),
    strides: attribute.ints([stride, stride]),
    pads: attribute.ints([top, left, rows - top, columns - left]),
  };
}

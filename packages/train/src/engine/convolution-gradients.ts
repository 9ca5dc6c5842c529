/**
 * The gradients of y = conv2d(x, filter) for the wasm backend, each written as a convolution, which that backend does
 * fast. With x `[n, h, w, in]`, filter `[fh, fw, in, out]`, y `[n, oh, ow, out]`, strides s and padding p:
 *
 *   ∂filter[a, b, i, o] = Σ  x[·, a + s·u − p, b + s·v − p, i] · dy[·, u, v, o]   over n, u, v:
 *     pictures are channels i, channels are rows n, and dy is a filter whose steps are s apart (dilations = strides);
 *   ∂x[·, r, c, i] = Σ  dy[·, u, v, o] · filter[r + p − s·u, c + p − s·v, i, o]   over u, v, o:
 *     dy with s − 1 zeros between its rows and columns, under the filter turned by 180° with in and out swapped.
 *
 * The backend has no kernel for the first, and one of plain loops for the second, which takes about six times as long.
 */
import type { NamedAttrMap, NamedTensorInfoMap, Tensor4D } from '@tensorflow/tfjs';
import type { Engine } from './types.js';

type Info = ReturnType<Engine['backend_util']['computeConv2DInfo']>;
type Shape4D = [number, number, number, number];
interface Attributes {
  strides: number | [number, number];
  pad: Parameters<Engine['backend_util']['computeConv2DInfo']>[4];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dataFormat?: string;
}

/** Registers both kernels, once; a kernel of the backend's own gives way. */
export function registerConvolutionGradients(tf: Engine): void {
  const register = (
    kernelName: string,
    compute: (inputs: Record<string, Tensor4D>, attributes: unknown) => Tensor4D,
  ) => {
    if (tf.getKernel(kernelName, 'wasm')) tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }) =>
        tf.tidy(() => compute(inputs as unknown as Record<string, Tensor4D>, attrs)),
    });
  };
  register('Conv2DBackpropFilter', ({ x, dy }, attributes) => {
    const { filterShape, ...rest } = attributes as Attributes & { filterShape: Shape4D };
    return gradientOfFilter(tf, x!, dy!, geometry(tf, x!.shape, filterShape, rest));
  });
  register('Conv2DBackpropInput', ({ dy, filter }, attributes) => {
    const { inputShape, ...rest } = attributes as Attributes & { inputShape: Shape4D };
    return gradientOfInput(tf, dy!, filter!, geometry(tf, inputShape, filter!.shape, rest));
  });
}

function geometry(tf: Engine, input: Shape4D, filter: Shape4D, attributes: Attributes): Info {
  const { strides, pad, dimRoundingMode, dataFormat = 'NHWC' } = attributes;
  if (dataFormat !== 'NHWC') throw new Error(`the wasm engine has no gradient of conv2d in ${dataFormat}`);
  return tf.backend_util.computeConv2DInfo(input, filter, strides, 1, pad, dimRoundingMode);
}

function gradientOfFilter(tf: Engine, x: Tensor4D, dy: Tensor4D, info: Info): Tensor4D {
  const { top, left } = info.padInfo;
  const bottom = (info.outHeight - 1) * info.strideHeight + info.filterHeight - info.inHeight - top;
  const right = (info.outWidth - 1) * info.strideWidth + info.filterWidth - info.inWidth - left;
  const gradient = padded(
    tf,
    tf.transpose(x, [3, 1, 2, 0]),
    tf.transpose(dy, [1, 2, 0, 3]),
    [top, bottom, left, right],
    [info.strideHeight, info.strideWidth],
  );
  return tf.transpose(gradient, [1, 2, 0, 3]);
}

function gradientOfInput(tf: Engine, dy: Tensor4D, filter: Tensor4D, info: Info): Tensor4D {
  const { strideHeight: down, strideWidth: across, outHeight, outWidth } = info;
  const top = info.filterHeight - 1 - info.padInfo.top;
  const left = info.filterWidth - 1 - info.padInfo.left;
  return padded(
    tf,
    spread(tf, dy, down, across),
    tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]),
    [
      top,
      info.inHeight + info.filterHeight - 1 - outHeight * down - top,
      left,
      info.inWidth + info.filterWidth - 1 - outWidth * across - left,
    ],
    [1, 1],
  );
}

/** Zeros after each row and column: `[n, h, w, c]` → `[n, h · down, w · across, c]`. */
function spread(tf: Engine, x: Tensor4D, down: number, across: number): Tensor4D {
  if (down === 1 && across === 1) return x;
  const [n, h, w, c] = x.shape;
  const none: [number, number] = [0, 0];
  const apart = tf.pad(tf.reshape(x, [n, h, 1, w, 1, c]), [
    none,
    none,
    [0, down - 1],
    none,
    [0, across - 1],
    none,
  ]);
  return tf.reshape(apart, [n, h * down, w * across, c]);
}

/** conv2d of stride 1 with padding top, bottom, left, right; a negative one cuts rows or columns off. */
function padded(
  tf: Engine,
  x: Tensor4D,
  filter: Tensor4D,
  padding: [number, number, number, number],
  dilations: [number, number],
): Tensor4D {
  const [n, h, w, c] = x.shape;
  const [cutTop, cutBottom, cutLeft, cutRight] = padding.map((p) => Math.max(0, -p)) as Shape4D;
  const [top, bottom, left, right] = padding.map((p) => Math.max(0, p)) as Shape4D;
  const cut = padding.some((p) => p < 0)
    ? tf.slice(x, [0, cutTop, cutLeft, 0], [n, h - cutTop - cutBottom, w - cutLeft - cutRight, c])
    : x;
  return tf.conv2d(
    cut,
    filter,
    1,
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    'NHWC',
    dilations,
  );
}

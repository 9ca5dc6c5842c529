import type { NamedAttrMap, NamedTensorInfoMap, Tensor4D } from '@tensorflow/tfjs';
import type { Engine } from './types.js';

interface Attributes {
  filterSize: number | [number, number];
  strides: number | [number, number];
  pad: Parameters<Engine['backend_util']['computePool2DInfo']>[4];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * Registers the gradient of y = maxPool(x) for the wasm backend: each dy goes to the first largest element of its
 * window, as on the native engine. The backend's own kernel gives it to the last of several equal ones, and loses it
 * where a window holds no positive value.
 */
export function registerPoolingGradient(tf: Engine): void {
  if (tf.getKernel('MaxPoolGrad', 'wasm')) tf.unregisterKernel('MaxPoolGrad', 'wasm');
  tf.registerKernel({
    kernelName: 'MaxPoolGrad',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }) => {
      const { dy, input } = inputs as unknown as Record<'dy' | 'input', Tensor4D>;
      const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as Attributes;
      const shape = input.shape;
      const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
      return tf.tensor(
        scatter(input.dataSync() as Float32Array, dy.dataSync() as Float32Array, info),
        shape,
        'float32',
      );
    },
  });
}

/** x and its gradient are `[n, h, w, c]`, dy is `[n, oh, ow, c]`, row-major. */
function scatter(
  x: Float32Array,
  dy: Float32Array,
  info: ReturnType<Engine['backend_util']['computePool2DInfo']>,
): Float32Array {
  const { batchSize, inHeight, inWidth, outHeight, outWidth, inChannels: c } = info;
  const dx = new Float32Array(x.length);
  const first = new Int32Array(c);
  for (let n = 0, out = 0; n < batchSize; n++)
    for (let row = 0; row < outHeight; row++)
      for (let column = 0; column < outWidth; column++, out += c) {
        const top = row * info.strideHeight - info.padInfo.top;
        const left = column * info.strideWidth - info.padInfo.left;
        const bottom = Math.min(inHeight, top + info.filterHeight);
        const right = Math.min(inWidth, left + info.filterWidth);
        first.fill(-1);
        for (let y = Math.max(0, top); y < bottom; y++)
          for (let z = Math.max(0, left); z < right; z++)
            for (let i = 0, at = ((n * inHeight + y) * inWidth + z) * c; i < c; i++, at++)
              if (first[i] === -1 || x[at]! > x[first[i]!]!) first[i] = at;
        for (let i = 0; i < c; i++) if (first[i] !== -1) dx[first[i]!]! += dy[out + i]!;
      }
  return dx;
}

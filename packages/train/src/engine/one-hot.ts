import type { NamedAttrMap, NamedTensorInfoMap, Tensor } from '@tensorflow/tfjs';
import type { Engine } from './types.js';

/**
 * Registers `oneHot` for the wasm backend. The backend's own kernel writes integers whatever type is asked for, so that
 * as floats its ones are 1.4e-45, and a cross-entropy against them is 0.
 */
export function registerOneHot(tf: Engine): void {
  if (tf.getKernel('OneHot', 'wasm')) tf.unregisterKernel('OneHot', 'wasm');
  tf.registerKernel({
    kernelName: 'OneHot',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }) => {
      const indices = inputs.indices as Tensor;
      const { depth, onValue, offValue, dtype } = attrs as unknown as {
        depth: number;
        onValue: number;
        offValue: number;
        dtype: 'float32' | 'int32';
      };
      const places = indices.dataSync();
      const length = places.length * depth;
      const values = dtype === 'float32' ? new Float32Array(length) : new Int32Array(length);
      values.fill(offValue);
      places.forEach((place, row) => {
        if (place >= 0 && place < depth) values[row * depth + place] = onValue;
      });
      return tf.tensor(values, [...indices.shape, depth], dtype);
    },
  });
}

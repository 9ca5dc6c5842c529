/** Models that several tests build. */
import { attribute, graph, type Model, type ModelPorts } from '../src/index.js';

/** A perceptron with weights that can be followed by hand: relu(x·W + b), 2 → 3, opset 17. */
export function perceptron(metadata: Record<string, string> = {}): Model {
  const g = graph('perceptron');
  const x = g.input('input', [null, 2]);
  const weights = g.weight('weights', new Float32Array([1, 2, 3, -1, -2, -3]), [2, 3]);
  const bias = g.weight('bias', new Float32Array([0, 0.5, 1]), [3]);
  g.output('latent', g.node('Relu', [g.node('Gemm', [x, weights, bias])]), [null, 3]);
  return g.build({ producer: 'test', metadata });
}

export const PERCEPTRON_PORTS: ModelPorts = {
  inputs: [{ name: 'input', shape: [null, 2] }],
  outputs: [{ name: 'latent', shape: [null, 3] }],
};

/** A model with every kind of attribute, also of value 0, and with nodes of several outputs. `[n, 4]` → `[n, 4]`. */
export function everyAttribute(): Model {
  const g = graph('every-attribute');
  const x = g.input('input', [null, 4]);
  const leaky = g.node('LeakyRelu', [x], { alpha: attribute.float(0) });
  const [low, high] = g.node(
    'Split',
    [leaky, g.weight('halves', new BigInt64Array([1n, 3n]), [2])],
    { axis: attribute.int(1) },
    2,
  );
  const joined = g.node('Concat', [high!, low!], { axis: attribute.int(-1) });
  const turned = g.node('Transpose', [joined], { perm: attribute.ints([1, 0]) });
  const picked = g.node('Gather', [turned, g.weight('rows', new BigInt64Array([3n, 2n, 1n, 0n]), [4])], {
    axis: attribute.int(0),
  });
  const back = g.node('Transpose', [picked], { perm: attribute.ints([1, 0]) });
  const shape = g.weight('image', new BigInt64Array([-1n, 1n, 2n, 2n]), [4]);
  const kernel = g.node('Constant', [], { value: attribute.tensor(new Float32Array([2]), [1, 1, 1, 1]) });
  const image = g.node('Conv', [g.node('Reshape', [back, shape]), kernel], {
    auto_pad: attribute.string('SAME_UPPER'),
  });
  const flat = g.node('Flatten', [image]);
  const offset = g.node('Constant', [], { value_floats: attribute.floats([0, 0.5, 1, 1.5]) });
  g.output('output', g.node('Add', [flat, offset]), [null, 4]);
  return g.build({ producer: 'test' });
}

/** What `everyAttribute` computes: the row, its negatives cut, rotated by one, reversed, doubled, plus 0, ½, 1, 1½. */
export function everyAttributeByHand(row: readonly number[]): number[] {
  const [a, b, c, d] = row.map((x) => Math.max(x, 0));
  return [a!, d!, c!, b!].map((x, index) => 2 * x + index / 2);
}

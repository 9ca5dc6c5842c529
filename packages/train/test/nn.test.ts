import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import { afterEach, describe, expect, test } from 'vitest';
import { conv, dense, normalise, Parameters, type Weights } from '../src/nn.js';
import { engines } from './engines.js';

const { tf } = await engines();
const made: Parameters[] = [];
function parameters(seed: number, initial: Weights = {}): Parameters {
  const p = new Parameters(tf, seed, initial);
  made.push(p);
  return p;
}
afterEach(() => {
  for (const p of made.splice(0)) p.dispose();
});
const read = (p: Parameters, name: string) => [...p.variables.get(name)!.dataSync()];

describe('parameters', () => {
  test('are the same for a seed and a name, whatever was asked for before', () => {
    const a = parameters(7);
    a.get('first', [3], 1);
    a.get('second', [2, 2], 1);
    const b = parameters(7);
    b.get('second', [2, 2], 1);
    expect(read(b, 'second')).toEqual(read(a, 'second'));
    const other = parameters(8);
    other.get('second', [2, 2], 1);
    expect(read(other, 'second')).not.toEqual(read(a, 'second'));
  });

  test('begin with the scale they are asked for, or with what was stored', () => {
    const p = parameters(1, { stored: { shape: [2], values: new Float32Array([5, 6]) } });
    p.get('drawn', [100, 100], 0.1);
    const values = read(p, 'drawn');
    const deviation = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
    expect(Math.abs(deviation - 0.1)).toBeLessThan(0.005);
    p.get('stored', [2], 1);
    expect(read(p, 'stored')).toEqual([5, 6]);
  });

  test('of a network are those whose names begin with its own', () => {
    const p = parameters(1);
    for (const name of ['add/read', 'add/write', 'adder/read']) p.get(name, [1], 1);
    expect(p.of('add')).toEqual([p.variables.get('add/read'), p.variables.get('add/write')]);
  });

  test('are gone after disposal', () => {
    const before = tf.memory().numTensors;
    const p = parameters(1);
    p.get('a', [4], 1);
    p.get('b', [4], 1);
    expect(tf.memory().numTensors).toBe(before + 2);
    p.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('layers', () => {
  test('dense is x · kernel + bias, then its activation', () => {
    const p = parameters(1, {
      'l/kernel': { shape: [2, 3], values: new Float32Array([1, 2, 3, 4, 5, 6]) },
      'l/bias': { shape: [3], values: new Float32Array([0, -20, 1]) },
    });
    const x = [[1, 2]];
    const values = (activation?: 'relu' | 'sigmoid') =>
      tf.tidy(() => [...dense(p, 'l', tf.tensor2d(x), 3, activation).dataSync()]);
    expect(values()).toEqual([9, -8, 16]);
    expect(values('relu')).toEqual([9, 0, 16]);
    expect(values('sigmoid')[1]).toBeCloseTo(1 / (1 + Math.exp(8)), 6);
  });

  test('conv sums each window with its edges padded, and strides halve the sides', () => {
    const p = parameters(1, {
      'c/kernel': { shape: [3, 3, 1, 2], values: new Float32Array(18).map((_, i) => (i % 2 ? -1 : 1)) },
      'c/bias': { shape: [2], values: new Float32Array([0.5, 0]) },
    });
    const [shape, relu, linear] = tf.tidy(() => {
      const x = tf.ones([1, 4, 4, 1]) as Tensor4D;
      const halved = conv(p, 'c', x, 2, 3, 2);
      return [halved.shape, [...halved.dataSync()], [...conv(p, 'c', x, 2, 3, 2, 'linear').dataSync()]];
    });
    expect(shape).toEqual([1, 2, 2, 2]);
    // TensorFlow pads even sides at the bottom and right only.
    expect(relu).toEqual([9.5, 0, 6.5, 0, 6.5, 0, 4.5, 0]);
    expect(linear).toEqual([9.5, -9, 6.5, -6, 6.5, -6, 4.5, -4]);
  });

  test('normalise gives each row the root-mean-square it is told, and a row of zeros stays zeros', () => {
    const rows = tf.tidy(() =>
      normalise(
        tf,
        tf.tensor2d([
          [3, 4],
          [-0.001, 0],
          [0, 0],
        ]) as Tensor2D,
        2,
      ).arraySync(),
    );
    expect(rows[0]![0]).toBeCloseTo((3 / Math.sqrt(12.5)) * 2, 5);
    expect(rows[1]![0]).toBeCloseTo(-2 * Math.SQRT2, 4);
    expect(rows[2]).toEqual([0, 0]);
  });
});

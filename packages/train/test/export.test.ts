import { type GraphBuilder, graph, writeModel } from '@deepfunctor/onnx';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import fc from 'fast-check';
import { InferenceSession, Tensor as Values } from 'onnxruntime-node';
import { afterAll, describe, expect, test, vi } from 'vitest';
import {
  onnxAffine,
  onnxConv,
  onnxDense,
  onnxDenseToPicture,
  onnxMaxPool,
  onnxNormalise,
  onnxPicture,
  onnxProduct,
  onnxSoftmax,
  onnxSubPixel,
} from '../src/export.js';
import { conv, dense, normalise, Parameters, type Weights } from '../src/nn.js';
import { Random } from '../src/random.js';
import { engines } from './engines.js';

vi.setConfig({ testTimeout: 60_000 });
const { tf } = await engines();
const made: Parameters[] = [];
afterAll(() => {
  for (const p of made) p.dispose();
});

type Build = (g: GraphBuilder, weights: Weights, inputs: string[]) => string;
type Compute = (p: Parameters, inputs: Tensor[]) => Tensor;

const transposed = { picture: [0, 2, 3, 1], back: [0, 3, 1, 2] };

/**
 * The largest difference of a network in tfjs and of its export in onnxruntime, on the same random input and weights
 * (biases too), against the largest output. Shapes are without the first axis; a picture's is `[h, w, c]`.
 */
async function difference(shapes: number[][], compute: Compute, build: Build, seed = 1): Promise<number> {
  const n = 3;
  const inputs = shapes.map((shape, i) => {
    const size = n * shape.reduce((a, b) => a * b, 1);
    return tf.tensor(new Random(seed, i).normals(size), [n, ...shape]);
  });
  // The first run makes the weights; then biases, which begin as zeros, are drawn too.
  const first = new Parameters(tf, seed);
  tf.tidy(() => void compute(first, inputs));
  const weights: Weights = {};
  for (const [name, variable] of first.variables) {
    const values = Float32Array.from(variable.dataSync());
    const random = new Random(seed, values.length);
    weights[name] = {
      shape: variable.shape.slice(),
      values: name.endsWith('/bias') ? values.map(() => random.normal() / 2) : values,
    };
  }
  const p = new Parameters(tf, seed, weights);
  made.push(first, p);
  const expected = tf.tidy(() => {
    const y = compute(p, inputs);
    return (y.rank === 4 ? tf.transpose(y, transposed.back) : y).dataSync();
  });

  const g = graph('exported');
  const names = shapes.map((shape, i) =>
    g.input(`x${i}`, shape.length === 3 ? [null, shape[2]!, shape[0]!, shape[1]!] : [null, ...shape]),
  );
  const value = build(g, weights, names);
  const rank = tf.tidy(() => compute(p, inputs).shape);
  const [, ...sides] = rank.length === 4 ? transposed.back.map((axis) => rank[axis]!) : rank;
  g.output('y', value, [null, ...sides]);
  const session = await InferenceSession.create(writeModel(g.build({ producer: 'test' })));
  const feeds = Object.fromEntries(
    inputs.map((x, i) => {
      const turned = tf.tidy(() => (x.rank === 4 ? tf.transpose(x, transposed.back) : tf.clone(x)));
      const feed = new Values('float32', Float32Array.from(turned.dataSync()), turned.shape.slice());
      tf.dispose([x, turned]);
      return [names[i]!, feed];
    }),
  );
  const { y } = await session.run(feeds);
  expect(y!.dims).toEqual([n, ...sides]);
  const found = y!.data as Float32Array;
  await session.release();
  expect(expected.some((v) => v !== 0)).toBe(true);
  let apart = 0;
  let largest = 1;
  expected.forEach((v, i) => {
    largest = Math.max(largest, Math.abs(v));
    const far = Math.abs(v - found[i]!);
    apart = Math.max(apart, Number.isNaN(far) ? Number.POSITIVE_INFINITY : far);
  });
  return apart / largest;
}

const flat = (x: Tensor) => tf.reshape(x, [x.shape[0]!, -1]) as Tensor2D;

/** Channels of a two by two block to pixels, as the networks write it. */
function subPixel(x: Tensor4D): Tensor4D {
  const [, h, w, c4] = x.shape;
  const spread = tf.transpose(tf.reshape(x, [-1, h, w, 2, 2, c4 / 4]), [0, 1, 3, 2, 4, 5]);
  return tf.reshape(spread, [-1, 2 * h, 2 * w, c4 / 4]) as Tensor4D;
}

describe('an exported network computes what it did in training:', () => {
  test.each([
    [32, 32, 64, 96],
    [24, 32, 64, 64],
  ])('an encoder of pictures with %i, %i, %i and %i channels', async (c1, c2, c3, c4) => {
    const apart = await difference(
      [[28, 28, 1]],
      (p, [x]) => {
        let h = conv(p, 'e/conv1', x as Tensor4D, c1, 5, 2);
        h = conv(p, 'e/conv2', h, c2, 3);
        h = conv(p, 'e/conv3', h, c3, 3, 2);
        h = tf.maxPool(conv(p, 'e/conv4', h, c4, 3), 2, 2, 'same');
        return dense(p, 'e/dense2', dense(p, 'e/dense1', flat(h), 128, 'relu'), 10);
      },
      (g, w, [x]) => {
        let h = onnxConv(g, w, 'e/conv1', onnxPicture(x!, [28, 28, 1]), { stride: 2 });
        h = onnxConv(g, w, 'e/conv2', h);
        h = onnxConv(g, w, 'e/conv3', h, { stride: 2 });
        h = onnxMaxPool(g, onnxConv(g, w, 'e/conv4', h));
        return onnxDense(g, w, 'e/dense2', onnxDense(g, w, 'e/dense1', h, 'relu'));
      },
    );
    expect(apart).toBeLessThan(1e-5);
  });

  test('an encoder of style, which sees a picture and a belief beside it', async () => {
    const apart = await difference(
      [[28, 28, 1], [10]],
      (p, [x, belief]) => {
        const h = conv(p, 's/conv2', conv(p, 's/conv1', x as Tensor4D, 16, 5, 2), 32, 5, 2);
        const f = dense(p, 's/dense1', tf.concat([flat(h), belief as Tensor2D], 1), 96, 'relu');
        return dense(p, 's/mean', f, 8);
      },
      (g, w, [x, belief]) => {
        const first = onnxConv(g, w, 's/conv1', onnxPicture(x!, [28, 28, 1]), { stride: 2 });
        const h = onnxConv(g, w, 's/conv2', first, { stride: 2 });
        return onnxDense(g, w, 's/mean', onnxDense(g, w, 's/dense1', h, 'relu', belief!));
      },
    );
    expect(apart).toBeLessThan(1e-5);
  });

  test('a decoder to pictures by sub-pixel convolutions', async () => {
    const apart = await difference(
      [[40]],
      (p, [x]) => {
        const h = dense(p, 'd/dense1', x as Tensor2D, 128, 'relu');
        let y = tf.reshape(dense(p, 'd/dense2', h, 7 * 7 * 48, 'relu'), [-1, 7, 7, 48]) as Tensor4D;
        y = subPixel(conv(p, 'd/conv1', y, 4 * 32, 3));
        y = subPixel(conv(p, 'd/conv2', y, 4 * 16, 3));
        return tf.sigmoid(conv(p, 'd/conv3', y, 1, 3, 1, 'linear', 1));
      },
      (g, w, [x]) => {
        const h = onnxDense(g, w, 'd/dense1', x!, 'relu');
        let y = onnxDenseToPicture(g, w, 'd/dense2', h, [7, 7, 48], 'relu');
        y = onnxSubPixel(g, onnxConv(g, w, 'd/conv1', y));
        y = onnxSubPixel(g, onnxConv(g, w, 'd/conv2', y));
        return onnxConv(g, w, 'd/conv3', y, { activation: 'sigmoid' }).value;
      },
    );
    expect(apart).toBeLessThan(1e-5);
  });

  test('a decoder to pictures by dense layers, of several channels', async () => {
    const apart = await difference(
      [[37]],
      (p, [x]) => {
        const h = dense(p, 'd/dense1', x as Tensor2D, 256, 'relu');
        return tf.reshape(dense(p, 'd/dense2', h, 12 * 10 * 3, 'sigmoid'), [-1, 12, 10, 3]);
      },
      (g, w, [x]) => {
        const h = onnxDense(g, w, 'd/dense1', x!, 'relu');
        return onnxDenseToPicture(g, w, 'd/dense2', h, [12, 10, 3], 'sigmoid').value;
      },
    );
    expect(apart).toBeLessThan(1e-5);
  });

  test('a morphism: a belief read, carried through a table, written and normalised', async () => {
    const apart = await difference(
      [[32]],
      (p, [z]) => {
        const belief = tf.softmax(dense(p, 'm/read', tf.sub(tf.mul(z!, 2), 1) as Tensor2D, 10));
        const carried = tf.matMul(belief, p.get('m/table', [10, 10], 1) as unknown as Tensor2D);
        const code = p.get('m/code', [10, 32], 1) as unknown as Tensor2D;
        return normalise(tf, tf.matMul(carried, code) as Tensor2D, 1.5);
      },
      (g, w, [z]) => {
        const belief = onnxSoftmax(g, onnxDense(g, w, 'm/read', onnxAffine(g, 'm/signed', z!, 2, -1)));
        const carried = onnxProduct(g, w, 'm/table', belief);
        return onnxNormalise(g, 'm/norm', onnxProduct(g, w, 'm/code', carried), 1.5);
      },
    );
    expect(apart).toBeLessThan(1e-5);
  });

  test('convolutions and pooling of any size and stride, on pictures of any sides', async () => {
    const geometry = fc.record({
      h: fc.integer({ min: 1, max: 9 }),
      w: fc.integer({ min: 1, max: 9 }),
      size: fc.integer({ min: 1, max: 5 }),
      stride: fc.integer({ min: 1, max: 3 }),
      pooled: fc.integer({ min: 2, max: 3 }),
      seed: fc.nat(1000),
    });
    await fc.assert(
      fc.asyncProperty(geometry, async ({ h, w, size, stride, pooled, seed }) => {
        fc.pre(size === 1 || size >= stride);
        const apart = await difference(
          [[h, w, 2]],
          (p, [x]) => tf.maxPool(conv(p, 'c', x as Tensor4D, 3, size, stride, 'linear'), pooled, 2, 'same'),
          (g, weights, [x]) => {
            const y = onnxConv(g, weights, 'c', onnxPicture(x!, [h, w, 2]), { stride, activation: 'linear' });
            return onnxMaxPool(g, y, pooled, 2).value;
          },
          seed,
        );
        expect(apart).toBeLessThan(1e-5);
      }),
      { numRuns: 40 },
    );
  });
});

describe('an export refuses', () => {
  const weights: Weights = {
    'l/kernel': { shape: [2, 3], values: new Float32Array(6) },
    'l/bias': { shape: [3], values: new Float32Array(3) },
  };
  test('a weight that is not there or of another rank', () => {
    const g = graph('wrong');
    const x = g.input('x', [null, 2]);
    expect(() => onnxDense(g, weights, 'm', x)).toThrow('there is no weight “m/kernel”');
    expect(() => onnxConv(g, weights, 'l', onnxPicture(x, [1, 1, 2]))).toThrow('has the shape [2,3]');
  });
  test('a picture that the values do not fill', () => {
    const g = graph('wrong');
    const x = g.input('x', [null, 2]);
    expect(() => onnxDenseToPicture(g, weights, 'l', x, [2, 2, 1])).toThrow('gives 3 values, not 2 × 2 × 1');
    expect(() => onnxSubPixel(g, onnxPicture(x, [1, 1, 2]))).toThrow('2 channels cannot be spread');
  });
});

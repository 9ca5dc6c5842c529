import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Adam } from '../src/adam.js';
import { bitEntropy, rowEntropy } from '../src/losses.js';
import { Parameters } from '../src/nn.js';
import { engines } from './engines.js';

const { tf } = await engines();
const close = (found: Iterable<number>, meant: Iterable<number>, within = 1e-5) => {
  const [a, b] = [[...found], [...meant]];
  expect(a.length).toBe(b.length);
  expect(Math.max(...a.map((v, i) => Math.abs(v - b[i]!)))).toBeLessThan(within);
};

test('few weights in memory and many on the engine move alike, moments and averages included', () => {
  const run = (many: boolean) => {
    const p = new Parameters(tf, 3);
    p.get('a', [4, 3], 1);
    p.get('b', [3], 1);
    // Of the same optimiser, but in no loss.
    if (many) p.get('rest', [20_000], 1);
    const adam = new Adam(p, { clip: 0.5, average: 0.9 });
    const target = tf.tensor2d([1, -2, 3, 0.5, 2, -1], [2, 3]);
    const x = tf.tensor2d([1, 2, 3, 4, -1, 0, 1, 2], [2, 4]);
    const loss = (step: number) => {
      const y = tf.matMul(x, p.variables.get('a') as unknown as Tensor2D);
      // Every third step without the bias, which then keeps its moments.
      const z = step % 3 === 2 ? y : tf.add(y, p.variables.get('b') as unknown as Tensor1D);
      return tf.losses.meanSquaredError(target, z) as Scalar;
    };
    const losses = Array.from({ length: 30 }, (_, step) =>
      adam.step([...p.variables.keys()], () => loss(step), 0.05),
    );
    const { tensors, steps } = adam.store();
    const averages = adam.averages();
    const before = tf.memory().numTensors;
    adam.step(['a', 'b'], () => loss(0), 0.05);
    expect(tf.memory().numTensors).toBe(before);
    adam.dispose();
    p.dispose();
    tf.dispose([target, x]);
    return { losses, tensors, steps, averages };
  };
  const tensors = tf.memory().numTensors;
  const [few, many] = [run(false), run(true)];
  expect(tf.memory().numTensors).toBe(tensors);
  expect(few.losses.at(-1)).toBeLessThan(0.5 * few.losses[0]!);
  close(few.losses, many.losses);
  expect(few.steps).toEqual({ a: 30, b: 20 });
  expect(many.steps).toEqual(few.steps);
  for (const name of ['a', 'b']) {
    close(few.averages[name]!.values, many.averages[name]!.values);
    for (const part of ['weight', 'first', 'second', 'average'])
      close(few.tensors[`${part}:${name}`]!.values, many.tensors[`${part}:${name}`]!.values);
  }
});

const value = fc.double({ min: -8, max: 8, noNaN: true });
/** Rows of numbers, all as long. */
const matrix = (of: fc.Arbitrary<number>) =>
  fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 2, max: 6 }))
    .chain(([n, m]) =>
      fc.array(fc.array(of, { minLength: m, maxLength: m }), { minLength: n, maxLength: n }),
    );

test('the loss of logits, and its gradient, are those of the engine’s softmax cross-entropy', () => {
  fc.assert(
    fc.property(matrix(value), fc.integer(), (logits, seed) =>
      tf.tidy(() => {
        const x = tf.tensor2d(logits);
        const wanted = tf.softmax(tf.randomNormal(x.shape, 0, 2, 'float32', seed)) as Tensor2D;
        const theirs = (each: Tensor2D) => tf.losses.softmaxCrossEntropy(wanted, each) as Scalar;
        const loss = rowEntropy(tf, wanted);
        close(loss.of(x).dataSync(), theirs(x).dataSync(), 1e-4);
        close(
          tf
            .grad((each) => loss.of(each as Tensor2D))(x)
            .dataSync(),
          tf
            .grad(theirs as never)(x)
            .dataSync(),
        );
        loss.dispose();
      }),
    ),
  );
});

test('the loss of probabilities, and its gradient, are those of the engine’s log loss', () => {
  const probability = fc.double({ min: 0.01, max: 0.99, noNaN: true });
  fc.assert(
    fc.property(matrix(probability), fc.integer(), (shown, seed) =>
      tf.tidy(() => {
        const x = tf.tensor2d(shown);
        const wanted = tf.cast(tf.randomUniform(x.shape, 0, 2, 'int32', seed), 'float32') as Tensor2D;
        const theirs = (each: Tensor2D) => tf.losses.logLoss(wanted, each) as Scalar;
        const loss = bitEntropy(tf, wanted);
        close(loss.of(x).dataSync(), theirs(x).dataSync());
        const [ours, engine] = [(each: never) => loss.of(each), theirs as never].map((f) =>
          tf.grad(f as never)(x),
        );
        const scale = Math.max(1, ...engine!.abs().dataSync());
        close(ours!.dataSync(), engine!.dataSync(), 1e-4 * scale);
        loss.dispose();
      }),
    ),
  );
});

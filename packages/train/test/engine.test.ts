import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Scalar, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { openEngine } from '../src/engine.js';
import { Random } from '../src/random.js';
import { engines } from './engines.js';

// The plain-JS reference is slow, more so beside other work.
vi.setConfig({ testTimeout: 60_000 });
const { tf, present } = await engines();
const native = present.includes('native');
const BACKENDS = { wasm: 'wasm', native: 'tensorflow', plain: 'cpu' } as const;
type Where = keyof typeof BACKENDS;
/** What the wasm engine is compared with: TensorFlow.js's own reference, and the native engine. */
const REFERENCES: Where[] = native ? ['plain', 'native'] : ['plain'];

/** The values of some tensors that one engine computes. */
async function on(where: Where, compute: () => Tensor[]): Promise<Float32Array[]> {
  await tf.setBackend(BACKENDS[where]);
  const tensors = tf.tidy(compute);
  const values = tensors.map((tensor) => Float32Array.from(tensor.dataSync()));
  tf.dispose(tensors);
  return values;
}

/** The largest difference of two lists of arrays, against the largest value. */
function difference(a: Float32Array[], b: Float32Array[]): number {
  expect(a.map((values) => values.length)).toEqual(b.map((values) => values.length));
  return Math.max(
    ...a.map((values, part) => {
      let largest = 1;
      let apart = 0;
      values.forEach((value, i) => {
        largest = Math.max(largest, Math.abs(b[part]![i]!));
        // A NaN on one side only is as far away as can be.
        const far = Math.abs(value - b[part]![i]!);
        apart = Math.max(apart, Number.isNaN(far) ? Number.POSITIVE_INFINITY : far);
      });
      return apart / largest;
    }),
  );
}

async function agree(compute: () => Tensor[], references = REFERENCES): Promise<void> {
  const wasm = await on('wasm', compute);
  for (const where of references) {
    const reference = await on(where, compute);
    expect(reference.some((values) => values.some((value) => value !== 0))).toBe(true);
    expect(difference(wasm, reference)).toBeLessThan(2e-5);
  }
}

const side = fc.integer({ min: 1, max: 9 });
const few = fc.integer({ min: 1, max: 4 });
type Sides = [number, number];
/** Any convolution with at least one window, but what the engine is known to compute wrongly (see its docstring). */
const convolution = fc
  .record({
    n: few,
    h: side,
    w: side,
    inputs: few,
    outputs: few,
    size: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
    strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    kind: fc.constantFrom('same', 'valid', 'explicit'),
    explicit: fc.array(fc.nat(4), { minLength: 4, maxLength: 4 }),
    seed: fc.nat(1000),
  })
  .map(({ explicit, kind, ...rest }) => {
    // No window lies in the padding alone.
    const [top, bottom, left, right] = explicit.map((p, i) => p % rest.size[i < 2 ? 0 : 1]) as [
      number,
      number,
      number,
      number,
    ];
    const numbers: [Sides, Sides, Sides, Sides] = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
    return { ...rest, pad: kind === 'explicit' ? numbers : kind };
  })
  .filter(
    ({ size, strides }) => Math.max(...size) === 1 || size.every((length, axis) => length >= strides[axis]!),
  )
  .filter(({ h, w, size, pad }) => {
    if (pad === 'same') return true;
    const [rows, columns] =
      typeof pad === 'string'
        ? [
            [0, 0],
            [0, 0],
          ]
        : [pad[1]!, pad[2]!];
    return h + rows[0]! + rows[1]! >= size[0] && w + columns[0]! + columns[1]! >= size[1];
  });

function normal(seed: number, shape: number[]): Tensor {
  return tf.tensor(new Random(seed, shape.length).normals(shape.reduce((a, b) => a * b, 1)), shape);
}

describe('on the wasm engine', () => {
  test('both gradients of a convolution are those of the reference and of the native engine', async () => {
    await fc.assert(
      fc.asyncProperty(convolution, async ({ n, h, w, inputs, outputs, size, strides, pad, seed }) => {
        await agree(
          () => {
            const x = normal(seed, [n, h, w, inputs]) as Tensor4D;
            const filter = normal(seed + 1, [...size, inputs, outputs]) as Tensor4D;
            const convolve = (x: Tensor, filter: Tensor) =>
              tf.conv2d(x as Tensor4D, filter as Tensor4D, strides, pad as 'same');
            const dy = normal(seed + 2, convolve(x, filter).shape);
            return tf.grads(convolve)([x, filter], dy);
            // The native engine has no gradients for padding in numbers.
          },
          typeof pad === 'string' ? REFERENCES : ['plain'],
        );
      }),
      { numRuns: 150 },
    );
  });

  test('a transposed convolution and its gradients are those of the others', async () => {
    const geometry = fc.record({
      h: side,
      w: side,
      c: few,
      stride: fc.constantFrom(1, 2, 3),
      size: fc.integer({ min: 1, max: 5 }),
      seed: fc.nat(1000),
    });
    await fc.assert(
      fc.asyncProperty(geometry, async ({ h, w, c, stride, size, seed }) => {
        fc.pre(size >= stride);
        await agree(() => {
          const x = normal(seed, [2, h, w, c]);
          const filter = normal(seed + 1, [size, size, 3, c]);
          const enlarge = (x: Tensor, filter: Tensor) =>
            tf.conv2dTranspose(
              x as Tensor4D,
              filter as Tensor4D,
              [2, h * stride, w * stride, 3],
              stride,
              'same',
            );
          const y = enlarge(x, filter);
          return [y, ...tf.grads(enlarge)([x, filter], normal(seed + 2, y.shape))];
        });
      }),
      { numRuns: 60 },
    );
  });

  test('the gradient of a pooled maximum is that of the others, for odd sides too', async () => {
    const geometry = fc.record({
      h: side,
      w: side,
      size: fc.integer({ min: 2, max: 4 }),
      stride: few,
      seed: fc.nat(1000),
    });
    await fc.assert(
      fc.asyncProperty(geometry, async ({ h, w, size, stride, seed }) => {
        await agree(() => {
          // Rounded, so that some elements of a window are equal.
          const x = tf.round(normal(seed, [2, h, w, 3]));
          const pool = (x: Tensor) => tf.maxPool(x as Tensor4D, size, stride, 'same');
          const y = pool(x);
          return [y, tf.grad(pool)(x, normal(seed + 1, y.shape))];
        });
      }),
      { numRuns: 60 },
    );
  });

  test('one-hot rows are those of the others, whatever their type and values', async () => {
    const rows = fc.record({
      places: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 9 }),
      depth: fc.integer({ min: 6, max: 8 }),
      type: fc.constantFrom('float32' as const, 'int32' as const),
      values: fc.constantFrom([1, 0], [3, -2]),
    });
    await fc.assert(
      fc.asyncProperty(rows, async ({ places, depth, type, values: [yes, no] }) => {
        await agree(() => [tf.oneHot(tf.tensor1d(places, 'int32'), depth, yes, no, type)]);
      }),
      { numRuns: 30 },
    );
  });

  test('nothing is left behind by a gradient', async () => {
    await tf.setBackend('wasm');
    const x = normal(1, [2, 8, 8, 3]);
    const filter = normal(2, [3, 3, 3, 4]);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 3; i++)
      tf.dispose(
        tf.grads((x, filter) => tf.conv2d(x as Tensor4D, filter as Tensor4D, 2, 'same'))([x, filter]),
      );
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([x, filter]);
  });
});

describe.skipIf(!native)('on the native engine', () => {
  test('step is that of the reference, also at zero and for a slope below it', async () => {
    const values = fc.record({
      x: fc.array(fc.constantFrom(-2, -0.5, -0, 0, 1e-6, 3), { minLength: 1, maxLength: 12 }),
      alpha: fc.constantFrom(0, 0.25),
    });
    await openEngine('native'); // once more: nothing is registered twice
    await fc.assert(
      fc.asyncProperty(values, async ({ x, alpha }) => {
        const compute = () => [tf.step(tf.tensor1d(x), alpha)];
        expect(await on('native', compute)).toEqual(await on('plain', compute));
      }),
      { numRuns: 50 },
    );
  });
});

/** A few steps of Adam on a small network with every kind of layer that the recipes use; returns the losses. */
async function train(where: Where): Promise<number[]> {
  await tf.setBackend(BACKENDS[where]);
  const shapes = [
    [5, 5, 1, 8],
    [3, 3, 8, 8],
    [128, 12],
    [12, 16],
    [3, 3, 4, 8],
    [3, 3, 2, 2],
  ];
  const weights = shapes.map((shape, i) => {
    const drawn = normal(i, shape);
    const variable = tf.variable(tf.mul(drawn, Math.sqrt(2 / shape.slice(0, -1).reduce((a, b) => a * b))));
    drawn.dispose();
    return variable;
  });
  const biases = [8, 8, 8].map((size) => tf.variable(tf.zeros([size])));
  const x = tf.sigmoid(normal(9, [16, 14, 14, 1])) as Tensor4D;
  const labels = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: 16 }, (_, i) => i % 10),
      'int32',
    ),
    10,
    1,
    0,
    'float32',
  );
  const conv = (x: Tensor, layer: number, bias: number, strides: number) =>
    tf.fused.conv2d({
      x: x as Tensor4D,
      filter: weights[layer] as unknown as Tensor4D,
      strides,
      pad: 'same',
      bias: biases[bias] as unknown as Tensor,
      activation: 'relu',
    });
  const loss = () => {
    const seen = tf.maxPool(conv(conv(x, 0, 0, 2), 1, 1, 1), 2, 2, 'same');
    const hidden = tf.matMul(tf.reshape(seen, [16, 128]) as Tensor2D, weights[2] as unknown as Tensor2D);
    const logits = tf.slice(hidden, [0, 0], [16, 10]);
    const latent = tf.concat([tf.softmax(logits), tf.slice(hidden, [0, 10], [16, 2])], 1) as Tensor2D;
    const norm = tf.rsqrt(tf.add(tf.mean(tf.square(latent), 1, true), 1e-12));
    let shown = tf.reshape(tf.matMul(tf.mul(latent, norm), weights[3] as unknown as Tensor2D), [16, 2, 2, 4]);
    shown = conv(shown, 4, 2, 1);
    shown = tf.reshape(
      tf.transpose(tf.reshape(shown, [16, 2, 2, 2, 2, 2]), [0, 1, 3, 2, 4, 5]),
      [16, 4, 4, 2],
    );
    shown = tf.conv2dTranspose(
      shown as Tensor4D,
      weights[5] as unknown as Tensor4D,
      [16, 8, 8, 2],
      2,
      'same',
    );
    const target = tf.slice(x, [0, 3, 3, 0], [16, 8, 8, 1]);
    return tf.add(
      tf.losses.softmaxCrossEntropy(labels, logits),
      tf.losses.sigmoidCrossEntropy(tf.tile(target, [1, 1, 1, 2]), shown),
    ) as Scalar;
  };
  const adam = tf.train.adam(0.01);
  const losses: number[] = [];
  const held: number[] = [];
  for (let step = 0; step < 6; step++) {
    const value = adam.minimize(loss, true, [...weights, ...biases])!;
    losses.push(value.dataSync()[0]!);
    value.dispose();
    held.push(tf.memory().numTensors);
  }
  // The first step makes Adam's own state; the others leave nothing behind.
  expect(new Set(held).size).toBe(1);
  adam.dispose();
  tf.dispose([...weights, ...biases, x, labels]);
  return losses;
}

describe('a small network', () => {
  test('learns on the wasm engine as it does in the reference', async () => {
    const [wasm, plain] = [await train('wasm'), await train('plain')];
    expect(wasm.at(-1)).toBeLessThan(0.995 * wasm[0]!);
    wasm.forEach((loss, step) => {
      expect(loss).toBeCloseTo(plain[step]!, 3);
    });
  });

  test.skipIf(!native)('learns on the native engine as it does on wasm', async () => {
    const [wasm, fast] = [await train('wasm'), await train('native')];
    wasm.forEach((loss, step) => {
      expect(loss).toBeCloseTo(fast[step]!, 3);
    });
  });
});

describe('opening an engine', () => {
  test('makes it the current one, whichever was before', async () => {
    expect((await openEngine('wasm')).getBackend()).toBe('wasm');
    if (native) expect((await openEngine('native')).getBackend()).toBe('tensorflow');
    expect((await openEngine('wasm')).getBackend()).toBe('wasm');
  });

  test('without a kind gives the native one where it is built, else wasm', async () => {
    expect((await openEngine()).getBackend()).toBe(native ? 'tensorflow' : 'wasm');
  });

  test('of which the packages are not there says so, and wasm stands in for native', () => {
    // A process of its own, in which the native package cannot be resolved.
    const script = `
      import { Module } from 'node:module';
      const resolve = Module._resolveFilename;
      Module._resolveFilename = function (name, ...rest) {
        if (name === '@tensorflow/tfjs-node') throw new Error('Cannot find module ' + name);
        return resolve.call(this, name, ...rest);
      };
      const { openEngine } = await import(${JSON.stringify(
        new URL('../dist/engine.js', import.meta.url).href,
      )});
      const error = await openEngine('native').catch((error) => error);
      const warned = new Promise((done) => process.once('warning', done));
      const tf = await openEngine();
      const warning = await warned;
      console.log(JSON.stringify([error.code, error.message, tf.getBackend(), warning.code]));`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      cwd: fileURLToPath(new URL('..', import.meta.url)),
    });
    const [code, message, backend, warning] = JSON.parse(out) as string[];
    expect([code, backend, warning]).toEqual(['ENGINE_MISSING', 'wasm', 'ENGINE_MISSING']);
    expect(message).toMatch(/“native” cannot be loaded: Cannot find module.*do: Install it.*build:native/s);
  });
});

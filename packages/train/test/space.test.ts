import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { D, K, MORPHISMS, TABLES } from '../src/fuzzy-digits/settings.js';
import {
  argmax,
  carry,
  DELTA,
  NORM,
  NORM_TOLERANCE,
  orthonormal,
  readBelief,
  softmax,
  writeBelief,
} from '../src/fuzzy-digits/space.js';
import { Random } from '../src/random.js';
import { drawnFrame, gramSchmidt } from './frames.js';

const frame = drawnFrame(1);
const row = (values: Float32Array, i: number) => [...values.subarray(i * K, (i + 1) * K)];
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

/** One belief: certain, nearly certain, blends, and any other, with zeros and specks below `DELTA` among them. */
const belief = fc
  .array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(2e-4)), {
    minLength: K,
    maxLength: K,
  })
  .filter((weights) => Math.max(...weights) > 1e-3)
  .map((weights) => Float32Array.from(weights, (w) => w / sum(weights)));
/** Some of them as `[n, K]`. */
const beliefs = fc
  .array(belief, { minLength: 1, maxLength: 5 })
  .map((rows) => Float32Array.from(rows.flatMap((each) => [...each])));
const table = fc.array(fc.nat(K - 1), { minLength: K, maxLength: K });

/** What is below `DELTA` dropped, the rest renormalised and carried, in doubles and label by label. */
function carriedByHand(p: number[], to: readonly number[]): number[] {
  const kept = p.map((v) => (v > DELTA ? v : 0));
  return Array.from({ length: K }, (_, k) => sum(kept.filter((_, from) => to[from] === k)) / sum(kept));
}

describe('a belief', () => {
  test('is written as a latent of the norm', () => {
    fc.assert(
      fc.property(beliefs, (p) => {
        const z = writeBelief(p, frame);
        expect(z).toHaveLength((p.length / K) * D);
        for (let i = 0; i < z.length; i += D) {
          const rms = Math.sqrt(sum(z.subarray(i, i + D).map((v) => v * v)) / D);
          expect(Math.abs(rms - NORM)).toBeLessThan(NORM_TOLERANCE / 10);
        }
      }),
    );
  });

  test('is read as it was written, whatever the length of its latent', () => {
    fc.assert(
      fc.property(beliefs, fc.double({ min: 0.1, max: 10, noNaN: true }), (p, length) => {
        const z = writeBelief(p, frame);
        readBelief(z, frame).forEach((v, i) => {
          expect(Math.abs(v - p[i]!)).toBeLessThan(1e-5);
        });
        readBelief(
          z.map((v) => v * length),
          frame,
        ).forEach((v, i) => {
          expect(Math.abs(v - p[i]!)).toBeLessThan(1e-5);
        });
      }),
    );
  });

  test('is read from what a latent has along the frame: what is against a direction is none', () => {
    const against = Float32Array.from({ length: D }, (_, d) => frame[d]! - 5 * frame[D + d]!);
    const p = readBelief(against, frame);
    expect(p[0]).toBeCloseTo(1, 5);
    expect(sum(p)).toBeCloseTo(1, 6);
  });
});

describe('a table', () => {
  test('carries a belief, and drops what is below DELTA first', () => {
    fc.assert(
      fc.property(beliefs, table, (p, to) => {
        const carried = carry(p, to);
        for (let i = 0; i < p.length / K; i++)
          carriedByHand(row(p, i), to).forEach((v, k) => {
            expect(Math.abs(carried[i * K + k]! - v)).toBeLessThan(1e-6);
          });
      }),
    );
  });

  test('of the founding carries a certain belief to its label', () => {
    for (const m of MORPHISMS)
      for (let k = 0; k < K; k++) {
        const certain = new Float32Array(K);
        certain[k] = 1;
        const carried = carry(certain, TABLES[m]);
        expect([argmax(carried, 0), carried[TABLES[m][k]!]]).toEqual([TABLES[m][k], 1]);
      }
  });

  test('loses a speck, and keeps just as much as is above it', () => {
    const p = new Float32Array(K);
    [p[2], p[3], p[4]] = [1 - 2.6 * DELTA, 0.8 * DELTA, 1.8 * DELTA];
    const carried = carry(p, TABLES.identity);
    expect(carried[3]).toBe(0);
    expect(carried[4]! / carried[2]!).toBeCloseTo((1.8 * DELTA) / (1 - 2.6 * DELTA), 6);
    expect(sum(carried)).toBeCloseTo(1, 6);
  });

  test('that changes nothing changes nothing more the second time', () => {
    fc.assert(
      fc.property(beliefs, (p) => {
        const once = carry(p, TABLES.identity);
        carry(once, TABLES.identity).forEach((v, i) => {
          expect(Math.abs(v - once[i]!)).toBeLessThan(1e-6);
        });
      }),
    );
  });
});

describe('softmax', () => {
  const logits = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: K, maxLength: K });
  const temperature = fc.double({ min: 0.1, max: 10, noNaN: true });

  test('gives rows of sum 1, the largest where the logit is largest', () => {
    fc.assert(
      fc.property(logits, logits, temperature, (a, b, t) => {
        const p = softmax(Float32Array.from([...a, ...b]), t);
        for (const [i, given] of [a, b].entries()) {
          expect(sum(row(p, i))).toBeCloseTo(1, 5);
          expect(row(p, i).every((v) => v >= 0)).toBe(true);
          expect(given[argmax(p, i * K)]).toBeGreaterThan(Math.max(...given) - 1e-3 * t);
        }
      }),
    );
  });

  test('at a temperature is that of the divided logits', () => {
    const x = new Random(5).normals(K);
    const expected = softmax(x.map((v) => v / 2.5));
    softmax(x, 2.5).forEach((v, k) => {
      expect(v).toBeCloseTo(expected[k]!, 6);
    });
    // ln 3 apart: three times as likely.
    const two = softmax(Float32Array.of(Math.log(3), 0, ...Array<number>(K - 2).fill(-1e4)));
    expect([two[0]!.toFixed(5), two[1]!.toFixed(5), two[2]]).toEqual(['0.75000', '0.25000', 0]);
  });
});

test('argmax looks at the K numbers from its place on, and takes the first of equals', () => {
  const values = new Float32Array(3 * K);
  values[0] = 9;
  values[K + 4] = 2;
  values[K + 6] = 2;
  values[2 * K] = 9;
  expect([argmax(values, 0), argmax(values, K)]).toEqual([0, 4]);
});

describe('orthonormal', () => {
  const seed = fc.nat(100_000);
  const normals = (s: number, n: number) => Float64Array.from(new Random(s, 9).normals(n));
  const distance = (a: Float64Array, b: Float64Array) => Math.hypot(...a.map((v, i) => v - b[i]!));

  test('gives orthonormal rows', () => {
    fc.assert(
      fc.property(seed, (s) => {
        const x = orthonormal(normals(s, K * D), K, D);
        for (let i = 0; i < K; i++)
          for (let j = 0; j < K; j++) {
            const dot = sum(Array.from({ length: D }, (_, d) => x[i * D + d]! * x[j * D + d]!));
            expect(Math.abs(dot - (i === j ? 1 : 0))).toBeLessThan(1e-9);
          }
      }),
      { numRuns: 20 },
    );
  });

  test('finds Q again in S · Q, for S symmetric and positive: its polar factor', () => {
    const [rows, columns] = [4, 7];
    fc.assert(
      fc.property(seed, (s) => {
        const q = gramSchmidt(normals(s, rows * columns), rows, columns);
        const a = normals(s + 1, rows * rows);
        const m = new Float64Array(rows * columns);
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < rows; j++) {
            // A · Aᵀ + ½
            let along = i === j ? 0.5 : 0;
            for (let r = 0; r < rows; r++) along += a[i * rows + r]! * a[j * rows + r]!;
            for (let c = 0; c < columns; c++)
              m[i * columns + c] = m[i * columns + c]! + along * q[j * columns + c]!;
          }
        expect(distance(orthonormal(m, rows, columns), q)).toBeLessThan(1e-6);
      }),
      { numRuns: 50 },
    );
  });

  test('is nearer than any other frame', () => {
    fc.assert(
      fc.property(seed, seed, fc.double({ min: 0.01, max: 1, noNaN: true }), (s, t, part) => {
        const m = normals(s, 3 * 5);
        const nearest = orthonormal(m, 3, 5);
        const push = normals(t, 3 * 5);
        const other = gramSchmidt(
          nearest.map((v, i) => v + part * push[i]!),
          3,
          5,
        );
        expect(distance(nearest, m)).toBeLessThanOrEqual(distance(other, m) + 1e-9);
      }),
    );
  });

  test('leaves a frame as it is, and two crooked rows meet in the middle', () => {
    const q = gramSchmidt(normals(3, K * D), K, D);
    expect(distance(orthonormal(q, K, D), q)).toBeLessThan(1e-9);
    // Directions at 0° and 60°: the nearest right angle is from −15° to 75°.
    const x = orthonormal(Float64Array.of(1, 0, 0.5, Math.sqrt(3) / 2), 2, 2);
    const angles = [Math.atan2(x[1]!, x[0]!), Math.atan2(x[3]!, x[2]!)].map((a) => (180 * a) / Math.PI);
    expect(angles.map((a) => a.toFixed(6))).toEqual(['-15.000000', '75.000000']);
  });
});

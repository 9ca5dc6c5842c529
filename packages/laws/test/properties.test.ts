import type { Morphism } from '@deepfunctor/host';
import { openHost } from '@deepfunctor/host';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { morphismLaws, verify } from '../src/index.js';
import { correlation, gather, variations } from '../src/rows.js';
import { isIdentity, noised, pushForward } from '../src/tuples.js';
import { buildWorld, mapped, TONES } from './world.js';

const K = 3;
const category = {
  name: 'tones',
  labels: [{ name: 'c' }, { name: 'e' }, { name: 'g' }],
  dimension: 5,
  norm: { kind: 'rms', value: 2, tolerance: 0.01 },
} as unknown as Morphism['output'];
const morphism = (table: number[], arity: number) =>
  ({ inputs: Array(arity).fill(category), output: category, manifest: { table } }) as unknown as Morphism;

const belief = fc
  .array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: K, maxLength: K })
  .map((p) => Float32Array.from(p, (v) => v / p.reduce((a, b) => a + b, 0)));
const tableOf = (arity: number) => fc.array(fc.nat(K - 1), { minLength: K ** arity, maxLength: K ** arity });

test('the push-forward is the sum over all pairs, and stays a distribution', () => {
  fc.assert(
    fc.property(belief, belief, tableOf(2), (p, q, table) => {
      const found = pushForward(morphism(table, 2), [p, q]);
      for (let k = 0; k < K; k++) {
        let wanted = 0;
        for (let i = 0; i < K; i++)
          for (let j = 0; j < K; j++) if (table[i * K + j] === k) wanted += p[i]! * q[j]!;
        expect(found[k]).toBeCloseTo(wanted, 5);
      }
      expect(found.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    }),
  );
});

test('the push-forward through one table and then another is that through both', () => {
  fc.assert(
    fc.property(belief, tableOf(1), tableOf(1), (p, f, g) => {
      const [first, second] = [morphism(f, 1), morphism(g, 1)];
      const both = morphism(
        f.map((label) => g[label]!),
        1,
      );
      const split = pushForward(second, [pushForward(first, [p])]);
      expect(variations(split, pushForward(both, [p]), K)[0]).toBeLessThan(1e-6);
    }),
  );
});

test('only the table that leaves every label is an identity', () => {
  fc.assert(
    fc.property(tableOf(1), (table) => {
      expect(isIdentity(morphism(table, 1))).toBe(table.join() === '0,1,2');
    }),
  );
});

test('noise keeps the norm, and is the same for the same seed', () => {
  const latents = fc.array(fc.double({ min: 0.1, max: 5, noNaN: true }), { minLength: 10, maxLength: 10 });
  fc.assert(
    fc.property(latents, fc.integer(), (values, seed) => {
      const z = noised(Float32Array.from(values), category, 0.1, seed);
      for (const row of [0, 1]) {
        const part = gather(z, 5, [row]);
        expect(Math.sqrt(part.reduce((sum, v) => sum + v * v, 0) / 5)).toBeCloseTo(2, 4);
      }
      expect(noised(Float32Array.from(values), category, 0.1, seed)).toEqual(z);
    }),
  );
});

test('a correlation is 1 with any growing line of itself, and 0 where nothing varies', () => {
  const column = fc.uniqueArray(fc.integer({ min: -100, max: 100 }), { minLength: 3, maxLength: 20 });
  fc.assert(
    fc.property(column, fc.integer({ min: 1, max: 9 }), (values, scale) => {
      const a = Float32Array.from(values);
      expect(
        correlation(
          a,
          a.map((v) => scale * v + 3),
          1,
        ),
      ).toBeCloseTo(1, 4);
      expect(
        correlation(
          a,
          a.map(() => 3),
          1,
        ),
      ).toBe(0);
    }),
  );
});

test('whatever table a belief layer has, its laws hold exactly where the manifest says the same', async () => {
  await fc.assert(
    fc.asyncProperty(tableOf(1), tableOf(1), async (computed, declared) => {
      const world = buildWorld();
      world.replace('next', 'morphism', mapped(TONES, TONES, computed));
      world.edit('next', (json) => {
        json.deepfunctor.table = declared;
      });
      const host = await openHost({ cwd: world.project });
      const own = new Set(morphismLaws.map(({ name }) => name));
      const found = (await verify({ host, plugins: ['next'], samples: 30 })).filter(({ law }) =>
        own.has(law),
      );
      await host.close();
      const failed = found.filter(({ holds }) => !holds).map(({ law }) => law);
      if (computed.join() === declared.join()) expect(failed).toEqual([]);
      else expect(failed).toEqual(expect.arrayContaining(['table', 'fuzzy']));
    }),
    { numRuns: 12 },
  );
}, 60_000);

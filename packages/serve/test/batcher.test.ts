import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batcher, type Caller } from '../src/index.js';

/** Two inputs, two outputs of other sizes: every row of an output depends on the same row of the inputs alone. */
const compute = (inputs: Record<string, Float32Array>, rows: number) => {
  const { a, b } = inputs as { a: Float32Array; b: Float32Array };
  expect([a.length, b.length]).toEqual([rows * 2, rows]);
  return {
    sum: Float32Array.from({ length: rows }, (_, row) => a[2 * row]! + a[2 * row + 1]! + b[row]!),
    copy: Float32Array.from({ length: rows * 3 }, (_, i) => b[Math.floor(i / 3)]! * (i % 3)),
  };
};
const question = (rows: number, seed: number) => ({
  a: Float32Array.from({ length: rows * 2 }, (_, i) => seed * 100 + i),
  b: Float32Array.from({ length: rows }, (_, i) => -seed - i),
});
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('any requests', () => {
  test('get what they would get alone, in batches that are never too large', async () => {
    const request = fc.record({
      rows: fc.integer({ min: 1, max: 8 }),
      wait: fc.integer({ min: 0, max: 2 }),
      leaves: fc.boolean(),
    });
    const options = fc.record({
      maxBatch: fc.integer({ min: 8, max: 20 }),
      maxDelay: fc.constantFrom(0, 1, 3),
      slow: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { maxLength: 12 }),
        options,
        async (requests, { slow, ...batching }) => {
          const runs: number[] = [];
          let running = 0;
          const batch = batcher(async (inputs, rows) => {
            expect(++running).toBe(1);
            runs.push(rows);
            if (slow) await pause(1);
            running--;
            return compute(inputs, rows);
          }, batching);
          const asked = requests.map(async ({ rows, wait, leaves }, seed) => {
            await pause(wait);
            const inputs = question(rows, seed);
            const caller: Caller = {};
            const answer = batch.ask(inputs, rows, caller);
            if (leaves) caller.gone = new Error('left');
            const found = await answer.catch((error: Error) => error.message);
            expect(found).toEqual(leaves ? 'left' : compute(inputs, rows));
            return leaves ? 0 : rows;
          });
          const rows = await Promise.all(asked);
          expect(runs.every((each) => each <= batching.maxBatch)).toBe(true);
          expect(runs.reduce((a, b) => a + b, 0)).toBe(rows.reduce((a, b) => a + b, 0));
          await pause(0);
          expect(batch.idle).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('requests of one turn of the event loop share a run; a full batch does not wait', async () => {
  const runs: [rows: number, requests: number][] = [];
  const observe = (rows: number, requests: number) => runs.push([rows, requests]);
  const now = batcher(async (inputs, rows) => compute(inputs, rows), { maxBatch: 100, maxDelay: 0 }, observe);
  await Promise.all([1, 2, 3].map((rows) => now.ask(question(rows, rows), rows)));
  expect(runs).toEqual([[6, 3]]);
  const patient = batcher(
    async (inputs, rows) => compute(inputs, rows),
    { maxBatch: 4, maxDelay: 60_000 },
    observe,
  );
  await Promise.all([3, 1].map((rows) => patient.ask(question(rows, rows), rows)));
  expect(runs[1]).toEqual([4, 2]);
});

test('a request waits for others as long as it may, and no longer', async () => {
  const runs: number[] = [];
  const batch = batcher(
    async (inputs, rows) => compute(inputs, rows),
    { maxBatch: 100, maxDelay: 80 },
    (rows) => runs.push(rows),
  );
  const began = performance.now();
  const first = batch.ask(question(1, 1), 1);
  await pause(20);
  await Promise.all([first, batch.ask(question(2, 2), 2)]);
  expect(performance.now() - began).toBeGreaterThanOrEqual(78);
  expect(runs).toEqual([3]);
});

test('a run that fails is told to all who shared it, and the next one goes on', async () => {
  let fails = true;
  const batch = batcher(
    async (inputs, rows) => {
      if (fails) throw new Error('the engine is broken');
      return compute(inputs, rows);
    },
    { maxBatch: 10, maxDelay: 0 },
  );
  const both = await Promise.allSettled([batch.ask(question(1, 1), 1), batch.ask(question(1, 2), 1)]);
  expect(both).toMatchObject([{ reason: { message: 'the engine is broken' } }, { status: 'rejected' }]);
  fails = false;
  expect(await batch.ask(question(1, 1), 1)).toEqual(compute(question(1, 1), 1));
});

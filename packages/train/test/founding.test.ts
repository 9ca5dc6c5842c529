import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { unpackWeights } from '../dist/checkpoint.js';
import { openEngine } from '../dist/engine.js';
import { JOINT, trainJointly } from '../dist/fuzzy-digits/joint.js';
import { engines } from './engines.js';
import { exampleDigits, writeIdx } from './examples.js';

vi.setConfig({ testTimeout: 600_000 });
// The built files, because batches are made by a thread of their own.
const { present } = await engines();
const native = present.includes('native');
const tf = await openEngine(native ? 'native' : 'wasm');

const root = mkdtempSync(join(tmpdir(), 'founding-'));
const data = join(root, 'data');
afterAll(() => rmSync(root, { recursive: true, force: true }));
/** Three of each digit to train on, one to validate; the test half is never read. */
writeIdx(data, 'train', exampleDigits());

const tiny = { ...JOINT, size: 16, perLabel: 2, validation: 30 };

describe('the joint training', () => {
  test('gives the same bytes for the same seed, and goes on from a checkpoint as if it had not stopped', async () => {
    const recipe = { ...tiny, steps: 6 };
    const whole = await trainJointly(tf, recipe, { data });
    const again = await trainJointly(tf, recipe, { data });
    expect(bytesOf(again.weights)).toEqual(bytesOf(whole.weights));

    const checkpoint = join(root, 'joint.safetensors');
    const stop = new AbortController();
    const stopped = trainJointly(tf, recipe, {
      data,
      checkpoint,
      signal: stop.signal,
      onStep: (step) => step === 3 && stop.abort(),
    });
    await expect(stopped).rejects.toThrow();
    const { metadata } = unpackWeights(readFileSync(checkpoint), checkpoint);
    expect(JSON.parse(metadata.state!).step).toBe(3);
    const resumed = await trainJointly(tf, recipe, { data, checkpoint });
    expect(bytesOf(resumed.weights)).toEqual(bytesOf(whole.weights));

    const finished = await trainJointly(tf, recipe, { data, checkpoint });
    expect(bytesOf(finished.weights)).toEqual(bytesOf(whole.weights));

    const other = await trainJointly(tf, { ...recipe, seed: 2 }, { data });
    expect(bytesOf(other.weights)).not.toEqual(bytesOf(whole.weights));
    await expect(trainJointly(tf, { ...recipe, seed: 2 }, { data, checkpoint })).rejects.toMatchObject({
      code: 'CHECKPOINT_MISMATCH',
    });
  });

  test('trains one path a step too', async () => {
    const { curve } = await trainJointly(tf, { ...tiny, mode: 'path', steps: 4 }, { data });
    expect(curve.at(-1)!.loss).toBeGreaterThan(0);
  });
});

test('the loss of the joint training falls', async () => {
  const { curve } = await trainJointly(tf, { ...tiny, steps: 150 }, { data });
  expect(curve.map(({ step }) => step)).toEqual([50, 100, 150]);
  expect(curve[2]!.loss).toBeLessThan(0.8 * curve[0]!.loss);
});

function bytesOf(weights: Record<string, { values: Float32Array }>): string {
  return Object.entries(weights)
    .map(
      ([name, { values }]) =>
        `${name}:${Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')}`,
    )
    .sort()
    .join('\n');
}

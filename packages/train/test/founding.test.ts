import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { unpackWeights } from '../dist/checkpoint.js';
import { openEngine } from '../dist/engine.js';
import { JOINT, trainJointly } from '../dist/fuzzy-digits/joint.js';
import { PIXELS } from '../dist/fuzzy-digits/settings.js';
import { engines } from './engines.js';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 });
// The built files, because batches are made by a thread of their own.
const { present } = await engines();
const native = present.includes('native');
const tf = await openEngine(native ? 'native' : 'wasm');

const NAMES = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const examples = new URL('../../../examples/digits/', import.meta.url);
const root = mkdtempSync(join(tmpdir(), 'founding-'));
const data = join(root, 'data');
const pictures: { png: Buffer; label: number }[] = [];

/** A miniature MNIST of the examples: three of each digit to train on, one to validate; its test half is never read. */
beforeAll(() => {
  const pixels: Buffer[] = [];
  for (let each = 1; each <= 4; each++)
    for (const [label, name] of NAMES.entries()) {
      const png = readFileSync(new URL(`${name}-${each}.png`, examples));
      pictures.push({ png, label });
      const { data: rgba } = PNG.sync.read(png);
      pixels.push(Buffer.from(Array.from({ length: PIXELS }, (_, i) => rgba[4 * i]!)));
    }
  const header = (...numbers: number[]) => {
    const bytes = Buffer.alloc(4 * numbers.length);
    numbers.forEach((n, i) => {
      bytes.writeUInt32BE(n, 4 * i);
    });
    return bytes;
  };
  rmSync(data, { recursive: true, force: true });
  writeWhole('train-images-idx3-ubyte', Buffer.concat([header(0x803, pictures.length, 28, 28), ...pixels]));
  const labels = Buffer.from(pictures.map(({ label }) => label));
  writeWhole('train-labels-idx1-ubyte', Buffer.concat([header(0x801, pictures.length), labels]));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function writeWhole(name: string, bytes: Buffer): void {
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, name), bytes);
}

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

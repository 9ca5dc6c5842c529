import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readMnist } from '../src/data/idx.js';
import { byLabel, makeBatch } from '../src/fuzzy-digits/batch.js';
import { drawStyled } from '../src/fuzzy-digits/dots.js';
import { penned } from '../src/fuzzy-digits/pen.js';
import { Random } from '../src/random.js';

const folder = mkdtempSync(join(tmpdir(), 'idx-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Two files of 28 × 28 pictures, as MNIST stores them. */
function write(count: number, labels: number[], cut = 0): void {
  const images = Buffer.alloc(16 + count * 784, 200);
  images.set([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28]);
  writeFileSync(join(folder, 't10k-images-idx3-ubyte'), images.subarray(0, images.length - cut));
  writeFileSync(
    join(folder, 't10k-labels-idx1-ubyte'),
    Buffer.from([0, 0, 8, 1, 0, 0, 0, labels.length, ...labels]),
  );
}

/** Connected components of pixels of at least one half. */
function components(image: Float32Array): number {
  const seen = new Uint8Array(784);
  let found = 0;
  for (let start = 0; start < 784; start++) {
    if (seen[start] || image[start]! < 0.5) continue;
    found++;
    const todo = [start];
    seen[start] = 1;
    for (let i = todo.pop(); i !== undefined; i = todo.pop())
      for (const n of [i - 28, i + 28, i % 28 ? i - 1 : -1, i % 28 < 27 ? i + 1 : -1])
        if (n >= 0 && n < 784 && !seen[n] && image[n]! >= 0.5) {
          seen[n] = 1;
          todo.push(n);
        }
  }
  return found;
}

describe('MNIST files', () => {
  test('are read with their labels', () => {
    write(3, [7, 2, 1]);
    const data = readMnist(folder, 't10k');
    expect([data.count, data.height, data.width]).toEqual([3, 28, 28]);
    expect([...data.labels]).toEqual([7, 2, 1]);
    expect(data.pixels).toHaveLength(3 * 784);
  });
  test('that are cut short are refused', () => {
    write(3, [7, 2, 1], 5);
    expect(() => readMnist(folder, 't10k')).toThrow(/it has 2363 bytes, its header says 2368.*DATA_BROKEN/s);
  });
  test('that disagree about their number are refused', () => {
    write(3, [7, 2]);
    expect(() => readMnist(folder, 't10k')).toThrow(/hold 3 images but 2 labels/);
  });
  test('that are not there are asked for', () => {
    expect(() => readMnist(folder, 'train')).toThrow(/train-images-idx3-ubyte.*DATA_MISSING.*--data/s);
  });
});

write(10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
const data = readMnist(folder, 't10k');
const rows = byLabel(data.labels, 0, 10);

describe('a batch of the founding', () => {
  test('is the same for the same seed and step, and another for the next step', () => {
    const batch = makeBatch(data, rows, 5, 3, 16, 1);
    expect(makeBatch(data, rows, 5, 3, 16, 1)).toEqual(batch);
    expect(makeBatch(data, rows, 5, 4, 16, 1).dots).not.toEqual(batch.dots);
  });
  test('holds ink between 0 and 1 only', () => {
    const batch = makeBatch(data, rows, 1, 1, 64, 2);
    for (const image of [batch.digits, batch.dots, batch.targetDigits, batch.targetDots])
      expect(image.every((v) => v >= 0 && v <= 1)).toBe(true);
  });
});

describe('digits of another pen', () => {
  const inked = (image: Float32Array) =>
    Array.from(image.keys()).filter((i) => image[i]! > 0.5 / 255) as number[];

  test('are placed as MNIST is: the longer side of the ink is 20 pixels, its centre of mass in the middle', () => {
    const random = new Random(12);
    for (let i = 0; i < 300; i++) {
      const image = penned(i % 10, random);
      const at = inked(image);
      const [xs, ys] = [at.map((k) => k % 28), at.map((k) => Math.floor(k / 28))];
      const longer = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)) + 1;
      expect(Math.abs(longer - 20)).toBeLessThanOrEqual(3);
      const mass = image.reduce((a, b) => a + b, 0);
      const centre = image.reduce((sum, v, k) => sum + v * (k % 28), 0) / mass;
      expect(Math.abs(centre - 13.5)).toBeLessThan(0.75);
      expect(image.every((v) => v >= 0 && v <= 1)).toBe(true);
    }
  });
  test('are the same for the same seed, and hardly ever alike', () => {
    const some = (seed: number) =>
      Array.from({ length: 50 }, (_, i) => penned(i % 10, new Random(seed, i)).join());
    expect(some(1)).toEqual(some(1));
    expect(new Set([...some(1), ...some(2)]).size).toBe(100);
  });
  test('come into a batch of other hands, and only the pictures that were asked for', () => {
    const batch = makeBatch(data, rows, 1, 1, 16, 0, true, ['digits']);
    expect(batch.digits.length).toBe(32 * 784);
    expect([batch.dots.length, batch.dotLabels.length, batch.dotStyles.length]).toEqual([0, 0, 0]);
    expect(batch.digits).not.toEqual(makeBatch(data, rows, 1, 1, 16, 0, false, ['digits']).digits);
  });
});

test('dots of any style can be counted', () => {
  const random = new Random(11);
  const image = new Float32Array(784);
  const wrong: number[] = [];
  for (let i = 0; i < 2000; i++) {
    drawStyled(i % 10, random.normals(5), image, 0);
    if (components(image) !== i % 10) wrong.push(i % 10);
  }
  expect(wrong).toEqual([]);
});

test('normal numbers have mean 0 and deviation 1', () => {
  const x = new Random(3).normals(20000);
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const deviation = Math.sqrt(x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length);
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(deviation - 1)).toBeLessThan(0.03);
});

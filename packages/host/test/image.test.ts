import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { PNG } from 'pngjs';
import { describe, expect, test } from 'vitest';
import { fitGlyph, fitPicture, type Gray, grayOf, toGray, toPng } from '../src/index.js';
import {
  correlation,
  countParts,
  coverage,
  drawn,
  enlarged,
  generator,
  nearest,
  rawPng,
  scatter,
} from './pictures.js';

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));
const examples = (folder: string) =>
  readdirSync(join(EXAMPLES, folder)).map((file) => ({
    file,
    picture: toGray(readFileSync(join(EXAMPLES, folder, file))),
  }));
/** The 10,000 digits of MNIST's test set, where DEEPFUNCTOR_MNIST names the folder of its files; else none. */
function mnist(): ReturnType<typeof examples> {
  const folder = process.env.DEEPFUNCTOR_MNIST;
  if (folder === undefined) return [];
  const file = ['t10k-images-idx3-ubyte.gz', 't10k-images-idx3-ubyte']
    .map((name) => join(folder, name))
    .find((path) => existsSync(path))!;
  const bytes = readFileSync(file);
  const pixels = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).subarray(16);
  return Array.from({ length: pixels.length / 784 }, (_, row) => {
    const gray = Float32Array.from(pixels.subarray(784 * row, 784 * (row + 1)), (v) => v / 255);
    return { file: `row ${row} of MNIST`, picture: { width: 28, height: 28, gray } };
  });
}
const inverted = ({ width, height, gray }: Gray): Gray => ({ width, height, gray: gray.map((v) => 1 - v) });
const largest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);

describe('a glyph', () => {
  test('that is fitted already comes back as it is, light on dark and dark on light', () => {
    for (const { file, picture } of [...examples('digits'), ...mnist()]) {
      expect(largest(fitGlyph(picture), picture.gray), file).toBe(0);
      expect(largest(fitGlyph(inverted(picture)), picture.gray), file).toBeLessThan(1e-6);
    }
  }, 120_000);

  test('is found on paper of any size, with margins, uneven light and noise', () => {
    const random = generator(1);
    for (const [index, { file, picture }] of examples('digits').entries()) {
      const big = enlarged(picture, [2, 4, 9][index % 3]!);
      const [left, top] = [Math.round(60 * random()), Math.round(90 * random())];
      const page = drawn(big.width + left + 30, big.height + top + 20, (x, y) => {
        const [u, v] = [Math.floor(x) - left, Math.floor(y) - top];
        const inside = u >= 0 && v >= 0 && u < big.width && v < big.height;
        return 0.9 - 0.7 * (inside ? big.gray[v * big.width + u]! : 0) - x / 4000 + 0.06 * (random() - 0.5);
      });
      expect(bestCorrelation(fitGlyph(page), picture.gray), file).toBeGreaterThan(0.75);
    }
  });

  test('is found where it is cut out to its very edges', () => {
    for (const { file, picture } of examples('digits').filter((_, index) => index % 4 === 0)) {
      const [columns, rows] = [0, 1].map((axis) => {
        const places = [...picture.gray.keys()].filter((at) => picture.gray[at]! > 0.1);
        const along = places.map((at) => (axis === 0 ? at % 28 : Math.floor(at / 28)));
        return { from: Math.min(...along), to: Math.max(...along) + 1 };
      }) as [Span, Span];
      const cut = drawn(
        columns.to - columns.from,
        rows.to - rows.from,
        (x, y) => picture.gray[Math.floor(y + rows.from) * 28 + Math.floor(x + columns.from)]!,
      );
      expect(bestCorrelation(fitGlyph(enlarged(cut, 5)), picture.gray), file).toBeGreaterThan(0.8);
    }
  });

  test('has its longer side on 20 pixels and its centre of mass within a pixel of the middle each way', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 6, max: 300 }),
        fc.integer({ min: 6, max: 300 }),
        fc.integer({ min: 0, max: 99 }),
        (width, height, margin) => {
          const bar = drawn(width + 2 * margin + 4, height + margin + 5, (x, y) =>
            Number(x > margin + 2 && x < margin + 2 + width && y > 3 && y < 3 + height),
          );
          const fit = fitGlyph(bar);
          const [columns, rows] = extent(fit);
          expect(Math.abs(Math.max(columns, rows) - 20)).toBeLessThanOrEqual(1);
          // The sign is moved by whole pixels, across and down each for itself.
          for (const off of centre(fit)) expect(Math.abs(off)).toBeLessThan(1);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('of few pixels is the same however it was enlarged: in blocks, or smoothly, with all its greys', () => {
    const greys = (fit: Float32Array) => fit.filter((v) => v > 0.2 && v < 0.8).length;
    let [of, smooth, sharp] = [0, 0, 0];
    for (const { file, picture } of examples('digits')) {
      const few = coarse(picture, 14);
      const fit = fitGlyph(few);
      expect(largest(fitGlyph(nearest(few, 187, 187)), fit), file).toBe(0);
      of += greys(fit);
      smooth += greys(fitGlyph(enlarged(few, 12)));
      sharp += greys(fitGlyph(enlarged(picture, 6)));
    }
    expect(smooth).toBeGreaterThan(0.9 * of);
    // Of a sharp picture the greys are the edges of strokes.
    expect(sharp).toBeLessThan(0.7 * of);
  });

  test('that is one even tone, or nothing but noise, is empty', () => {
    const random = generator(2);
    for (const tone of [0, 0.5, 1])
      expect(fitGlyph(drawn(50, 40, () => tone)).every((v) => v === 0)).toBe(true);
    const noise = drawn(120, 90, () => 0.5 + 0.2 * (random() + random() + random() - 1.5));
    expect(fitGlyph(noise).every((v) => v === 0)).toBe(true);
  });
});

describe('a picture', () => {
  test.each([
    { edges: 'hard', soft: 0 },
    { edges: 'smooth', soft: 1 },
    { edges: 'soft', soft: 3 },
  ])('keeps its number of dots with $edges edges, at any size, polarity and noise', ({ soft }) => {
    const random = generator(3 + soft);
    for (const side of [28, 40, 64, 150, 250]) {
      for (const noise of [0, 0.05]) {
        for (let count = 0; count < 10; count++) {
          const discs = scatter(count, random);
          const sign = count % 2 === 0 ? 1 : -1;
          const page = drawn(
            side,
            Math.round(side * (1 + (count % 3) * 0.1)),
            (x, y) =>
              0.5 -
              sign * (0.4 - 0.75 * coverage(discs, side, soft, x, y)) +
              noise * (random() + random() + random() - 1.5),
          );
          expect(countParts(fitPicture(page), 28, 0.5), `${count} dots, ${side} px, noise ${noise}`).toBe(
            count,
          );
        }
      }
    }
  });

  test('keeps the number of dots of the examples', () => {
    const names = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
    for (const { file, picture } of examples('dots'))
      expect(countParts(fitPicture(picture), 28, 0.5), file).toBe(names.indexOf(file.split('-')[0]!));
  });

  test('keeps small dots of a large picture', () => {
    const discs = [
      [0.2, 0.2],
      [0.5, 0.6],
      [0.8, 0.3],
    ].map(([x, y]) => ({ x: x!, y: y!, r: 0.006 }));
    const page = drawn(900, 900, (x, y) => 1 - coverage(discs, 900, 1, x, y));
    expect(countParts(fitPicture(page), 28, 0.5)).toBe(3);
  });

  test('of noise alone is empty', () => {
    const random = generator(5);
    const noise = drawn(90, 120, () => 0.3 + 0.2 * (random() + random() + random() - 1.5));
    expect(fitPicture(noise).every((v) => v === 0)).toBe(true);
  });

  test('is as well coloured as grey', () => {
    const discs = scatter(4, generator(7));
    const data = new Uint8Array(4 * 80 * 80);
    for (let at = 0; at < 80 * 80; at++) {
      const ink = coverage(discs, 80, 1, (at % 80) + 0.5, Math.floor(at / 80) + 0.5);
      data.set([255, 255 - 15 * ink, 255 - 255 * ink, 255], 4 * at);
    }
    expect(countParts(fitPicture(grayOf({ width: 80, height: 80, data })), 28, 0.5)).toBe(4);
  });
});

describe('a PNG', () => {
  const cross = ({ x, y }: { x: number; y: number }) => (x === 3 || y === 4 ? 1 : 0);
  const pixels = Array.from({ length: 8 }, (_, y) => Array.from({ length: 8 }, (_, x) => cross({ x, y })));
  const expected = Float32Array.from(pixels.flat());
  const size = { width: 8, height: 8 };

  test.each<[string, Uint8Array]>([
    [
      '1 bit grey',
      rawPng({
        ...size,
        depth: 1,
        colourType: 0,
        scanlines: pixels.map((row) => Uint8Array.of(Number.parseInt(row.join(''), 2))),
      }),
    ],
    [
      '4 bit grey',
      rawPng({
        ...size,
        depth: 4,
        colourType: 0,
        scanlines: pixels.map((row) =>
          Uint8Array.from([0, 2, 4, 6], (x) => 240 * row[x]! + 15 * row[x + 1]!),
        ),
      }),
    ],
    [
      '16 bit grey',
      rawPng({
        ...size,
        depth: 16,
        colourType: 0,
        scanlines: pixels.map((row) => Uint8Array.from(row.flatMap((v) => [255 * v, 255 * v]))),
      }),
    ],
    [
      'palette',
      rawPng({
        ...size,
        depth: 8,
        colourType: 3,
        palette: [0, 0, 0, 255, 255, 255],
        scanlines: pixels.map((row) => Uint8Array.from(row)),
      }),
    ],
    [
      'palette with a transparent paper',
      rawPng({
        ...size,
        depth: 8,
        colourType: 3,
        palette: [9, 9, 9, 255, 255, 255],
        alpha: [0, 255],
        scanlines: pixels.map((row) => Uint8Array.from(row)),
      }),
    ],
    [
      'grey with alpha',
      rawPng({
        ...size,
        depth: 8,
        colourType: 4,
        scanlines: pixels.map((row) => Uint8Array.from(row.flatMap((v) => [255, 255 * v]))),
      }),
    ],
    [
      'colour',
      rawPng({
        ...size,
        depth: 8,
        colourType: 2,
        scanlines: pixels.map((row) => Uint8Array.from(row.flatMap((v) => [255 * v, 255 * v, 255 * v]))),
      }),
    ],
  ])('of %s is read', (_, bytes) => {
    expect(largest(toGray(bytes).gray, expected)).toBeLessThan(1e-6);
  });

  test('black ink on nothing is dark on light', () => {
    const bytes = rawPng({
      ...size,
      depth: 8,
      colourType: 4,
      scanlines: pixels.map((row) => Uint8Array.from(row.flatMap((v) => [0, 255 * v]))),
    });
    expect(
      largest(
        toGray(bytes).gray,
        expected.map((v) => 1 - v),
      ),
    ).toBeLessThan(1e-6);
  });

  test('that is written reads back to the nearest of 255 levels', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 12, maxLength: 12, min: 0, max: 1, noNaN: true }),
        (values) => {
          const picture = toGray(toPng(values, 4, 3));
          expect([picture.width, picture.height]).toEqual([4, 3]);
          expect(largest(picture.gray, values)).toBeLessThan(0.5 / 255 + 1e-6);
        },
      ),
    );
  });

  test('of 10,000 pixels a row is read', () => {
    const line = new Uint8Array(1250);
    const scanlines = Array.from({ length: 400 }, () => line);
    const picture = toGray(rawPng({ width: 10_000, height: 400, depth: 1, colourType: 0, scanlines }));
    expect(picture.gray.every((v) => v === 0)).toBe(true);
  }, 60_000);

  const good = Buffer.from(PNG.sync.write(new PNG({ width: 30, height: 30 })));
  const sized = (width: number, height: number) => {
    const bytes = Buffer.from(good);
    bytes.writeUInt32BE(width, 16);
    bytes.writeUInt32BE(height, 20);
    return bytes;
  };
  test.each([
    ['empty', Buffer.of(), 'IMAGE_UNREADABLE'],
    ['cut short in its header', good.subarray(0, 20), 'IMAGE_UNREADABLE'],
    ['cut short in its pixels', good.subarray(0, good.length - 20), 'IMAGE_UNREADABLE'],
    ['a JPEG', Buffer.of(0xff, 0xd8, 0xff, 0xe0, 0, 0), 'IMAGE_UNREADABLE'],
    ['a text', Buffer.from('seven'), 'IMAGE_UNREADABLE'],
    ['damaged', Buffer.from(good.map((byte, at) => (at === 45 ? byte ^ 255 : byte))), 'IMAGE_UNREADABLE'],
    ['0 pixels wide', sized(0, 20), 'IMAGE_SIZE'],
    ['20,000 pixels high', sized(20, 20_000), 'IMAGE_SIZE'],
  ])('that is %s is refused', (_, bytes, code) => {
    expect(() => toGray(bytes, 'in.png')).toThrow(expect.objectContaining({ code, where: 'in.png' }));
  });
});

interface Span {
  from: number;
  to: number;
}

function extent(fit: Float32Array): [columns: number, rows: number] {
  const [columns, rows] = [new Set<number>(), new Set<number>()];
  for (const [at, value] of fit.entries()) {
    if (value <= 0.3) continue;
    columns.add(at % 28);
    rows.add(Math.floor(at / 28));
  }
  return [columns.size, rows.size];
}

function centre(fit: Float32Array): [x: number, y: number] {
  let [mass, x, y] = [0, 0, 0];
  for (const [at, value] of fit.entries()) {
    mass += value;
    x += value * ((at % 28) - 13.5);
    y += value * (Math.floor(at / 28) - 13.5);
  }
  return [x / mass, y / mass];
}

/** The best correlation with a target that is shifted by at most one pixel. */
/** A picture of `side` × `side` cells, each the mean of what it covers. */
function coarse({ width, gray }: Gray, side: number): Gray {
  const cell = width / side;
  return drawn(side, side, (x, y) => {
    let sum = 0;
    for (let v = 0; v < cell; v++)
      for (let u = 0; u < cell; u++)
        sum += gray[(Math.floor(y) * cell + v) * width + Math.floor(x) * cell + u]!;
    return sum / cell ** 2;
  });
}

function bestCorrelation(fit: Float32Array, target: Float32Array): number {
  const shifts = [-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => [dx, dy] as const));
  return Math.max(
    ...shifts.map(([dx, dy]) =>
      correlation(
        fit,
        target.map((_, at) => target[at + dx + 28 * dy] ?? 0),
      ),
    ),
  );
}

import type { LabelledImages } from '../data/idx.js';
import { Random } from '../random.js';
import { augmentDigit } from './augment.js';
import { drawStyled, drawVaried } from './dots.js';
import { BITS, bitsOf, K, PIXELS, STYLE } from './settings.js';

export type PictureName = 'dots' | 'digits';

/** Rows of pictures beyond `size`, as a part of it; they teach the encoders' beliefs alone. */
const MORE = { digits: 1, dots: 1 };

/** One step's data. Pictures are `[n, 28·28]`, 0 … 1. */
export interface Batch {
  digits: Float32Array;
  digitLabels: Uint8Array;
  dots: Float32Array;
  dotLabels: Uint8Array;
  /** Style of the dots that were drawn by `drawStyled`; the first `styled` rows of `dots`. */
  dotStyles: Float32Array;
  styled: number;
  bits: Float32Array;
  bitLabels: Uint8Array;
  /** For each label `perLabel` clean handwritten digits, and `perLabel` styled dot pictures with their styles. */
  targetDigits: Float32Array;
  targetDots: Float32Array;
  targetStyles: Float32Array;
}

/** The rows of a data set by label. */
export function byLabel(labels: Uint8Array, from: number, to: number): number[][] {
  const rows: number[][] = Array.from({ length: K }, () => []);
  for (let i = from; i < to; i++) rows[labels[i]!]!.push(i);
  return rows;
}

/**
 * The batch of one step, a pure function of (seed, step).
 * @param rows the images of `images` that may be used
 * @param size rows of each encoder's input, before the pictures beyond it
 * @param perLabel target pictures of each label
 * @param hands whether handwriting comes in hands that MNIST hardly has, too
 * @param formats whose pictures are wanted; of the others there are none
 */
export function makeBatch(
  images: LabelledImages,
  rows: number[][],
  seed: number,
  step: number,
  size: number,
  perLabel: number,
  hands = false,
  formats: readonly PictureName[] = ['dots', 'digits'],
): Batch {
  const random = new Random(seed, 1, step);
  const total = rows.reduce((a, r) => a + r.length, 0);
  const rowsOf = (format: PictureName) =>
    formats.includes(format) ? Math.round(size * (1 + MORE[format])) : 0;
  const written = rowsOf('digits');
  const digits = new Float32Array(written * PIXELS);
  const digitLabels = new Uint8Array(written);
  for (let i = 0; i < written; i++) {
    let k = random.integer(total);
    let label = 0;
    while (k >= rows[label]!.length) k -= rows[label++]!.length;
    digitLabels[i] = label;
    augmentDigit(
      images.pixels,
      rows[label]![k]! * PIXELS,
      digits,
      i * PIXELS,
      random,
      hands ? label : undefined,
    );
  }
  const S = STYLE.dots;
  const drawn = rowsOf('dots');
  const dots = new Float32Array(drawn * PIXELS);
  const dotLabels = new Uint8Array(drawn);
  const styled = Math.min(drawn, size >> 2);
  const dotStyles = new Float32Array(styled * S);
  for (let i = 0; i < drawn; i++) {
    const label = random.integer(K);
    dotLabels[i] = label;
    if (i < styled) {
      const style = random.normals(S);
      dotStyles.set(style, i * S);
      drawStyled(label, style, dots, i * PIXELS);
    } else drawVaried(label, dots, i * PIXELS, random);
  }
  const bits = new Float32Array(size * BITS);
  const bitLabels = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const label = random.integer(K);
    bitLabels[i] = label;
    bits.set(bitsOf(label), i * BITS);
  }
  const targetDigits = new Float32Array(K * perLabel * PIXELS);
  const targetDots = new Float32Array(K * perLabel * PIXELS);
  const targetStyles = random.normals(K * perLabel * S);
  for (let label = 0, i = 0; label < K; label++)
    for (let j = 0; j < perLabel; j++, i++) {
      const row = rows[label]![random.integer(rows[label]!.length)]!;
      for (let p = 0; p < PIXELS; p++) targetDigits[i * PIXELS + p] = images.pixels[row * PIXELS + p]! / 255;
      drawStyled(label, targetStyles.subarray(i * S, (i + 1) * S), targetDots, i * PIXELS);
    }
  return {
    digits,
    digitLabels,
    dots,
    dotLabels,
    dotStyles,
    styled,
    bits,
    bitLabels,
    targetDigits,
    targetDots,
    targetStyles,
  };
}

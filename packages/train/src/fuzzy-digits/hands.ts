/**
 * Hands that MNIST hardly has: over its digits a one with a flag and a foot, a seven with a bar; digits of another pen;
 * broad pens and coarse scans. Pictures are `[28·28]`, 0 … 1.
 */
import type { Random } from '../random.js';
import { type Point, penned, segment } from './pen.js';
import { PIXELS, SIDE } from './settings.js';

/** A part of the pictures is drawn by a pen of its own instead. */
const PENNED = 0.25;

/** The same picture, a varied copy, or another digit of the label. */
export function otherHand(image: Float32Array, label: number, random: Random): Float32Array {
  const own = random.chance(PENNED);
  const out = own ? penned(label, random) : image.slice();
  if (!own && label === 1 && random.chance(0.4)) flag(out, random);
  if (!own && label === 7 && random.chance(0.2)) bar(out, random);
  if (random.chance(0.25)) broaden(out, random.chance(0.4) ? 2 : 1, random.uniform(0.4, 1));
  return random.chance(own ? 0.6 : 0.3) ? coarsened(out, random.uniform(6.5, 11), random) : out;
}

/** A short stroke from the top to the left, and sometimes a foot. */
function flag(image: Float32Array, random: Random): void {
  const [top, bottom] = [end(image, 1), end(image, -1)];
  if (top === undefined || bottom === undefined) return;
  const r = Math.min(2, Math.max(0.7, halfWidth(image) * random.uniform(0.7, 1.1)));
  const length = random.uniform(3.5, 9);
  const angle = random.uniform(0.5, 1.35);
  const [x, y] = [top[0], top[1] + 0.5];
  segment(image, [x, y], [x - length * Math.sin(angle), y + length * Math.cos(angle)], r);
  if (!random.chance(0.3)) return;
  const foot = random.uniform(2.5, 5.5);
  segment(image, [bottom[0] - foot, bottom[1]], [bottom[0] + foot, bottom[1]], r);
}

/** A bar across the stem of a seven. */
function bar(image: Float32Array, random: Random): void {
  const y = Math.round(random.uniform(12, 17));
  let [sum, mass] = [0, 0];
  for (let x = 0; x < SIDE; x++) {
    sum += x * image[y * SIDE + x]!;
    mass += image[y * SIDE + x]!;
  }
  if (mass < 0.5) return;
  const length = random.uniform(2.5, 5.5);
  const rise = random.uniform(-1, 1);
  const x = sum / mass;
  const r = Math.min(1.8, Math.max(0.7, halfWidth(image) * random.uniform(0.6, 1)));
  segment(image, [x - length, y + rise], [x + length, y - rise], r);
}

/** The first inked place from the top (`step` 1) or the bottom (−1). */
function end(image: Float32Array, step: 1 | -1): Point | undefined {
  for (let y = step === 1 ? 0 : SIDE - 1; y >= 0 && y < SIDE; y += step) {
    let [sum, mass] = [0, 0];
    for (let x = 0; x < SIDE; x++) {
      const v = image[y * SIDE + x]!;
      if (v > 0.4) {
        sum += x * v;
        mass += v;
      }
    }
    if (mass > 0) return [sum / mass, y];
  }
  return undefined;
}

/** Half of the mean ink of a row that has any. */
function halfWidth(image: Float32Array): number {
  let [sum, rows] = [0, 0];
  for (let y = 0; y < SIDE; y++) {
    let row = 0;
    for (let x = 0; x < SIDE; x++) row += image[y * SIDE + x]!;
    if (row > 0.5) {
      sum += row;
      rows++;
    }
  }
  return rows === 0 ? 1 : sum / rows / 2;
}

/** A broader pen: `times` a part of the way to the maximum of the cross around each pixel. */
function broaden(image: Float32Array, times: number, part: number): void {
  const at = (copy: Float32Array, x: number, y: number) =>
    x < 0 || y < 0 || x >= SIDE || y >= SIDE ? 0 : copy[y * SIDE + x]!;
  for (let round = 0; round < times; round++) {
    const copy = image.slice();
    for (let y = 0, i = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++, i++) {
        const most = Math.max(
          copy[i]!,
          at(copy, x - 1, y),
          at(copy, x + 1, y),
          at(copy, x, y - 1),
          at(copy, x, y + 1),
        );
        image[i] = copy[i]! + part * (most - copy[i]!);
      }
  }
}

/**
 * Area averages on so many cells along the digit's 20 pixels, begun at the edge of its ink or near it; read back as
 * blocks or bilinearly, and made as hard as an enlarged picture comes out of the codec.
 */
function coarsened(image: Float32Array, cells: number, random: Random): Float32Array {
  const step = 20 / cells;
  const [left, top] = corner(image);
  const near = random.chance(0.5) ? 0 : step;
  const offset = (edge: number) => {
    const at = edge + random.uniform(-near, 0);
    return Math.ceil(at / step) * step - at;
  };
  const [ox, oy] = [offset(left), offset(top)];
  const n = Math.ceil(SIDE / step) + 2;
  const sum = new Float32Array(n * n);
  const count = new Float32Array(n * n);
  for (let y = 0, i = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++, i++) {
      const k = Math.floor((y + oy) / step) * n + Math.floor((x + ox) / step);
      sum[k] = sum[k]! + image[i]!;
      count[k] = count[k]! + 1;
    }
  const cell = (x: number, y: number) => {
    const k = Math.min(n - 1, Math.max(0, y)) * n + Math.min(n - 1, Math.max(0, x));
    return count[k] ? sum[k]! / count[k]! : 0;
  };
  const blocks = random.chance(0.3);
  const out = new Float32Array(PIXELS);
  let peak = 0.05;
  for (let y = 0, i = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++, i++) {
      const [sx, sy] = [(x + 0.5 + ox) / step - 0.5, (y + 0.5 + oy) / step - 0.5];
      const [x0, y0] = [Math.floor(sx), Math.floor(sy)];
      const [fx, fy] = [sx - x0, sy - y0];
      out[i] = blocks
        ? cell(Math.round(sx), Math.round(sy))
        : (1 - fy) * ((1 - fx) * cell(x0, y0) + fx * cell(x0 + 1, y0)) +
          fy * ((1 - fx) * cell(x0, y0 + 1) + fx * cell(x0 + 1, y0 + 1));
      peak = Math.max(peak, out[i]!);
    }
  const hard = random.chance(0.7);
  const low = hard ? random.uniform(0, 0.1) : 0;
  const high = hard ? random.uniform(0.6, 0.95) : 1;
  return out.map((v) => Math.min(1, Math.max(0, (v / peak - low) / (high - low))));
}

/** Left and top edge of the ink. */
function corner(image: Float32Array): [left: number, top: number] {
  let [left, top] = [SIDE, SIDE];
  for (let i = 0; i < PIXELS; i++)
    if (image[i]! > 0.3) {
      left = Math.min(left, i % SIDE);
      top = Math.min(top, Math.floor(i / SIDE));
    }
  return [left, top];
}

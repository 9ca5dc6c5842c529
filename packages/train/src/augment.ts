/** Varied copies of pictures: other slants, sizes, pens, scanners. Pictures are `[height · width]`, 0 … 1, ink is 1. */
import type { Random } from './random.js';

export interface Sides {
  height: number;
  width: number;
}

/** A varied copy; one in ten is as it was. */
export function augment(image: Float32Array, sides: Sides, random: Random): Float32Array {
  let out = image;
  if (random.chance(0.9)) {
    out = warp(out, sides, random);
    if (random.chance(0.35)) out = pen(out, sides, random);
    if (random.chance(0.25)) out = coarse(out, sides, random);
    if (random.chance(0.2)) out = blur(out, random.uniform(0.2, 0.8), sides);
    if (random.chance(0.4)) contrast(out, random);
    if (random.chance(0.15)) noise(out, random);
  }
  return out;
}

/** Rotation, scale, aspect, shear, shift and a smooth wave, sampled bilinearly. */
function warp(image: Float32Array, { height, width }: Sides, random: Random): Float32Array {
  const strong = random.chance(0.5) ? 1 : 0.5;
  const angle = random.normal() * 0.13 * strong;
  const scale = Math.exp(random.normal() * 0.09 * strong);
  const aspect = Math.exp(random.normal() * 0.1 * strong);
  const shear = random.normal() * 0.16 * strong;
  const dx = random.normal() * 1.1 * strong;
  const dy = random.normal() * 1.1 * strong;
  const wave = random.chance(0.5) ? 0.9 * strong : 0;
  const [a1, a2, p1, p2] = [
    random.normal() * wave,
    random.normal() * wave,
    random.uniform(0, 6.3),
    random.uniform(0, 6.3),
  ];
  const frequency = random.uniform(0.15, 0.4);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const m00 = (cos / scale) * aspect;
  const m01 = (sin / scale) * aspect + shear;
  const m10 = -sin / scale / aspect;
  const m11 = cos / scale / aspect;
  const out = new Float32Array(image.length);
  const at = reader(image, height, width);
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const u = x - cx - dx;
      const v = y - cy - dy;
      const sx = m00 * u + m01 * v + cx + a1 * Math.sin(frequency * v + p1);
      const sy = m10 * u + m11 * v + cy + a2 * Math.sin(frequency * u + p2);
      const x0 = Math.floor(sx);
      const y0 = Math.floor(sy);
      if (x0 < -1 || y0 < -1 || x0 >= width || y0 >= height) continue;
      const fx = sx - x0;
      const fy = sy - y0;
      out[i] =
        (1 - fy) * ((1 - fx) * at(x0, y0) + fx * at(x0 + 1, y0)) +
        fy * ((1 - fx) * at(x0, y0 + 1) + fx * at(x0 + 1, y0 + 1));
    }
  return out;
}

/** Pixels by column and row; outside there is no ink. */
const reader =
  (image: Float32Array, height: number, width: number) =>
  (x: number, y: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : image[y * width + x]!;

/** A thicker or a thinner pen: a part of the way to the maximum or the minimum of the cross around each pixel. */
function pen(image: Float32Array, { height, width }: Sides, random: Random): Float32Array {
  const thick = random.chance(0.55);
  const part = thick ? random.uniform(0.2, 1) : random.uniform(0.2, 0.75);
  const out = new Float32Array(image.length);
  const at = reader(image, height, width);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const here = image[i]!;
      const [l, r, u, d] = [at(x - 1, y), at(x + 1, y), at(x, y - 1), at(x, y + 1)];
      const other = thick ? Math.max(here, l, r, u, d) : Math.min(here, l, r, u, d);
      out[i] = here + part * (other - here);
    }
  return out;
}

/** A coarse scanner: area averages on a grid of 7 to 16 cells, read back bilinearly. */
function coarse(image: Float32Array, { height, width }: Sides, random: Random): Float32Array {
  const cells = random.uniform(8, 16);
  const step = Math.max(height, width) / cells;
  const [ox, oy] = [random.uniform(0, step), random.uniform(0, step)];
  const n = Math.ceil(cells) + 1;
  const sum = new Float32Array(n * n);
  const weight = new Float32Array(n * n);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const k = Math.floor((y + oy) / step) * n + Math.floor((x + ox) / step);
      sum[k] = sum[k]! + image[i]!;
      weight[k] = weight[k]! + 1;
    }
  for (let k = 0; k < n * n; k++) sum[k] = weight[k] ? sum[k]! / weight[k]! : 0;
  const cell = (x: number, y: number) =>
    sum[Math.min(n - 1, Math.max(0, y)) * n + Math.min(n - 1, Math.max(0, x))]!;
  const out = new Float32Array(image.length);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const sx = (x + 0.5 + ox) / step - 0.5;
      const sy = (y + 0.5 + oy) / step - 0.5;
      const [x0, y0] = [Math.floor(sx), Math.floor(sy)];
      const [fx, fy] = [sx - x0, sy - y0];
      out[i] =
        (1 - fy) * ((1 - fx) * cell(x0, y0) + fx * cell(x0 + 1, y0)) +
        fy * ((1 - fx) * cell(x0, y0 + 1) + fx * cell(x0 + 1, y0 + 1));
    }
  if (random.chance(0.7)) stretch(out);
  return out;
}

function stretch(image: Float32Array): void {
  let max = 0;
  for (const v of image) if (v > max) max = v;
  if (max > 0.05) for (let i = 0; i < image.length; i++) image[i] = Math.min(1, image[i]! / max);
}

/** A 3 × 3 binomial blur, blended in by `part`. */
export function blur(image: Float32Array, part: number, { height, width }: Sides): Float32Array {
  const out = new Float32Array(image.length);
  const at = reader(image, height, width);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      let s = 0;
      for (let v = -1; v <= 1; v++)
        for (let u = -1; u <= 1; u++) s += (2 - Math.abs(u)) * (2 - Math.abs(v)) * at(x + u, y + v);
      out[i] = (1 - part) * image[i]! + (part * s) / 16;
    }
  return out;
}

function contrast(image: Float32Array, random: Random): void {
  const gamma = Math.exp(random.normal() * 0.35);
  const gain = random.uniform(0.6, 1.6);
  for (let i = 0; i < image.length; i++) image[i] = Math.min(1, image[i]! ** gamma * gain);
}

function noise(image: Float32Array, random: Random): void {
  const sigma = random.uniform(0.01, 0.1);
  for (let i = 0; i < image.length; i++)
    image[i] = Math.min(1, Math.max(0, image[i]! + sigma * random.normal()));
}

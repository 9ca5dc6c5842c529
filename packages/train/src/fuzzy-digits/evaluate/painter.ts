/** Dots as another program draws them: shares nothing with the renderer that the founding was taught by. */
import type { Gray } from '@deepfunctor/host';
import type { Random } from '../../random.js';

/** A picture of `count` dots, 40 to 600 pixels a side. */
export function paintDots(count: number, random: Random): Gray {
  const width = Math.round(40 * 15 ** random.uniform());
  const height = random.chance(0.6)
    ? width
    : Math.round(Math.min(600, Math.max(40, width * random.uniform(0.7, 1.4))));
  const short = Math.min(width, height);
  const discs = scatter(count, width, height, short, random);
  const edge = [0, 0.6, 1.5, 0.03 * short][random.integer(4)]!;
  const values = new Float32Array(width * height);
  for (const { x, y, r, ink } of discs)
    for (let v = Math.max(0, Math.floor(y - r - 3 * edge)); v <= Math.min(height - 1, y + r + 3 * edge); v++)
      for (
        let u = Math.max(0, Math.floor(x - r - 3 * edge));
        u <= Math.min(width - 1, x + r + 3 * edge);
        u++
      ) {
        const inside = r - Math.hypot(u + 0.5 - x, v + 0.5 - y);
        const cover = edge === 0 ? (inside > 0 ? 1 : 0) : 1 / (1 + Math.exp((-4 * inside) / edge));
        const at = v * width + u;
        values[at] = Math.max(values[at]!, ink * cover);
      }
  if (random.chance(0.35)) jpeg(values, width, height, random.uniform(0.02, 0.12), random);
  const noise = random.chance(0.4) ? random.uniform(0, 0.05) : 0;
  const dark = random.chance(0.6);
  const [paper, full] = dark
    ? [random.uniform(0.85, 1), random.uniform(0, 0.2)]
    : [random.uniform(0, 0.15), random.uniform(0.8, 1)];
  const gray = values.map((v) =>
    Math.min(1, Math.max(0, paper + (full - paper) * v + (noise > 0 ? noise * random.normal() : 0))),
  );
  return { width, height, gray };
}

interface Disc {
  x: number;
  y: number;
  r: number;
  ink: number;
}

function scatter(count: number, width: number, height: number, short: number, random: Random): Disc[] {
  let scale = 1;
  const base = random.uniform(0.045, 0.11) * short;
  const mixed = random.chance(0.5) ? random.uniform(0.1, 0.45) : 0;
  const greys = random.chance(0.4) ? random.uniform(0.1, 0.4) : 0;
  for (let tries = 0; ; tries++) {
    const discs: Disc[] = [];
    for (let attempt = 0; attempt < 400 && discs.length < count; attempt++) {
      const r = base * scale * (1 + mixed * random.uniform(-1, 1));
      const disc = {
        x: random.uniform(r + 0.02 * short, width - r - 0.02 * short),
        y: random.uniform(r + 0.02 * short, height - r - 0.02 * short),
        r,
        ink: 1 - greys * random.uniform(),
      };
      const apart = discs.every(
        ({ x, y, r: other }) => Math.hypot(x - disc.x, y - disc.y) > r + other + 0.055 * short,
      );
      if (apart) discs.push(disc);
    }
    if (discs.length === count) return discs;
    if (tries % 3 === 2) scale *= 0.9;
  }
}

/** Marks of a coarse JPEG: each 8 × 8 block keeps its cosine coefficients rounded to a step. */
function jpeg(values: Float32Array, width: number, height: number, step: number, _random: Random): void {
  const basis = Array.from({ length: 8 }, (_, k) =>
    Array.from(
      { length: 8 },
      (_, n) => (k === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * n + 1) * k * Math.PI) / 16),
    ),
  );
  for (let top = 0; top + 8 <= height; top += 8)
    for (let left = 0; left + 8 <= width; left += 8) {
      const at = (v: number, u: number) => (top + v) * width + left + u;
      const kept = new Float64Array(64);
      for (let j = 0; j < 8; j++)
        for (let i = 0; i < 8; i++) {
          let sum = 0;
          for (let v = 0; v < 8; v++)
            for (let u = 0; u < 8; u++) sum += values[at(v, u)]! * basis[j]![v]! * basis[i]![u]!;
          const coarse = step * (1 + i + j);
          kept[j * 8 + i] = Math.round(sum / coarse) * coarse;
        }
      for (let v = 0; v < 8; v++)
        for (let u = 0; u < 8; u++) {
          let sum = 0;
          for (let j = 0; j < 8; j++)
            for (let i = 0; i < 8; i++) sum += kept[j * 8 + i]! * basis[j]![v]! * basis[i]![u]!;
          values[at(v, u)] = Math.min(1, Math.max(0, sum));
        }
    }
}

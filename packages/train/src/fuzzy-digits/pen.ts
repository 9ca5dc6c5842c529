/**
 * Digits drawn by a pen along skeletons, in the ways that people of many countries write them: ones with a flag, sevens
 * with a bar, fours like a cup, nines with a hook. MNIST has few of them. Placed as MNIST was made: the longer side of
 * the ink is 20 pixels, its centre of mass in the middle.
 */
import type { Random } from '../random.js';
import { PIXELS, SIDE } from './settings.js';

export type Point = readonly [x: number, y: number];
/**
 * The ways to write each label: how often against the others, width by height, and the strokes. A stroke is the percents
 * of its points in a box, y downwards; `~` begins one that is smooth, `-` one with corners.
 */
// biome-ignore format: a way a line
const WAYS: readonly (readonly (readonly [weight: number, aspect: number, strokes: string])[])[] = [
  [
    [3, 0.65, '~55,0 15,20 0,55 20,92 55,100 90,80 100,45 85,12 50,0'],
    [1, 0.8, '~80,10 40,0 5,30 2,70 40,100 85,85 100,50 85,12 45,4'],
  ],
  [
    [2, 0.12, '~60,0 50,50 40,100'],
    [4, 0.4, '-0,28 75,0 75,100'],
    [2, 0.5, '-0,42 80,0 85,100'],
    [2, 0.55, '-0,25 55,0 55,100 -5,100 100,100'],
    [1, 0.35, '~0,30 40,20 75,0 75,50 75,100'],
    [1, 0.45, '-35,0 35,100 -0,100 100,98'],
    [3, 0.5, '-0,48 70,18 75,0 75,100'],
    [1, 0.5, '-0,48 75,32 -75,0 75,100'],
  ],
  [
    [3, 0.7, '~5,25 30,2 75,5 85,30 50,65 0,100 -0,100 100,97'],
    [2, 0.75, '~5,20 40,0 80,15 70,50 25,95 2,90 15,75 50,92 100,95'],
    [1, 0.7, '~0,15 50,0 90,20 60,55 10,95 ~10,95 50,85 100,95'],
    [1, 0.7, '-5,5 90,2 5,98 100,100'],
  ],
  [
    [3, 0.65, '~5,12 50,0 90,20 70,43 35,47 ~35,47 80,52 100,75 65,98 0,92'],
    [2, 0.65, '~0,10 45,0 85,18 40,45 90,65 80,93 40,100 0,88'],
    [2, 0.65, '-5,2 92,2 40,40 ~40,40 85,50 100,75 60,100 0,90'],
  ],
  [
    [2, 0.75, '-60,0 0,65 100,65 -70,30 68,100'],
    [2, 0.75, '-75,100 72,0 0,68 100,66'],
    [2, 0.7, '~10,0 2,35 15,50 50,52 85,48 -92,0 85,100'],
    [2, 0.65, '-35,0 2,55 100,55 -72,30 55,100'],
    [2, 0.65, '~30,0 8,35 10,55 50,58 100,50 ~85,18 70,60 50,100'],
    [2, 0.6, '~45,0 10,45 15,62 50,60 90,35 ~95,25 75,65 45,100'],
    [1, 0.7, '-50,0 0,62 95,62 -62,45 60,100'],
    [2, 0.65, '~60,0 25,35 5,60 30,68 95,62 ~80,40 70,70 60,100'],
    [2, 0.7, '~55,0 20,40 2,62 40,70 85,55 ~75,38 80,75 55,100'],
  ],
  [
    [3, 0.7, '-90,2 20,2 12,45 ~12,45 55,37 95,60 70,95 0,95'],
    [2, 0.7, '~20,3 10,42 55,38 95,65 65,97 0,92 -20,3 100,0'],
    [2, 0.65, '~95,5 40,3 15,30 45,48 90,65 75,95 0,97'],
    [1, 0.6, '~90,0 30,5 15,38 70,52 85,80 40,100 0,90'],
  ],
  [
    [3, 0.6, '~75,0 25,30 2,70 30,100 80,92 95,68 60,52 15,70'],
    [2, 0.6, '~90,8 50,0 8,40 10,85 50,100 95,80 75,50 15,60'],
    [1, 0.65, '~35,0 8,45 5,80 40,100 90,90 95,65 55,55 15,80'],
  ],
  [
    [3, 0.7, '-0,4 100,0 40,100'],
    [2, 0.7, '-0,4 100,0 40,100 -30,50 95,48'],
    [2, 0.7, '-2,20 2,3 95,0 45,100'],
    [2, 0.7, '~0,8 40,6 95,2 65,45 50,100'],
    [1, 0.75, '-5,20 2,3 100,2 35,100 -20,55 90,45'],
    [1, 0.6, '~0,15 30,0 60,8 100,0 70,50 60,100'],
  ],
  [
    [3, 0.6, '~85,12 45,0 10,20 50,47 95,75 50,100 5,78 50,47 85,22 75,5'],
    [2, 0.6, '~50,0 12,20 50,45 88,20 50,0 ~50,45 2,72 50,100 98,72 50,45'],
    [1, 0.55, '~90,5 30,5 15,30 80,65 75,95 20,95 15,70 70,35 95,8'],
  ],
  [
    [3, 0.6, '~90,15 50,0 5,20 20,47 65,43 92,15 ~92,10 90,50 80,100'],
    [2, 0.6, '~90,20 50,2 5,22 25,50 70,40 95,10 ~95,10 98,55 75,95 30,100 2,90'],
    [2, 0.6, '~85,10 40,0 8,22 35,45 80,30 88,8 ~88,8 85,60 50,98 0,85'],
    [2, 0.6, '~80,2 30,2 5,25 35,47 80,38 ~85,5 90,45 80,85 35,100 2,85'],
    [2, 0.6, '~90,4 25,8 8,32 50,45 88,36 ~90,4 92,55 75,95 25,98 5,85'],
    [1, 0.65, '-90,45 10,42 15,3 90,3 85,100'],
    [1, 0.55, '~85,10 40,0 10,25 50,45 85,15 60,60 40,100'],
    [2, 0.65, '~70,5 25,0 5,20 30,40 65,32 ~70,5 75,40 100,80 60,100 0,95'],
  ],
];

/** Text of strokes → their points in a box of 1 × 1. */
const strokesOf = (text: string): { points: Point[]; corner: boolean }[] =>
  [...text.matchAll(/([~-])([\d, ]+)/g)].map(([, kind, points]) => ({
    corner: kind === '-',
    points: points!
      .trim()
      .split(' ')
      .map((pair): Point => {
        const [x, y] = pair.split(',').map(Number) as [number, number];
        return [x / 100, y / 100];
      }),
  }));

const SKELETONS = WAYS.map((ways) =>
  ways.map(([weight, aspect, text]) => [weight, aspect, strokesOf(text)] as const),
);

/** How far a point of a skeleton is moved, as a part of the box. */
const SHAKE = 0.045;
/** Points of a drawn line for each one of its skeleton. */
const FINE = 6;

/** A digit of this label, `[28·28]`, 0 … 1, ink is 1. */
export function penned(label: number, random: Random): Float32Array {
  const [, wide, strokes] = choose(SKELETONS[label]!, random);
  const shake = SHAKE * random.uniform(0.3, 1.5);
  const aspect = wide * Math.exp(random.normal() * 0.2);
  const slant = random.normal() * 0.18;
  const turn = random.normal() * 0.08;
  const lines = strokes.map(({ points, corner }) => {
    const moved = points.map(([x, y]): Point => {
      const [u, v] = [x + shake * random.normal() - 0.5, y + shake * random.normal() - 0.5];
      const across = u * aspect - slant * v;
      return [across - turn * v, v + turn * across];
    });
    return corner && random.chance(0.75) ? moved : curve(moved);
  });
  return drawn(lines, random.uniform(0.7, 2.7), random.uniform(0.6, 1.4));
}

function choose<T extends readonly [weight: number, ...unknown[]]>(ways: readonly T[], random: Random): T {
  let left = random.uniform(
    0,
    ways.reduce((sum, [weight]) => sum + weight, 0),
  );
  for (const each of ways) {
    left -= each[0];
    if (left < 0) return each;
  }
  return ways[0]!;
}

/** Points along the Catmull–Rom spline through some points (Catmull and Rom, 1974). */
function curve(points: readonly Point[]): Point[] {
  const at = (i: number) => points[Math.min(points.length - 1, Math.max(0, i))]!;
  const out: Point[] = [points[0]!];
  for (let i = 0; i + 1 < points.length; i++)
    for (let j = 1; j <= FINE; j++) {
      const t = j / FINE;
      const mix = (k: 0 | 1) => {
        const [a, b, c, d] = [at(i - 1)[k], at(i)[k], at(i + 1)[k], at(i + 2)[k]];
        return (
          0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t ** 2 + (3 * (b - c) + d - a) * t ** 3)
        );
      };
      out.push([mix(0), mix(1)]);
    }
  return out;
}

/** Lines of a pen of this radius in pixels, with edges so many pixels wide, placed as MNIST's are. */
function drawn(lines: readonly (readonly Point[])[], radius: number, edge: number): Float32Array {
  const all = lines.flat();
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const scale = (20 - 2 * radius) / Math.max(width, height);
  const placed = lines.map((line) =>
    line.map(
      ([x, y]): Point => [
        SIDE / 2 + (x - left - width / 2) * scale - 0.5,
        SIDE / 2 + (y - top - height / 2) * scale - 0.5,
      ],
    ),
  );
  const first = ink(placed, radius, edge);
  let [mass, x, y] = [0, 0, 0];
  first.forEach((v, i) => {
    mass += v;
    x += v * (i % SIDE);
    y += v * Math.floor(i / SIDE);
  });
  const [dx, dy] = [(SIDE - 1) / 2 - x / mass, (SIDE - 1) / 2 - y / mass];
  return ink(
    placed.map((line) => line.map(([u, v]): Point => [u + dx, v + dy])),
    radius,
    edge,
  );
}

function ink(lines: readonly (readonly Point[])[], radius: number, edge: number): Float32Array {
  const out = new Float32Array(PIXELS);
  for (const line of lines)
    for (let i = 0; i + 1 < line.length; i++) segment(out, line[i]!, line[i + 1]!, radius, edge);
  return out;
}

/** Ink of a straight piece with round ends; where it is there already, the stronger one stays. */
export function segment(image: Float32Array, a: Point, b: Point, radius: number, edge = 1): void {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const squared = dx * dx + dy * dy || 1;
  const far = radius + edge;
  const from = (p: number, q: number) => Math.max(0, Math.floor(Math.min(p, q) - far));
  const to = (p: number, q: number) => Math.min(SIDE - 1, Math.ceil(Math.max(p, q) + far));
  for (let y = from(a[1], b[1]); y <= to(a[1], b[1]); y++)
    for (let x = from(a[0], b[0]); x <= to(a[0], b[0]); x++) {
      const t = Math.min(1, Math.max(0, ((x - a[0]) * dx + (y - a[1]) * dy) / squared));
      const value = (radius - Math.hypot(x - a[0] - t * dx, y - a[1] - t * dy)) / edge + 0.5;
      const at = y * SIDE + x;
      if (value > image[at]!) image[at] = Math.min(1, value);
    }
}

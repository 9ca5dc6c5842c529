import type { Random } from '../random.js';
import { PIXELS, SIDE } from './settings.js';

interface Dot {
  x: number;
  y: number;
  rx: number;
  ry: number;
  angle: number;
  grey: number;
  /** Width of the edge in pixels: 0 is hard. */
  edge: number;
}

const squash = (v: number) => Math.tanh(v / 1.5);

/** The canonical layouts: dots of each number on a grid of unit distance, centred. */
const LAYOUTS: [number, number][][] = [
  [],
  [[0, 0]],
  [
    [-0.5, -0.5],
    [0.5, 0.5],
  ],
  [
    [-0.8, -0.8],
    [0, 0],
    [0.8, 0.8],
  ],
  [
    [-0.6, -0.6],
    [0.6, -0.6],
    [-0.6, 0.6],
    [0.6, 0.6],
  ],
  [
    [-0.8, -0.8],
    [0.8, -0.8],
    [0, 0],
    [-0.8, 0.8],
    [0.8, 0.8],
  ],
  [
    [-0.6, -1],
    [0.6, -1],
    [-0.6, 0],
    [0.6, 0],
    [-0.6, 1],
    [0.6, 1],
  ],
  [
    [-0.6, -1],
    [0.6, -1],
    [-1, 0],
    [0, 0],
    [1, 0],
    [-0.6, 1],
    [0.6, 1],
  ],
  [
    [-1, -1],
    [0, -1],
    [1, -1],
    [-0.5, 0],
    [0.5, 0],
    [-1, 1],
    [0, 1],
    [1, 1],
  ],
  [
    [-1, -1],
    [0, -1],
    [1, -1],
    [-1, 0],
    [0, 0],
    [1, 0],
    [-1, 1],
    [0, 1],
    [1, 1],
  ],
];

/**
 * Draws `count` dots as a style asks: what a decoder of dots learns to imitate.
 * @param style `[5]`, standard normal: shift right, shift down, turn, spread, size of the dots
 * @param target `[28·28]`, 0 … 1, at `at`
 */
export function drawStyled(count: number, style: ArrayLike<number>, target: Float32Array, at: number): void {
  const spread = 7.2 + 1.3 * squash(style[3]!);
  const radius = 2.0 + 0.6 * squash(style[4]!);
  const turn = 0.5 * squash(style[2]!);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const room = 2.2;
  const dots = LAYOUTS[count]!.map(([u, v]) => ({
    x: 13.5 + room * squash(style[0]!) + spread * (cos * u - sin * v),
    y: 13.5 + room * squash(style[1]!) + spread * (sin * u + cos * v),
    rx: radius,
    ry: radius,
    angle: 0,
    grey: 1,
    edge: 1,
  }));
  const image = new Float32Array(PIXELS);
  paint(dots, image, SIDE, SIDE);
  target.set(image, at);
}

/**
 * Draws `count` dots in any manner another program might: scattered or in rows, of one size or mixed, hard, soft or
 * aliased, round or a little squeezed, grey, on noise, on a gradient, squeezed by a coarser scan.
 * @param target `[28·28]`, 0 … 1, at `at`
 */
export function drawVaried(count: number, target: Float32Array, at: number, random: Random): void {
  const side = random.chance(0.5) ? SIDE : SIDE * (1 + random.integer(4));
  const unit = side / SIDE;
  const image = new Float32Array(side * side);
  const dots = place(count, random, unit);
  paint(dots, image, side, side);
  const small = side === SIDE ? image : shrink(image, side);
  if (random.chance(0.15)) soften(small, random.uniform(0.2, 1));
  spoil(small, random, count, Math.min(1, ...dots.map(({ grey }) => grey)));
  target.set(small, at);
}

/** The least radius in pixels: below it a grey dot and a speck of noise are alike. */
const LEAST = 0.95;

/** The least gap in pixels. */
const NARROWEST = 1.1;

/** Positions that keep the dots apart: rejection, with dots that shrink where there is no room. */
function place(count: number, random: Random, unit: number): Dot[] {
  const base = Math.exp(random.uniform(Math.log(1), Math.log(count <= 4 ? 4.6 : 3.4)));
  const mixed = random.chance(0.5) ? random.uniform(0, 0.5) : 0;
  const edge = random.chance(0.3) ? 0 : random.uniform(0, 2.2);
  const grey = random.chance(0.5) ? 1 : random.uniform(0.45, 1);
  const greys = random.chance(0.4) ? random.uniform(0, 0.5) : 0;
  const squeeze = random.chance(0.3) ? 0.25 : 0;
  let gap = random.chance(0.3) ? random.uniform(NARROWEST, 1.5) : random.uniform(1.3, 3);
  let box = random.chance(0.25) ? random.uniform(0.55, 1) : 1;
  let [bx, by] = [random.uniform(0, 1 - box), random.uniform(0, 1 - box)];
  const styled = random.chance(0.15);
  const dots: Dot[] = [];
  if (styled && count > 0) {
    const turn = random.uniform(0, 6.3);
    const spread = random.uniform(5.2, 8.6);
    const r = Math.min(base, spread * 0.3);
    for (const [u, v] of LAYOUTS[count]!)
      dots.push({
        x: unit * (14 + spread * (Math.cos(turn) * u - Math.sin(turn) * v)) - 0.5,
        y: unit * (14 + spread * (Math.sin(turn) * u + Math.cos(turn) * v)) - 0.5,
        rx: r * unit,
        ry: r * unit,
        angle: 0,
        grey,
        edge: edge * unit,
      });
    return dots;
  }
  for (let shrinkage = 1; ; shrinkage *= 0.93) {
    dots.length = 0;
    for (let tries = 0; dots.length < count && tries < 60 * count; tries++) {
      const r = Math.max(LEAST, base * shrinkage * Math.exp(random.normal() * mixed));
      const ratio = Math.exp(random.normal() * squeeze * 0.5 * Math.min(1, r - LEAST));
      const [rx, ry] = [r * ratio, r / ratio];
      const reach = Math.max(rx, ry) + 0.3 + 0.15 * edge;
      if (2 * reach > box * SIDE) continue;
      const x = bx * SIDE + random.uniform(reach, box * SIDE - reach);
      const y = by * SIDE + random.uniform(reach, box * SIDE - reach);
      if (
        dots.some(
          (d) =>
            Math.hypot(d.x / unit - x, d.y / unit - y) <
            Math.max(d.rx, d.ry) / unit + Math.max(rx, ry) + gap + 0.45 * edge,
        )
      )
        continue;
      dots.push({
        x: x * unit,
        y: y * unit,
        rx: rx * unit,
        ry: ry * unit,
        angle: random.uniform(0, 3.14),
        grey: Math.min(1, Math.max(0.4, grey * (1 - greys * random.uniform()))),
        edge: edge * unit,
      });
    }
    if (dots.length === count) break;
    // No room: besides smaller dots, narrower gaps and a larger part of the picture, or this would never end.
    gap = Math.max(NARROWEST, 0.93 * gap);
    box = Math.min(1, 1.05 * box);
    [bx, by] = [Math.min(bx, 1 - box), Math.min(by, 1 - box)];
  }
  for (const d of dots) {
    d.x -= 0.5;
    d.y -= 0.5;
  }
  return dots;
}

function paint(dots: Dot[], image: Float32Array, width: number, height: number): void {
  for (const dot of dots) {
    const reach = Math.ceil(Math.max(dot.rx, dot.ry) + dot.edge + 1);
    const [cos, sin] = [Math.cos(dot.angle), Math.sin(dot.angle)];
    const mean = (dot.rx + dot.ry) / 2;
    for (
      let y = Math.max(0, Math.floor(dot.y - reach));
      y <= Math.min(height - 1, Math.ceil(dot.y + reach));
      y++
    )
      for (
        let x = Math.max(0, Math.floor(dot.x - reach));
        x <= Math.min(width - 1, Math.ceil(dot.x + reach));
        x++
      ) {
        const [dx, dy] = [x - dot.x, y - dot.y];
        const distance =
          (Math.hypot((cos * dx + sin * dy) / dot.rx, (cos * dy - sin * dx) / dot.ry) - 1) * mean;
        const ink =
          dot.edge < 0.05 ? (distance <= 0 ? 1 : 0) : Math.min(1, Math.max(0, 0.5 - distance / dot.edge));
        const i = y * width + x;
        if (ink * dot.grey > image[i]!) image[i] = ink * dot.grey;
      }
  }
}

function shrink(image: Float32Array, side: number): Float32Array {
  const step = side / SIDE;
  const out = new Float32Array(PIXELS);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const i = Math.floor(y / step) * SIDE + Math.floor(x / step);
      out[i] = out[i]! + image[y * side + x]! / (step * step);
    }
  return out;
}

function soften(image: Float32Array, part: number): void {
  const copy = image.slice();
  for (let y = 1; y < SIDE - 1; y++)
    for (let x = 1; x < SIDE - 1; x++) {
      const i = y * SIDE + x;
      const cross = (copy[i - 1]! + copy[i + 1]! + copy[i - SIDE]! + copy[i + SIDE]!) / 4;
      image[i] = copy[i]! + part * 0.5 * (cross - copy[i]!);
    }
}

/** Background, gradient, noise, JPEG-like ringing, contrast; an empty picture is left nearly empty. `ink`: of the faintest dot. */
function spoil(image: Float32Array, random: Random, count: number, ink: number): void {
  const level = random.chance(0.25) ? random.uniform(0, 0.12) : 0;
  const [gx, gy] = random.chance(0.15) ? [random.normal() * 0.003, random.normal() * 0.003] : [0, 0];
  const gain = count === 0 ? 1 : random.chance(0.3) ? random.uniform(0.7, 1.4) : 1;
  // Dots stay well above the noise that is put on them.
  const faint = count === 0 ? 1 : Math.min(1, 1.6 * gain * ink);
  const sigma = random.chance(0.35) ? random.uniform(0.005, 0.07) * faint : 0;
  const ringing = random.chance(0.2) ? random.uniform(0.01, 0.05) * faint : 0;
  const [f1, f2] = [random.integer(8), random.integer(8)];
  for (let y = 0, i = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++, i++) {
      let v = image[i]! * gain;
      v = v + (1 - v) * level + gx * (x - 14) + gy * (y - 14);
      if (ringing)
        v +=
          ringing * Math.cos(((2 * x + 1) * f1 * Math.PI) / 16) * Math.cos(((2 * y + 1) * f2 * Math.PI) / 16);
      if (sigma) v += sigma * random.normal();
      image[i] = Math.min(1, Math.max(0, v));
    }
}

/** Pictures that tests draw, and PNG files of kinds that an encoder of pictures would not write. */
import { crc32, deflateSync } from 'node:zlib';
import type { Gray } from '../src/index.js';

/** A PNG put together chunk by chunk. `scanlines` are the packed rows without their filter bytes. */
export function rawPng(header: {
  width: number;
  height: number;
  depth: number;
  colourType: number;
  scanlines: Uint8Array[];
  palette?: number[];
  alpha?: number[];
}): Uint8Array {
  const { width, height, depth, colourType, scanlines, palette, alpha } = header;
  const ihdr = Buffer.alloc(13);
  ihdr.writeUInt32BE(width, 0);
  ihdr.writeUInt32BE(height, 4);
  ihdr.set([depth, colourType, 0, 0, 0], 8);
  const body = Buffer.concat(scanlines.flatMap((line) => [Buffer.of(0), Buffer.from(line)]));
  return Buffer.concat([
    Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', ihdr),
    ...(palette === undefined ? [] : [chunk('PLTE', Buffer.from(palette))]),
    ...(alpha === undefined ? [] : [chunk('tRNS', Buffer.from(alpha))]),
    chunk('IDAT', deflateSync(body)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const frame = Buffer.alloc(4);
  frame.writeUInt32BE(content.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([frame, named, check]);
}

/** A small seeded generator (mulberry32), numbers in [0, 1). */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A picture from a function of the pixel's middle, clamped to 0 … 1. */
export function drawn(width: number, height: number, at: (x: number, y: number) => number): Gray {
  const gray = new Float32Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) gray[y * width + x] = Math.min(1, Math.max(0, at(x + 0.5, y + 0.5)));
  return { width, height, gray };
}

/** A disc in parts of the picture's shorter side. */
export interface Disc {
  x: number;
  y: number;
  r: number;
}

/** `count` discs in the unit square, with room between them. */
export function scatter(count: number, random: () => number): Disc[] {
  for (;;) {
    const discs: Disc[] = [];
    for (let tries = 0; discs.length < count && tries < 400; tries++) {
      const r = 0.045 + 0.045 * random();
      const [x, y] = [0.05 + r + (0.9 - 2 * r) * random(), 0.05 + r + (0.9 - 2 * r) * random()];
      if (discs.every((disc) => Math.hypot(disc.x - x, disc.y - y) > disc.r + r + 0.08))
        discs.push({ x, y, r });
    }
    if (discs.length === count) return discs;
  }
}

/** How much of a point the discs cover: 1 inside, 0 outside, `soft` pixels between. */
export function coverage(discs: readonly Disc[], side: number, soft: number, x: number, y: number): number {
  let most = 0;
  for (const disc of discs) {
    const inside = disc.r * side - Math.hypot(disc.x * side - x, disc.y * side - y);
    const share = soft === 0 ? Number(inside >= 0) : Math.min(1, Math.max(0, 0.5 + inside / soft));
    most = Math.max(most, share);
  }
  return most;
}

/** The number of connected parts (4 directions) above a threshold in a row-major frame. */
export function countParts(values: Float32Array, width: number, threshold: number): number {
  const seen = new Uint8Array(values.length);
  let parts = 0;
  for (let seed = 0; seed < values.length; seed++) {
    if (seen[seed] === 1 || values[seed]! <= threshold) continue;
    parts++;
    const stack = [seed];
    seen[seed] = 1;
    while (stack.length > 0) {
      const at = stack.pop()!;
      const column = at % width;
      for (const next of [
        at - width,
        at + width,
        column > 0 ? at - 1 : -1,
        column < width - 1 ? at + 1 : -1,
      ]) {
        if (next < 0 || next >= values.length || seen[next] === 1 || values[next]! <= threshold) continue;
        seen[next] = 1;
        stack.push(next);
      }
    }
  }
  return parts;
}

/** Pearson's correlation. */
export function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (v: Float32Array) => v.reduce((sum, x) => sum + x, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** A picture enlarged by nearest neighbour, its blocks of unequal sides where they must be. */
export function nearest({ width, height, gray }: Gray, across: number, down: number): Gray {
  const at = (x: number, y: number) =>
    gray[Math.floor((y * height) / down) * width + Math.floor((x * width) / across)]!;
  return drawn(across, down, at);
}

/** A picture enlarged by linear interpolation. */
export function enlarged({ width, height, gray }: Gray, factor: number): Gray {
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : gray[y * width + x]!;
  return drawn(Math.round(width * factor), Math.round(height * factor), (x, y) => {
    const [u, v] = [x / factor - 0.5, y / factor - 0.5];
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const [s, t] = [u - i, v - j];
    return (
      (1 - t) * ((1 - s) * at(i, j) + s * at(i + 1, j)) + t * ((1 - s) * at(i, j + 1) + s * at(i + 1, j + 1))
    );
  });
}

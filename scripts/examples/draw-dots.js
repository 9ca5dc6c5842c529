// Write examples/dots: pictures of 0 to 9 dots, drawn as SVG by another program than the one dots are learned from.
//   node scripts/examples/draw-dots.js
import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';
import { writeWhole } from '../../packages/core/dist/index.js';
import { NAMES } from './names.js';

/** Paper and ink of the pictures of one count, and the sides of the picture. */
const STYLES = [
  { name: 'ink', paper: '#fbfaf5', ink: '#1c2a4a', side: 240 },
  { name: 'chalk', paper: '#23302a', ink: '#f2f0e4', side: 180 },
];

/** A small seeded generator (mulberry32): numbers in [0, 1). */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` circles inside the unit square that do not touch. Begins again where the last ones find no room. */
function scatter(count, random) {
  for (;;) {
    const dots = [];
    for (let tries = 0; dots.length < count && tries < 400; tries++) {
      const r = 0.055 + 0.035 * random();
      const [x, y] = [0.06 + r + (0.88 - 2 * r) * random(), 0.06 + r + (0.88 - 2 * r) * random()];
      if (dots.every((dot) => Math.hypot(dot.x - x, dot.y - y) > dot.r + r + 0.07)) dots.push({ x, y, r });
    }
    if (dots.length === count) return dots;
  }
}

for (const [count, name] of NAMES.entries()) {
  for (const [index, { paper, ink, side, name: style }] of STYLES.entries()) {
    const circles = scatter(count, generator(100 * count + index + 1))
      .map(({ x, y, r }) => `<circle cx="${x * side}" cy="${y * side}" r="${r * side}"/>`)
      .join('');
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">
      <rect width="100%" height="100%" fill="${paper}"/><g fill="${ink}">${circles}</g></svg>`;
    const path = fileURLToPath(new URL(`../../examples/dots/${name}-${style}.png`, import.meta.url));
    writeWhole(path, new Resvg(svg).render().asPng());
  }
}

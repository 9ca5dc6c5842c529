// Draws labelled pictures of a seven-segment display: node draw.js DIR [--seed N] [--each N]
// Whatever makes displays differ is drawn anew for every picture: shape, slant, colours, light, blur, noise, size, margins.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { uniforms } from '@deepfunctor/host';
import { Resvg } from '@resvg/resvg-js';
import { PNG } from 'pngjs';

/** Segments of each digit: a on top, then clockwise, g in the middle; after it the way of one display in six. */
const LIT = [
  ['abcdef'],
  ['bc'],
  ['abdeg'],
  ['abcdg'],
  ['bcfg'],
  ['acdfg'],
  ['acdefg', 'cdefg'],
  ['abc', 'abcf'],
  ['abcdefg'],
  ['abcdfg', 'abcfg'],
];
/** Where each segment begins and ends: columns 0 and 1, rows 0 to 2. Upright ones end in the middle. */
const ENDS = {
  a: [0, 0, 1, 0],
  b: [1, 0, 1, 1],
  c: [1, 2, 1, 1],
  d: [1, 2, 0, 2],
  e: [0, 2, 0, 1],
  f: [0, 0, 0, 1],
  g: [0, 1, 1, 1],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' }, each: { type: 'string', default: '300' } },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('usage: node draw.js DIR [--seed N] [--each N]');
const random = uniforms(Number(values.seed));
const between = (low, high) => low + (high - low) * random();
const chance = (part) => random() < part;
const one = (list) => list[Math.floor(random() * list.length)];

mkdirSync(folder, { recursive: true });
for (const [label, [usual, other = usual]] of LIT.entries())
  for (let n = 1; n <= Number(values.each); n++)
    writeFileSync(
      join(folder, `${label}-${String(n).padStart(4, '0')}.png`),
      picture(chance(1 / 6) ? other : usual),
    );

function picture(lit) {
  const display = {
    aspect: between(0.42, 0.8),
    thick: between(0.075, 0.2),
    ends: one(['pointed', 'flat', 'round', 'mitred']),
    gap: chance(0.2) ? 0 : between(0.003, 0.035),
  };
  // Of the height of a digit; a small picture has little margin.
  const height = Math.round(20 * 15 ** random());
  const ink = height * (height < 40 ? between(0.75, 0.94) : between(0.45, 0.94));
  const slant = chance(0.5) ? 0 : between(-0.05, 0.22);
  const wide = ink * (display.aspect + display.thick + Math.abs(slant));
  const width = Math.round(Math.max(20, chance(0.5) ? height : wide * between(1.08, 1.9), wide * 1.06));
  const [x, y] = [(width - wide) / 2, (height - ink) / 2];
  const at = [width / 2 + x * between(-0.9, 0.9), height / 2 + y * between(-0.9, 0.9)];
  const scale = ink / (1 + display.thick);
  const turn = chance(0.3) ? between(-4, 4) : 0;
  const place = `translate(${at}) rotate(${turn}) skewX(${(-Math.atan(slant) * 180) / Math.PI}) scale(${scale}) translate(${-display.aspect / 2} -0.5)`;
  const { ground, colour } = colours();
  const shapes = (which) => [...which].map((name) => segment(name, display)).join('');
  const unlit = chance(0.5) ? between(0.02, 0.22) : 0;
  const glow = chance(0.3) ? between(0.2, 0.6) : 0;
  const blur = chance(0.5) ? scale * between(0.002, 0.02) : 0;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs>
      <linearGradient id="ground" gradientTransform="rotate(${between(0, 90)})">
        <stop stop-color="${css(ground)}"/><stop offset="1" stop-color="${css(shaded(ground))}"/>
      </linearGradient>
      <filter id="glow" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="${scale * between(0.02, 0.06)}"/></filter>
      <filter id="blur" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="${blur}"/></filter>
    </defs>
    <rect width="100%" height="100%" fill="url(#ground)"/>
    <g fill="${css(colour)}" stroke="${css(colour)}" stroke-width="0"${blur > 0 ? ' filter="url(#blur)"' : ''}>
      <g transform="${place}" opacity="${unlit}">${shapes('abcdefg')}</g>
      ${glow > 0 ? `<g opacity="${glow}" filter="url(#glow)"><g transform="${place}">${shapes(lit)}</g></g>` : ''}
      <g transform="${place}">${shapes(lit)}</g>
    </g></svg>`;
  const { pixels } = new Resvg(svg, { font: { loadSystemFonts: false } }).render();
  const png = new PNG({ width, height });
  // More noise than this in a faint picture, and nobody could tell.
  const contrast = Math.abs(luma(colour) - luma(ground));
  png.data = noisy(pixels, chance(0.4) ? contrast * between(0.01, 0.045) : 0);
  return PNG.sync.write(png);
}

/** A segment of a display that is 1 high between the middles of its outer segments. */
function segment(name, { aspect, thick, ends, gap }) {
  const [column, row, toColumn, toRow] = ENDS[name];
  const [x, y] = [column * aspect, row / 2];
  const [dx, dy] = [toColumn * aspect - x, toRow / 2 - y];
  const length = Math.hypot(dx, dy);
  const half = thick / 2;
  // On which side of it is the outside of the display.
  const sign = name === 'g' ? 0 : 'cf'.includes(name) ? 1 : -1;
  // Points along the segment and across it.
  const outline = (points) =>
    `<polygon points="${points.map(([s, t]) => [x + (s * dx - t * dy) / length, y + (s * dy + t * dx) / length]).join(' ')}"/>`;
  if (ends === 'round') {
    const inset = gap + half * 0.8;
    const [sx, sy] = [(inset * dx) / length, (inset * dy) / length];
    return `<line x1="${x + sx}" y1="${y + sy}" x2="${x + dx - sx}" y2="${y + dy - sy}" stroke-width="${thick * 0.95}" stroke-linecap="round"/>`;
  }
  const reach = (near, far) => [
    [gap + near, half],
    [length - gap - near, half],
    [length - gap - far, -half],
    [gap + far, -half],
  ];
  if (ends === 'flat') {
    // Upright segments end below the level ones.
    const inset = dx === 0 ? half : -half * 0.2;
    return outline(reach(inset, inset));
  }
  if (ends === 'mitred' && sign !== 0) {
    // The end that meets the middle segment is pointed; at the corners of the display it is cut at 45°.
    const middle = dx === 0 ? half : -half;
    return outline([
      [gap - half, sign * half],
      [length - gap - middle, sign * half],
      ...(dx === 0 ? [[length - gap, 0]] : []),
      [length - gap - half, -sign * half],
      [gap + half, -sign * half],
    ]);
  }
  return outline([
    [gap, 0],
    [gap + half, half],
    [length - gap - half, half],
    [length - gap, 0],
    [length - gap - half, -half],
    [gap + half, -half],
  ]);
}

/** Two colours that differ enough to be seen, in grey as well. */
function colours() {
  for (;;) {
    const dark = chance(0.7) ? Array(3).fill(between(0, 110)) : [0, 0, 0].map(() => between(0, 120));
    const light = chance(0.5) ? Array(3).fill(between(90, 255)) : [0, 0, 0].map(() => between(0, 255));
    if (luma(light) - luma(dark) < 90) continue;
    return chance(0.5) ? { ground: dark, colour: light } : { ground: light, colour: dark };
  }
}

function luma([red, green, blue]) {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

function css(colour) {
  return `rgb(${colour.map(Math.round)})`;
}

/** The same ground in a little less or more light. */
function shaded(ground) {
  const by = chance(0.4) ? between(-18, 18) : 0;
  return ground.map((value) => Math.min(255, Math.max(0, value + by)));
}

/** Noise of that deviation on every pixel, the same for its channels. */
function noisy(pixels, deviation) {
  const out = Buffer.from(pixels);
  for (let i = 0; deviation > 0 && i < out.length; i += 4) {
    const by = deviation * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
    for (let c = i; c < i + 3; c++) out[c] = Math.min(255, Math.max(0, Math.round(out[c] + by)));
  }
  return out;
}

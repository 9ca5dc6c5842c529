/** A contact sheet: input, operation and answer side by side, each with a bar of what the probe reads from it. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Distribution } from '@deepfunctor/host';
import { Resvg } from '@resvg/resvg-js';

const font = createRequire(import.meta.url).resolve(
  '@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf',
);

/** One end of a chain: a picture or a text, and its distribution. */
export interface SheetEnd {
  png?: Uint8Array;
  text?: string;
  distribution: Distribution;
}

export interface SheetItem {
  inputs: SheetEnd[];
  operation: string;
  output: SheetEnd;
}

const SIDE = 84;
const BAR = 22;
const GAP = 16;

/** The sheet as a PNG. */
export function contactSheet(items: readonly SheetItem[]): Uint8Array {
  const ends = Math.max(...items.map(({ inputs }) => inputs.length)) + 1;
  const cell = { width: ends * (SIDE + GAP) + 190, height: SIDE + BAR + 2 * GAP };
  const columns = Math.max(1, Math.min(items.length, Math.round(Math.sqrt(items.length * 0.6))));
  const [width, height] = [columns * cell.width + GAP, Math.ceil(items.length / columns) * cell.height + GAP];
  const cells = items.map((item, i) => {
    const [x, y] = [GAP + (i % columns) * cell.width, GAP + Math.floor(i / columns) * cell.height];
    return `<g transform="translate(${x} ${y})">${itemSvg(item)}</g>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" font-family="Inter" font-size="12"><rect width="100%" height="100%" fill="#fff"/>${cells.join('')}</svg>`;
  return drawn(svg);
}

function drawn(svg: string): Uint8Array {
  // The renderer is native: from an archive of Plug'n'Play it reads no font, unless it is copied out.
  const folder = process.versions.pnp === undefined ? undefined : mkdtempSync(join(tmpdir(), 'deepfunctor-'));
  try {
    const file = folder === undefined ? font : join(folder, basename(font));
    if (folder !== undefined) copyFileSync(font, file);
    const options = { fontFiles: [file], loadSystemFonts: false, defaultFontFamily: 'Inter' };
    return new Resvg(svg, { font: options }).render().asPng();
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function itemSvg({ inputs, operation, output }: SheetItem): string {
  const parts = topLevel(operation);
  // A tuple whose branches compute something is shown as it is.
  const middle = parts.length > 2 ? parts.slice(parts[0]!.includes('->') ? 0 : 1, -1) : parts;
  const shown = middle.length > 4 ? [...middle.slice(0, 2), '…', middle.at(-1)!] : middle;
  const at = inputs.length * (SIDE + GAP);
  const words = shown.map((word, i) =>
    text(at + 70, SIDE / 2 - 8 * shown.length + 17 * i, word, Math.min(13, 250 / word.length)),
  );
  const arrow = `<path d="M${at} ${SIDE - 10}h132m-7 -5l7 5l-7 5" stroke="#333" fill="none"/>`;
  return [
    ...inputs.map((end, i) => endSvg(end, i * (SIDE + GAP))),
    ...words,
    arrow,
    endSvg(output, at + 150),
  ].join('');
}

/** The parts of a chain, at its arrows that are in no parentheses. */
function topLevel(chain: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < chain.length; at++) {
    if (chain[at] === '(') depth++;
    else if (chain[at] === ')') depth--;
    else if (depth === 0 && chain.startsWith('->', at)) {
      parts.push(chain.slice(from, at).trim());
      from = at + 2;
    }
  }
  return [...parts, chain.slice(from).trim()];
}

function endSvg({ png, text: value, distribution }: SheetEnd, x: number): string {
  const picture =
    png === undefined
      ? `<rect x="${x}" width="${SIDE}" height="${SIDE}" fill="#f3f3f0"/>${text(x + SIDE / 2, SIDE / 2 + 7, value ?? '', Math.min(20, 140 / Math.max(1, (value ?? '').length)))}`
      : `<image x="${x}" width="${SIDE}" height="${SIDE}" image-rendering="optimizeSpeed" xlink:href="data:image/png;base64,${Buffer.from(png).toString('base64')}"/>`;
  const step = SIDE / distribution.length;
  const bars = distribution.map(
    ({ p }, k) =>
      `<rect x="${x + k * step + 0.5}" y="${SIDE + 2 + BAR * (1 - p)}" width="${step - 1}" height="${Math.max(0.6, BAR * p)}" fill="#2b6cb0"/>`,
  );
  return picture + bars.join('');
}

function text(x: number, y: number, value: string, size: number): string {
  const safe = value.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]!);
  return `<text x="${x}" y="${y}" font-size="${size}" text-anchor="middle">${safe}</text>`;
}

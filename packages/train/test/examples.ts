/** A miniature MNIST of the repository's examples. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { PIXELS, SIDE } from '../src/fuzzy-digits/settings.js';

export interface Picture {
  /** `[28·28]`, 0 … 255, ink is 255. */
  pixels: Uint8Array;
  label: number;
}

const NAMES = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const folder = new URL('../../../examples/digits/', import.meta.url);

/** The 40 handwritten digits of examples/, labels in turn, with the bytes of their files. */
export function exampleDigits(): (Picture & { png: Buffer })[] {
  return [1, 2, 3, 4].flatMap((each) =>
    NAMES.map((name, label) => {
      const png = readFileSync(new URL(`${name}-${each}.png`, folder));
      const { data: rgba } = PNG.sync.read(png);
      return { png, label, pixels: Uint8Array.from({ length: PIXELS }, (_, i) => rgba[4 * i]!) };
    }),
  );
}

/** The picture moved right and down, or left and up; what leaves it is lost. */
export function shifted({ pixels, label }: Picture, dx: number, dy: number): Picture {
  const moved = new Uint8Array(PIXELS);
  for (let y = Math.max(0, dy); y < Math.min(SIDE, SIDE + dy); y++)
    for (let x = Math.max(0, dx); x < Math.min(SIDE, SIDE + dx); x++)
      moved[y * SIDE + x] = pixels[(y - dy) * SIDE + x - dx]!;
  return { pixels: moved, label };
}

/** Two IDX files, as MNIST has them for one of its halves. */
export function writeIdx(data: string, split: 'train' | 't10k', pictures: readonly Picture[]): void {
  const header = (...numbers: number[]) => {
    const bytes = Buffer.alloc(4 * numbers.length);
    numbers.forEach((n, i) => {
      bytes.writeUInt32BE(n, 4 * i);
    });
    return bytes;
  };
  mkdirSync(data, { recursive: true });
  const write = (name: string, ...parts: Uint8Array[]) =>
    writeFileSync(join(data, `${split}-${name}-ubyte`), Buffer.concat(parts));
  const n = pictures.length;
  write('images-idx3', header(0x803, n, SIDE, SIDE), ...pictures.map(({ pixels }) => pixels));
  write(
    'labels-idx1',
    header(0x801, n),
    Uint8Array.from(pictures, ({ label }) => label),
  );
}

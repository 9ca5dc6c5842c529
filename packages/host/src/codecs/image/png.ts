/** PNG files: the header is checked before anything is decoded. Source: PNG specification, third edition (W3C 2025). */
import { fail, reasonOf } from '@deepfunctor/core';
import { PNG } from 'pngjs';
import { type Gray, grayOf, type Rgba } from './gray.js';

/** Sides of a picture that is read, in pixels. */
export const SIDE_MIN = 1;
export const SIDE_MAX = 10_000;

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Offset of the first chunk's content, and the end of the header. */
const IHDR = 16;
const HEADER_END = 33;

/** What other files begin with, for the hint. */
const OTHERS: [name: string, start: string][] = [
  ['a JPEG', '\xff\xd8\xff'],
  ['a GIF', 'GIF8'],
  ['a WebP or other RIFF', 'RIFF'],
  ['a BMP', 'BM'],
  ['a TIFF', 'II*\0'],
  ['a TIFF', 'MM\0*'],
  ['a PDF', '%PDF'],
  ['an SVG or other XML', '<'],
];

/**
 * Decode a PNG (any colour type, 1 to 16 bits, palette, alpha, interlaced) to grey.
 * Errors: IMAGE_UNREADABLE, IMAGE_SIZE. `where` names the picture in them.
 */
export function toGray(bytes: Uint8Array, where = 'the picture'): Gray {
  return grayOf(decode(bytes, where));
}

/**
 * Encode a tensor `[1, height, width]`, 0 … 1, as a grey PNG, light ink on black: 0 → 0, 1 → 255.
 */
export function toPng(values: Float32Array, width = 28, height = 28): Uint8Array {
  const png = new PNG({ width, height, colorType: 0, inputColorType: 0, bitDepth: 8, inputHasAlpha: false });
  png.data = Buffer.from(Uint8Array.from(values, (v) => Math.round(255 * Math.min(1, Math.max(0, v)))));
  return PNG.sync.write(png, { colorType: 0, inputColorType: 0, inputHasAlpha: false });
}

/** Errors: IMAGE_SIZE, where a side is outside of what is read. */
export function checkSize(width: number, height: number, where: string): void {
  if (Math.min(width, height) < SIDE_MIN || Math.max(width, height) > SIDE_MAX)
    fail('IMAGE_SIZE', { where, width, height, min: SIDE_MIN, max: SIDE_MAX });
}

function decode(bytes: Uint8Array, where: string): Rgba {
  const refuse = (reason: string, cause?: unknown): never =>
    fail('IMAGE_UNREADABLE', { where, reason, cause });
  if (!startsWith(bytes, SIGNATURE)) refuse(strangerReason(bytes));
  if (bytes.length < HEADER_END) refuse('the file is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(IHDR), view.getUint32(IHDR + 4)];
  checkSize(width, height, where);
  try {
    return PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (cause) {
    return refuse(reasonOf(cause), cause);
  }
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

function strangerReason(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'the file is empty';
  const other = OTHERS.find(([, start]) =>
    startsWith(
      bytes,
      Uint8Array.from(start, (letter) => letter.charCodeAt(0)),
    ),
  );
  return other === undefined ? 'it does not begin as a PNG file does' : `it is ${other[0]} file`;
}

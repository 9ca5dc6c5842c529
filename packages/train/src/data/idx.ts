import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fail } from '@deepfunctor/core';

/** Grey images with labels: `pixels` is `[count, height, width]`, 0 … 255, ink is 255. */
export interface LabelledImages {
  count: number;
  height: number;
  width: number;
  pixels: Uint8Array;
  labels: Uint8Array;
}

/**
 * Reads one half of MNIST from four IDX files (plain or `.gz`), the format of Y. LeCun's page.
 * @param split `train` (60,000) or `t10k` (10,000)
 * @throws DATA_MISSING where a file is not there, DATA_BROKEN where it is not an IDX file of its stated size
 */
export function readMnist(directory: string, split: 'train' | 't10k'): LabelledImages {
  const images = readIdx(directory, `${split}-images-idx3-ubyte`, 3);
  const labels = readIdx(directory, `${split}-labels-idx1-ubyte`, 1);
  const [count, height, width] = images.sizes as [number, number, number];
  if (labels.sizes[0] !== count)
    fail('DATA_BROKEN', {
      where: directory,
      reason: `the ${split} files hold ${count} images but ${labels.sizes[0]} labels`,
    });
  return { count, height, width, pixels: images.bytes, labels: labels.bytes };
}

function readIdx(directory: string, name: string, rank: number): { sizes: number[]; bytes: Uint8Array } {
  const file = [join(directory, `${name}.gz`), join(directory, name)].find((path) => existsSync(path));
  if (!file)
    fail('DATA_MISSING', {
      where: directory,
      missing: `there is no ${name}.gz (or ${name}) in the folder`,
      solution:
        'Download the four MNIST files (train and t10k, images and labels, IDX format) and pass their folder with --data.',
    });
  let bytes: Uint8Array;
  try {
    bytes = file.endsWith('.gz') ? gunzipSync(readFileSync(file)) : readFileSync(file);
  } catch (cause) {
    fail('DATA_BROKEN', { where: file, reason: 'it cannot be unpacked', cause });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = 4 + 4 * rank;
  if (bytes.length < header || view.getUint32(0) !== 0x0800 + rank)
    fail('DATA_BROKEN', { where: file, reason: `it is no IDX file of bytes with ${rank} dimensions` });
  const sizes = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = header + sizes.reduce((a, b) => a * b, 1);
  if (bytes.length !== expected)
    fail('DATA_BROKEN', { where: file, reason: `it has ${bytes.length} bytes, its header says ${expected}` });
  return { sizes, bytes: bytes.subarray(header) };
}

/** Binary numbers ↔ `[width]`, most significant bit first. */
import { type BitsCodec, bitsProblem, fail } from '@deepfunctor/core';
import type { Decoded, Reader } from './index.js';
import { likeliest, logOf } from './likeliest.js';

/** One row, 0 or 1 each. Errors: BITS_INVALID, VALUE_OUTSIDE_DOMAIN. */
export function bitsRow(codec: BitsCodec, value: string, { functor, where }: Reader): Float32Array {
  const { width, values } = codec;
  if (bitsProblem(value, codec) !== undefined)
    fail('BITS_INVALID', { where, value, width, example: values.at(-1) ?? '0'.repeat(width) });
  if (!values.includes(value))
    fail('VALUE_OUTSIDE_DOMAIN', { where, value, functor, values: values.join(', ') });
  return Float32Array.from(value, Number);
}

/** The value that a row of probabilities makes likeliest, and its bits as they are. */
export function readBits({ values }: BitsCodec, row: Float32Array): Decoded {
  const score = (value: string) =>
    row.reduce((sum, p, index) => sum + logOf(value[index] === '1' ? p : 1 - p), 0);
  return { value: likeliest(values, score), raw: Array.from(row, (p) => (p > 0.5 ? '1' : '0')).join('') };
}

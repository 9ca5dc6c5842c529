/** Words ↔ `[length, alphabet]`, one-hot, padded at the end with symbol 0. */
import { fail, type SymbolsCodec, symbolsProblem } from '@deepfunctor/core';
import type { Decoded, Reader } from './index.js';
import { likeliest, logOf } from './likeliest.js';

/** Shown for a padding that has symbols after it. */
const GAP = '␣';

/** One row, one-hot. Errors: SYMBOLS_INVALID, VALUE_OUTSIDE_DOMAIN. */
export function symbolsRow(codec: SymbolsCodec, value: string, { functor, where }: Reader): Float32Array {
  const values = codec.values.join(', ');
  const reason = symbolsProblem(value, codec);
  if (reason !== undefined) fail('SYMBOLS_INVALID', { where, value, reason, values });
  if (!codec.values.includes(value)) fail('VALUE_OUTSIDE_DOMAIN', { where, value, functor, values });
  const row = new Float32Array(codec.length * codec.alphabet.length);
  for (const [position, symbol] of spelled(codec, value).entries())
    row[position * codec.alphabet.length + symbol] = 1;
  return row;
}

/** The value that a row of probabilities makes likeliest, and its likeliest symbol at each position. */
export function readSymbols(codec: SymbolsCodec, row: Float32Array): Decoded {
  const { alphabet, length, values } = codec;
  const at = (position: number) => row.subarray(position * alphabet.length, (position + 1) * alphabet.length);
  const score = (value: string) =>
    spelled(codec, value).reduce((sum, symbol, position) => sum + logOf(at(position)[symbol]!), 0);
  const raw = Array.from({ length }, (_, position) => {
    const here = at(position);
    return alphabet[here.indexOf(Math.max(...here))] || GAP;
  });
  const end = raw.findLastIndex((symbol) => symbol !== GAP) + 1;
  return { value: likeliest(values, score), raw: raw.slice(0, end).join('') };
}

/** Index of the symbol at each position, padding included. */
function spelled({ alphabet, length }: SymbolsCodec, value: string): number[] {
  const symbols = [...value].map((symbol) => alphabet.indexOf(symbol));
  return Array.from({ length }, (_, position) => symbols[position] ?? 0);
}

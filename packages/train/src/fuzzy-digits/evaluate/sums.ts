/** Handwritten sums: two numbers of N digits, added digit by digit by composing `add` and `carry-3`. Nothing is trained for it. */
import type { LabelledImages } from '../../data/idx.js';
import { Random } from '../../random.js';
import { pixelsOf } from '../extract.js';
import { D, K } from '../settings.js';
import { best10 } from './figures.js';
import type { Measures } from './measures.js';

export interface Sums {
  /** Digits of each number. */
  digits: number;
  pairs: number;
  /** Share of sums of which every digit is right. */
  exact: number;
}

/** Published accuracies, %, of systems that learn to read digits from sums alone. */
export const PUBLISHED: Record<number, Record<string, number>> = {
  1: { 'A-NeSI': 97.66, DeepProbLog: 97.2, DeepStochLog: 97.9 },
  2: { 'A-NeSI': 95.96, DeepProbLog: 95.2, DeepStochLog: 96.4 },
  4: { 'A-NeSI': 92.56, DeepStochLog: 92.7 },
  15: { 'A-NeSI': 75.9 },
};

/** Every picture of the test set in one number, as far as they go; the order is the seed's. */
export async function handwrittenSums(
  m: Measures,
  test: LabelledImages,
  seed: number,
  lengths = [1, 2, 4, 15, 100],
): Promise<Sums[]> {
  const { latent } = await m.encode('digits', pixelsOf(test, 0, test.count));
  const zero = (await m.encode('binary', new Float32Array(4))).latent;
  const order = Array.from({ length: test.count }, (_, i) => i);
  const random = new Random(seed, 9);
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const out: Sums[] = [];
  for (const digits of lengths) {
    const pairs = Math.floor(test.count / digits / 2);
    // Digit `at` (0 is the last one) of number 0 or 1 of a pair.
    const picture = (pair: number, number: number, at: number) => order[(2 * pair + number) * digits + at]!;
    const rows = (number: number, at: number) => {
      const z = new Float32Array(pairs * D);
      for (let pair = 0; pair < pairs; pair++) {
        const from = picture(pair, number, at) * D;
        z.set(latent.subarray(from, from + D), pair * D);
      }
      return z;
    };
    let carry = new Float32Array(pairs * D);
    for (let pair = 0; pair < pairs; pair++) carry.set(zero, pair * D);
    const right = new Uint8Array(pairs).fill(1);
    const carried = new Uint8Array(pairs);
    const compare = (belief: Float32Array, expected: (pair: number) => number) => {
      for (let pair = 0; pair < pairs; pair++) if (best10(belief, pair) !== expected(pair)) right[pair] = 0;
    };
    for (let at = 0; at < digits; at++) {
      const [a, b] = [rows(0, at), rows(1, at)];
      const sum = await m.apply('add', await m.apply('add', a, b), carry);
      carry = Float32Array.from(await m.apply('carry-3', a, b, carry));
      const totals = Array.from(
        { length: pairs },
        (_, pair) => test.labels[picture(pair, 0, at)]! + test.labels[picture(pair, 1, at)]! + carried[pair]!,
      );
      compare(await m.probe(sum), (pair) => totals[pair]! % K);
      totals.forEach((total, pair) => {
        carried[pair] = Math.floor(total / K);
      });
    }
    compare(await m.probe(carry), (pair) => carried[pair]!);
    out.push({ digits, pairs, exact: right.reduce((sum, each) => sum + each, 0) / pairs });
  }
  return out;
}

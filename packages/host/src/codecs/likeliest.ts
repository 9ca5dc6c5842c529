/** Choosing among the values of a codec by what an output says of them. */

/** No single symbol counts as more certain than this, so that one slip does not outweigh all the others. */
const CERTAIN = 1e-6;

/** The logarithm of a probability, kept finite. */
export function logOf(p: number): number {
  return Math.log(Math.min(1, Math.max(CERTAIN, Number.isNaN(p) ? 0 : p)));
}

/** The value with the highest score; the first of equals. */
export function likeliest(values: readonly string[], score: (value: string) => number): string {
  let best = { value: '', score: Number.NEGATIVE_INFINITY };
  for (const value of values) {
    const here = score(value);
    if (here > best.score) best = { value, score: here };
  }
  return best.value;
}

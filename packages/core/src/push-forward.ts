/** Products below it do not matter to a total variation, and would make high arities slow. */
const NEGLIGIBLE = 1e-9;

/**
 * The product of some objects' beliefs carried through a table: what a morphism of that table has to answer, the
 * push-forward of a distribution (the law *fuzzy*).
 * @param table label indices of the output, one for each choice of the inputs' labels, the last one's running fastest
 * @param beliefs `[n, K_i]` each, one array for each input
 * @param inputs the numbers of labels K_i of the inputs
 * @param output the number of labels of the output
 * @returns `[n, output]`
 */
export function pushForward(
  table: readonly number[],
  beliefs: readonly Float32Array[],
  inputs: readonly number[],
  output: number,
): Float32Array {
  const rows = beliefs[0]!.length / inputs[0]!;
  const out = new Float32Array(rows * output);
  const carry = (row: number, i: number, at: number, p: number): void => {
    if (i === inputs.length) {
      out[row * output + table[at]!]! += p;
      return;
    }
    const size = inputs[i]!;
    for (let label = 0; label < size; label++) {
      const q = p * beliefs[i]![row * size + label]!;
      if (q > NEGLIGIBLE) carry(row, i + 1, at * size + label, q);
    }
  };
  for (let row = 0; row < rows; row++) carry(row, 0, 0, 1);
  return out;
}

/** Rows one after another, all of one length: `[n, …]`, row-major. At least one. */
export function stacked(rows: readonly Float32Array[]): Float32Array {
  const size = rows[0]!.length;
  const out = new Float32Array(rows.length * size);
  for (const [index, row] of rows.entries()) out.set(row, index * size);
  return out;
}

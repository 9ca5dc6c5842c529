/** Arithmetic on rows: arrays `[n, size]`, row-major. */

export function rowOf(values: Float32Array, size: number, row: number): Float32Array {
  return values.subarray(row * size, (row + 1) * size);
}

/** The chosen rows, in that order. */
export function gather(values: Float32Array, size: number, rows: readonly number[]): Float32Array {
  const out = new Float32Array(rows.length * size);
  for (const [to, from] of rows.entries()) out.set(rowOf(values, size, from), to * size);
  return out;
}

export function concat(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The index of the largest value of each row. */
export function likeliest(values: Float32Array, size: number): number[] {
  return Array.from({ length: values.length / size }, (_, i) => {
    const row = rowOf(values, size, i);
    return row.indexOf(Math.max(...row));
  });
}

/** The root-mean-square of a row. */
export function rms(row: Float32Array): number {
  return Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / row.length);
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (Number.isNaN(difference)) return difference;
    largest = Math.max(largest, difference);
  }
  return largest;
}

/** Total variation of each pair of rows. */
export function variations(a: Float32Array, b: Float32Array, size: number): number[] {
  return Array.from({ length: a.length / size }, (_, i) => {
    const other = rowOf(b, size, i);
    return rowOf(a, size, i).reduce((sum, p, k) => sum + Math.abs(p - other[k]!), 0) / 2;
  });
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, v) => sum + v, 0) / values.length;
}

/** Mean over the columns of the correlation of two arrays; a column that does not vary counts as 0. */
export function correlation(a: Float32Array, b: Float32Array, size: number): number {
  const n = a.length / size;
  const column = (values: Float32Array, j: number) => {
    const all = Array.from({ length: n }, (_, i) => values[i * size + j]!);
    const middle = mean(all);
    return all.map((v) => v - middle);
  };
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, v, i) => sum + v * y[i]!, 0);
  return mean(
    Array.from({ length: size }, (_, j) => {
      const [x, y] = [column(a, j), column(b, j)];
      return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y)) || 0;
    }),
  );
}

/** Share of rows that are wrong, and what the first of them shows; `problem` tells what is wrong with a row. */
export function wrongs(
  rows: number,
  problem: (row: number) => string | undefined,
): { share: number; count: number; rows: number; first: string } {
  let [count, first] = [0, ''];
  for (let row = 0; row < rows; row++) {
    const found = problem(row);
    if (found === undefined) continue;
    if (count++ === 0) first = found;
  }
  return { share: rows === 0 ? 0 : count / rows, count, rows, first };
}

import { D, K } from '../src/fuzzy-digits/settings.js';
import { Random } from '../src/random.js';

/** Orthonormal rows from any, one after the other. */
export function gramSchmidt(m: Float64Array, rows: number, columns: number): Float64Array {
  const q = Float64Array.from(m);
  for (let i = 0; i < rows; i++) {
    const row = q.subarray(i * columns, (i + 1) * columns);
    for (let j = 0; j < i; j++) {
      const before = q.subarray(j * columns, (j + 1) * columns);
      const along = row.reduce((sum, v, c) => sum + v * before[c]!, 0);
      for (let c = 0; c < columns; c++) row[c] = row[c]! - along * before[c]!;
    }
    const length = Math.hypot(...row);
    for (let c = 0; c < columns; c++) row[c] = row[c]! / length;
  }
  return q;
}

/** A frame of a space, `[K, D]`, drawn at random. */
export function drawnFrame(seed: number): Float32Array {
  return Float32Array.from(gramSchmidt(Float64Array.from(new Random(seed, 77).normals(K * D)), K, D));
}

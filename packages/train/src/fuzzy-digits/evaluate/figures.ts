/** Numbers that are read off pictures and beliefs. */
import { K, PIXELS, SIDE } from '../settings.js';

/** Connected components (4 neighbours) of at least three pixels above one half, in the picture at row `i`. */
export function countDots(pixels: Float32Array, i: number): number {
  const seen = new Uint8Array(PIXELS);
  let count = 0;
  for (let start = 0; start < PIXELS; start++) {
    if (seen[start] || pixels[i * PIXELS + start]! <= 0.5) continue;
    const stack = [start];
    seen[start] = 1;
    let size = 0;
    while (stack.length > 0) {
      const at = stack.pop()!;
      size++;
      const [x, y] = [at % SIDE, Math.floor(at / SIDE)];
      for (const [u, v] of [
        [x - 1, y],
        [x + 1, y],
        [x, y - 1],
        [x, y + 1],
      ] as const) {
        if (u < 0 || v < 0 || u >= SIDE || v >= SIDE) continue;
        const next = v * SIDE + u;
        if (seen[next] || pixels[i * PIXELS + next]! <= 0.5) continue;
        seen[next] = 1;
        stack.push(next);
      }
    }
    if (size >= 3) count++;
  }
  return count;
}

/** Mean total variation between beliefs `[n, K]`. */
export function totalVariation(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / 2 / (a.length / K);
}

/** Expected calibration error in equal bins of the confidence (Naeini et al., 2015). */
export function calibrationError(belief: Float32Array, labels: ArrayLike<number>, bins = 15): number {
  const sums = Array.from({ length: bins }, () => ({ n: 0, confidence: 0, right: 0 }));
  const n = belief.length / K;
  for (let i = 0; i < n; i++) {
    const best = best10(belief, i);
    const confidence = belief[i * K + best]!;
    const bin = sums[Math.min(bins - 1, Math.floor(confidence * bins))]!;
    bin.n++;
    bin.confidence += confidence;
    if (best === labels[i]) bin.right++;
  }
  return sums.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0) / n;
}

/** The likeliest label of row `i`. */
export function best10(belief: Float32Array, i: number): number {
  let best = 0;
  for (let k = 1; k < K; k++) if (belief[i * K + k]! > belief[i * K + best]!) best = k;
  return best;
}

/** Share of rows for which a test holds. */
export function share(n: number, holds: (i: number) => boolean): number {
  let right = 0;
  for (let i = 0; i < n; i++) if (holds(i)) right++;
  return right / n;
}

/** Standard deviation within a class: of each pixel over the pictures of a label, averaged over pixels and labels. */
export function variety(pixels: Float32Array, labels: ArrayLike<number>): number {
  let total = 0;
  for (let k = 0; k < K; k++) {
    const rows = Array.from({ length: labels.length }, (_, i) => i).filter((i) => labels[i] === k);
    for (let p = 0; p < PIXELS; p++) {
      let [sum, squares] = [0, 0];
      for (const i of rows) {
        const v = pixels[i * PIXELS + p]!;
        sum += v;
        squares += v * v;
      }
      const mean = sum / rows.length;
      total += Math.sqrt(Math.max(0, squares / rows.length - mean * mean)) / (PIXELS * K);
    }
  }
  return total;
}

/** Mean over the columns of the correlation between two tables `[n, width]`. */
export function correlation(a: Float32Array, b: Float32Array, width: number): number {
  const n = a.length / width;
  let total = 0;
  for (let j = 0; j < width; j++) {
    let [ma, mb] = [0, 0];
    for (let i = 0; i < n; i++) {
      ma += a[i * width + j]! / n;
      mb += b[i * width + j]! / n;
    }
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = 0; i < n; i++) {
      const [x, y] = [a[i * width + j]! - ma, b[i * width + j]! - mb];
      ab += x * y;
      aa += x * x;
      bb += y * y;
    }
    total += ab / Math.sqrt(aa * bb) / width;
  }
  return total;
}

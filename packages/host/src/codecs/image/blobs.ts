/** Connected blobs of ink, and what is measured on them. */
import type { Box, Plane } from './resample.js';

/** A set of neighbouring pixels (8 directions) above a threshold. */
export interface Blob {
  /** Its number in the label map. */
  label: number;
  box: Box;
  /** Number of pixels. */
  area: number;
  /** Sum of the values. */
  mass: number;
  /** The largest value. */
  peak: number;
}

/** Label map (`0` is no blob) and the blobs, of which number `n` is at index `n - 1`. */
export interface Blobs {
  labels: Int32Array;
  blobs: Blob[];
}

/** Find the blobs of values above a threshold by flood fill. */
export function blobsOf({ width, height, values }: Plane, threshold: number): Blobs {
  const labels = new Int32Array(values.length);
  const blobs: Blob[] = [];
  const stack: number[] = [];
  for (let seed = 0; seed < values.length; seed++) {
    if (labels[seed] !== 0 || !(values[seed]! > threshold)) continue;
    const label = blobs.length + 1;
    const box = { left: width, top: height, right: 0, bottom: 0 };
    const blob: Blob = { label, box, area: 0, mass: 0, peak: 0 };
    labels[seed] = label;
    stack.push(seed);
    while (stack.length > 0) {
      const at = stack.pop()!;
      const [x, y] = [at % width, Math.floor(at / width)];
      blob.area++;
      blob.mass += values[at]!;
      blob.peak = Math.max(blob.peak, values[at]!);
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x + 1);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y + 1);
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const next = v * width + u;
          if (labels[next] !== 0 || !(values[next]! > threshold)) continue;
          labels[next] = label;
          stack.push(next);
        }
      }
    }
    blobs.push(blob);
  }
  return { labels, blobs };
}

/** The smallest box around some blobs; undefined for none. */
export function boxAround(blobs: readonly Blob[]): Box | undefined {
  if (blobs.length === 0) return undefined;
  return blobs
    .map(({ box }) => box)
    .reduce((a, b) => ({
      left: Math.min(a.left, b.left),
      top: Math.min(a.top, b.top),
      right: Math.max(a.right, b.right),
      bottom: Math.max(a.bottom, b.bottom),
    }));
}

/**
 * The mean width of strokes in pixels, twice the area over the perimeter (for a disc, its radius). The perimeter is
 * the number of pixel edges between ink and no ink, times π/4, which is right on the average over directions.
 */
export function strokeWidth({ width, height, values }: Plane, threshold: number): number {
  const inside = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && values[y * width + x]! > threshold;
  let area = 0;
  let edges = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y)) continue;
      area++;
      for (const [dx, dy] of [
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
      ] as const)
        if (!inside(x + dx, y + dy)) edges++;
    }
  }
  return edges === 0 ? 0 : (2 * area) / ((edges * Math.PI) / 4);
}

/** Grey dilation by a disc: each value becomes the largest within `radius` pixels (which may be a fraction). */
export function thicken({ width, height, values }: Plane, radius: number): Plane {
  const reach = Math.ceil(radius);
  const out = values.slice();
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const share = Math.min(1, radius + 0.5 - Math.hypot(dx, dy));
      if (share <= 0 || (dx === 0 && dy === 0)) continue;
      for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y++) {
        const from = (y + dy) * width + dx;
        for (let x = Math.max(0, -dx); x < Math.min(width, width - dx); x++) {
          const value = share * values[from + x]!;
          if (value > out[y * width + x]!) out[y * width + x] = value;
        }
      }
    }
  }
  return { width, height, values: out };
}

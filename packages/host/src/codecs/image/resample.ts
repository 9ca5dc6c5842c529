/** Resampling of one-channel pictures: area averages down, a smooth cubic up. Outside of a picture is 0. */

/** A picture of values in any range, row-major. */
export interface Plane {
  width: number;
  height: number;
  values: Float32Array;
}

/** A rectangle of pixels: `left` ≤ x < `right`, `top` ≤ y < `bottom`. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The part of a plane inside a box; where the box reaches outside, 0. */
export function crop({ width, height, values }: Plane, box: Box): Plane {
  const [w, h] = [box.right - box.left, box.bottom - box.top];
  const out = new Float32Array(w * h);
  const from = Math.max(0, box.left);
  const to = Math.min(width, box.right);
  for (let y = Math.max(0, box.top); y < Math.min(height, box.bottom); y++) {
    out.set(values.subarray(y * width + from, y * width + to), (y - box.top) * w + from - box.left);
  }
  return { width: w, height: h, values: out };
}

/** Scale a plane to another size, axis by axis: the mean over each new pixel's area down, Catmull–Rom up. */
export function resize(plane: Plane, width: number, height: number): Plane {
  const wide = resizeRows(plane, width);
  return transpose(resizeRows(transpose(wide), height));
}

/** One new pixel: the old pixels from `first` on, with these weights. */
interface Tap {
  first: number;
  weights: number[];
}

function resizeRows({ width, height, values }: Plane, to: number): Plane {
  if (to === width) return { width, height, values };
  const taps = to < width ? areaTaps(width, to) : cubicTaps(width, to);
  const out = new Float32Array(to * height);
  for (let y = 0; y < height; y++) {
    const row = values.subarray(y * width, (y + 1) * width);
    for (let x = 0; x < to; x++) {
      const { first, weights } = taps[x]!;
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i]! * (row[first + i] ?? 0);
      out[y * to + x] = sum;
    }
  }
  return { width: to, height, values: out };
}

function areaTaps(from: number, to: number): Tap[] {
  const step = from / to;
  return Array.from({ length: to }, (_, x) => {
    const [left, right] = [x * step, (x + 1) * step];
    const first = Math.floor(left);
    const last = Math.min(from, Math.ceil(right - 1e-9));
    const weights = Array.from(
      { length: last - first },
      (_, i) => (Math.min(right, first + i + 1) - Math.max(left, first + i)) / step,
    );
    return { first, weights };
  });
}

function cubicTaps(from: number, to: number): Tap[] {
  const step = from / to;
  return Array.from({ length: to }, (_, x) => {
    const centre = (x + 0.5) * step - 0.5;
    const first = Math.floor(centre) - 1;
    return { first, weights: [0, 1, 2, 3].map((i) => catmullRom(centre - first - i)) };
  });
}

/** E. Catmull, R. Rom, A class of local interpolating splines (1974). */
function catmullRom(offset: number): number {
  const t = Math.abs(offset);
  if (t < 1) return 1.5 * t ** 3 - 2.5 * t ** 2 + 1;
  return t < 2 ? -0.5 * t ** 3 + 2.5 * t ** 2 - 4 * t + 2 : 0;
}

function transpose({ width, height, values }: Plane): Plane {
  const out = new Float32Array(values.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) out[x * height + y] = values[y * width + x]!;
  return { width: height, height: width, values: out };
}

/** From grey to ink: find the background and its polarity, and measure how far each pixel stands out from it. */
import { type Gray, quantileOf } from './gray.js';
import { type Plane, resize } from './resample.js';

/** The ink of a picture: 0 on the background, about 1 where it is full; noise goes a little below 0 and above 1. */
export interface Ink extends Plane {
  /** Standard deviation of the background, in the same unit; 0 where it is perfectly even. */
  noise: number;
}

/** Less than this between background and ink, in parts of the grey scale, is no drawing. */
const FAINTEST = 0.05;
/** How many standard deviations of the background a drawing must reach: as it is, and averaged to `COARSE` pixels. */
const CERTAIN = 9;
const CERTAIN_COARSE = 6;
const COARSE = 80;
/** Full ink is this quantile of the pixels that have at least `INKED` of the strongest; a few pixels always count. */
const FULL = 0.97;
const FEW = 6;
const INKED = 0.3;
/** Ink of at least this strength is full already, and is not scaled. */
const NEARLY_FULL = 0.98;
/** Where half of the background is as even as this, in parts of the contrast, the light is even. */
const EVEN = 0.01;

/** The ink of a picture, or undefined if nothing stands out: an even picture, or noise alone. */
export function inkOf(picture: Gray): Ink | undefined {
  const { width, height } = picture;
  const values = despeckle(standingOut(picture), width, height);
  const noise = deviation(values);
  const full = fullInk(values, noise);
  if (full < FAINTEST) return undefined;
  const doubt = noise > 0 ? noise : cutOffNoise({ width, height, values });
  if (full < CERTAIN * doubt && !standsOutCoarsely({ width, height, values })) return undefined;
  const unit = full > NEARLY_FULL ? 1 : full;
  for (let i = 0; i < values.length; i++) values[i] = values[i]! / unit;
  return { width, height, values, noise: noise / unit };
}

/** Difference from the background, with the sign that makes ink positive. */
function standingOut({ width, height, gray }: Gray): Float32Array {
  const { dark, light } = twoTones(gray);
  const threshold = (dark + light) / 2;
  const onDark = isGroundDark(gray, width, height, threshold);
  const flat = medianWhere(gray, (v) => v <= threshold === onDark);
  const out = gray.map((v) => (onDark ? v - flat : flat - v));
  const slope = shading(out, width, height, Math.abs(light - dark));
  return slope === undefined ? out : slope;
}

/** The two tones that a picture splits into best: means of the classes of N. Otsu's threshold (1979). */
function twoTones(gray: Float32Array): { dark: number; light: number } {
  const bins = 256;
  const counts = new Float64Array(bins);
  let total = 0;
  for (const v of gray) {
    const bin = Math.min(bins - 1, Math.max(0, Math.round(v * (bins - 1))));
    counts[bin]!++;
    total += bin;
  }
  let best = { spread: -1, dark: 0, light: 0 };
  let [below, sum] = [0, 0];
  for (let bin = 0; bin < bins; bin++) {
    below += counts[bin]!;
    sum += counts[bin]! * bin;
    if (below === 0) continue;
    const above = gray.length - below;
    const [dark, light] = [sum / below, above === 0 ? sum / below : (total - sum) / above];
    const spread = below * above * (light - dark) ** 2;
    if (spread > best.spread) best = { spread, dark: dark / (bins - 1), light: light / (bins - 1) };
  }
  return best;
}

/** Vote of the frame, the corners and the whole area: the background is what most of them show. */
function isGroundDark(gray: Float32Array, width: number, height: number, threshold: number): boolean {
  const ring = Math.max(1, Math.round(0.03 * Math.min(width, height)));
  const corner = Math.max(1, Math.round(0.1 * Math.min(width, height)));
  const dark = { area: 0, frame: 0, corners: 0 };
  const all = { area: 0, frame: 0, corners: 0 };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dx, dy] = [Math.min(x, width - 1 - x), Math.min(y, height - 1 - y)];
      const isDark = gray[y * width + x]! <= threshold ? 1 : 0;
      all.area++;
      dark.area += isDark;
      if (dx < ring || dy < ring) {
        all.frame++;
        dark.frame += isDark;
      }
      if (dx < corner && dy < corner) {
        all.corners++;
        dark.corners += isDark;
      }
    }
  }
  const share = (part: 'area' | 'frame' | 'corners') => dark[part] / all[part];
  return share('frame') + 0.5 * share('corners') + 0.7 * share('area') > 1.1;
}

function medianWhere(values: Float32Array, keep: (value: number) => boolean): number {
  return quantileOf(values.filter(keep).sort(), 0.5);
}

/** Standard deviation of the background, from the median distance of its pixels to 0: ink does not move it. */
function deviation(values: Float32Array): number {
  const below = values.filter((v) => v <= 0).map((v) => -v);
  if (below.length < 0.02 * values.length) return 0;
  return 1.4826 * quantileOf(below.sort(), 0.5);
}

/**
 * Noise of white paper that is cut off at white, so that most pixels are even: what differs at random from its four
 * neighbours among the pixels that are neither even nor half inked. Edges of marks differ little from theirs.
 */
function cutOffNoise({ width, height, values }: Plane): number {
  const peak = values.reduce((most, v) => Math.max(most, v), 0);
  const apart: number[] = [];
  let [even, quiet] = [0, 0];
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const v = values[at]!;
      const around = [values[at - 1]!, values[at + 1]!, values[at - width]!, values[at + width]!];
      if (v <= 1e-4) {
        even++;
        if (around.every((each) => each <= 1e-4)) quiet++;
      } else if (v <= 0.5 * peak)
        apart.push(Math.abs(v - (around[0]! + around[1]! + around[2]! + around[3]!) / 4));
    }
  // Noise is everywhere: even pixels are seldom among their like, as they are beside specks and edges.
  if (quiet > 0.5 * even || apart.length < 0.2 * width * height) return 0;
  return quantileOf(Float32Array.from(apart).sort(), 0.5);
}

function fullInk(values: Float32Array, noise: number): number {
  let peak = 0;
  for (const v of values) if (v > peak) peak = v;
  const floor = Math.max(INKED * peak, 3 * noise);
  const inked = values.filter((v) => v >= floor).sort();
  return inked[Math.min(inked.length - 1, Math.floor(FULL * inked.length) + FEW)] ?? 0;
}

/** Whether something larger than a pixel stands out, once the noise is averaged away. */
function standsOutCoarsely(plane: Plane): boolean {
  const { width, height } = plane;
  const factor = Math.max(width, height) / COARSE;
  const [w, h] = [width, height].map((side) => Math.max(1, Math.round(side / Math.max(factor, 2))));
  const { values } = resize(plane, w!, h!);
  const middle = quantileOf(values.slice().sort(), 0.5);
  const centred = values.map((v) => v - middle);
  let peak = 0;
  for (const v of centred) if (v > peak) peak = v;
  return peak > CERTAIN_COARSE * deviation(centred);
}

/** In pictures that are large enough, single pixels that differ from all their neighbours are dust. */
function despeckle(values: Float32Array, width: number, height: number): Float32Array {
  if (Math.min(width, height) < 64) return values;
  const out = values.slice();
  const around = new Float32Array(8);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      if (Math.abs(values[at]!) < FAINTEST) continue;
      let [low, high, n] = [Infinity, -Infinity, 0];
      for (const step of [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1]) {
        const v = values[at + step]!;
        around[n++] = v;
        low = Math.min(low, v);
        high = Math.max(high, v);
      }
      const here = values[at]!;
      const gap = Math.max(here - high, low - here);
      if (gap > 0.5 * Math.abs(here)) out[at] = quantileOf(around.slice().sort(), 0.5);
    }
  }
  return out;
}

/**
 * Take uneven light away: fit a plane, then a quadratic surface, to the background by least squares, leaving out
 * what stands out, and again. Undefined if the background is even anyway, or too little of it is seen.
 */
function shading(
  values: Float32Array,
  width: number,
  height: number,
  contrast: number,
): Float32Array | undefined {
  const stride = Math.max(1, Math.floor(Math.sqrt(values.length / 4000)));
  const points: { terms: number[]; value: number }[] = [];
  for (let y = Math.floor(stride / 2); y < height; y += stride)
    for (let x = Math.floor(stride / 2); x < width; x += stride)
      points.push({ terms: termsAt(x, y, width, height), value: values[y * width + x]! });
  let reach = 0.5 * contrast;
  const flat = points.map(({ value }) => Math.abs(value)).filter((value) => value < reach);
  const spread = quantileOf(
    flat.sort((a, b) => a - b),
    0.5,
  );
  // Most pictures are even: nothing is fitted then.
  if (spread < EVEN * contrast) return undefined;
  let surface: number[] = [0];
  for (const degree of [3, 3, 3, 6, 6, 6]) {
    const ground = points.filter((point) => Math.abs(point.value - evaluate(surface, point.terms)) < reach);
    if (ground.length < 0.35 * points.length || ground.length < 30) return undefined;
    surface = leastSquares(ground, degree);
    const rest = ground
      .map((point) => Math.abs(point.value - evaluate(surface, point.terms)))
      .sort((a, b) => a - b);
    reach = Math.min(reach, Math.max(4 * 1.4826 * quantileOf(rest, 0.5), 0.08 * contrast));
  }
  const heights = points.map((point) => evaluate(surface, point.terms));
  const range = Math.max(...heights) - Math.min(...heights);
  if (range < Math.max(0.02, 0.06 * contrast)) return undefined;
  const out = values.slice();
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++)
      out[at] = out[at]! - evaluate(surface, termsAt(x, y, width, height));
  return out;
}

function termsAt(x: number, y: number, width: number, height: number): number[] {
  const [u, v] = [(2 * x + 1) / width - 1, (2 * y + 1) / height - 1];
  return [1, u, v, u * u, u * v, v * v];
}

function evaluate(surface: readonly number[], terms: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < surface.length; i++) sum += surface[i]! * terms[i]!;
  return sum;
}

/** Normal equations, solved by Gauss–Jordan elimination with a little damping. */
function leastSquares(points: readonly { terms: number[]; value: number }[], degree: number): number[] {
  const rows = Array.from({ length: degree }, () => new Array<number>(degree + 1).fill(0));
  for (const { terms, value } of points) {
    for (let i = 0; i < degree; i++) {
      for (let j = 0; j < degree; j++) rows[i]![j]! += terms[i]! * terms[j]!;
      rows[i]![degree]! += terms[i]! * value;
    }
  }
  for (let i = 0; i < degree; i++) {
    rows[i]![i]! += 1e-9 * points.length;
    const pivot = rows[i]![i]!;
    for (let j = i; j <= degree; j++) rows[i]![j]! /= pivot;
    for (let k = 0; k < degree; k++) {
      if (k === i) continue;
      const factor = rows[k]![i]!;
      for (let j = i; j <= degree; j++) rows[k]![j]! -= factor * rows[i]![j]!;
    }
  }
  return rows.map((row) => row[degree]!);
}

/**
 * Fit one handwritten sign as MNIST was made: its ink box is scaled so that the longer side is 20 pixels, and pasted
 * into 28 × 28 with its centre of mass in the middle. Source: Y. LeCun, C. Cortes, The MNIST database (1998).
 */
import { type Blob, blobsOf, boxAround, strokeWidth, thicken } from './blobs.js';
import { shrunk } from './enlarged.js';
import { type Gray, quantileOf } from './gray.js';
import { type Ink, inkOf } from './ink.js';
import { type Box, crop, type Plane, resize } from './resample.js';

/** The frame that a picture is fitted into, in pixels. */
export interface Frame {
  width: number;
  height: number;
}

/** The ink box takes this part of the frame. */
const PART = 20 / 28;
/** An ink box whose longer side is within a pixel of the right one is not resampled, only shifted. */
const NEAR = 1;
/** A working copy has at most this many pixels for one of the result. */
const FINE = 8;
/** Ink below this part of the full is an edge; a blob of the drawing has some above `SOLID`. */
const EDGE = 0.08;
const SOLID = 0.35;
/** Less than this is not even a speck: half of one of 255 levels. */
const SPECK = 0.5 / 255;
/** A blob with less than this part of the ink is dust. */
const DUST = 0.012;
/** Over one pixel of the result, the ink of a smooth enlargement changes by less than this part, that of a sharp picture by more. */
const SMOOTH = 0.5;
const SHARP = 0.9;
/** Strokes thinner than `THIN` pixels after scaling are drawn again with `PEN` pixels. */
const THIN = 1.3;
const PEN = 1.9;

/**
 * Fit a sign into a frame. Returns row-major `height * width` values, 0 background … 1 ink; all 0 if the picture
 * has no ink. A picture that is such a fit already comes back as it is.
 */
export function fitGlyph(picture: Gray, frame: Frame = { width: 28, height: 28 }): Float32Array {
  const ink = inkOf(shrunk(picture));
  const side = Math.round(PART * Math.min(frame.width, frame.height));
  if (ink !== undefined && isFit(ink, frame, side)) return ink.values.map((v) => Math.min(1, Math.max(0, v)));
  const sign = ink === undefined ? undefined : signOf(ink, side);
  if (sign === undefined) return new Float32Array(frame.width * frame.height);
  return centred(isNear(sign, side) ? sign : scaled(sign, side), frame);
}

/** Whether a picture is such a fit already: of the frame's size, the right ink box, and its centre in the middle. */
function isFit(ink: Ink, frame: Frame, side: number): boolean {
  if (ink.width !== frame.width || ink.height !== frame.height || ink.noise > 0) return false;
  const box = boxAround(blobsOf(ink, SPECK).blobs);
  if (box === undefined || !isNear(crop(ink, box), side)) return false;
  const [x, y] = centreOf(ink);
  return Math.abs(x - (frame.width - 1) / 2) <= NEAR && Math.abs(y - (frame.height - 1) / 2) <= NEAR;
}

function isNear({ width, height }: Plane, side: number): boolean {
  return Math.abs(Math.max(width, height) - side) <= NEAR;
}

/**
 * The drawing itself, cut out by its ink box: without noise, and without dust and frame lines unless the box has the
 * right size with them.
 */
function signOf(ink: Ink, side: number): Plane | undefined {
  const { labels, blobs } = blobsOf(ink, Math.max(EDGE, 3 * ink.noise));
  const solid = blobs.filter(({ peak }) => peak > Math.max(SOLID, 5 * ink.noise));
  const whole = cutOut(ink, labels, solid);
  if (whole === undefined || isNear(whole, side)) return whole;
  const inner = solid.filter((blob) => !isRim(blob, ink));
  const drawn = inner.length > 0 ? inner : solid;
  const total = drawn.reduce((sum, { mass }) => sum + mass, 0);
  return cutOut(
    ink,
    labels,
    drawn.filter(({ mass }) => mass > DUST * total),
  );
}

/** The box around some blobs, with the ink of other blobs and what is within the noise set to 0. */
function cutOut(ink: Ink, labels: Int32Array, blobs: readonly Blob[]): Plane | undefined {
  const box = boxAround(blobs);
  if (box === undefined) return undefined;
  const wanted = new Set(blobs.map(({ label }) => label));
  const floor = 2.5 * ink.noise;
  const values = ink.values.map((value, at) =>
    labels[at] !== 0 && !wanted.has(labels[at]!) ? 0 : Math.max(0, (value - floor) / (1 - floor)),
  );
  return crop({ ...ink, values }, grown(box, ink));
}

/** Whether a blob is a line along the rim of the picture, or a frame around it: what a scanner or a form leaves. */
function isRim({ box, area }: Blob, { width, height }: Plane): boolean {
  const [w, h] = [box.right - box.left, box.bottom - box.top];
  const touches = [box.left === 0, box.top === 0, box.right === width, box.bottom === height];
  if (touches.every(Boolean)) return area < 0.3 * w * h;
  const thin = Math.min(w / width, h / height) < 0.08;
  return thin && touches.filter(Boolean).length >= 2 && Math.min(width, height) >= 40;
}

/** One pixel more on each side, where the picture has it and fainter ink is there. */
function grown(box: Box, { width, height, values }: Plane): Box {
  const inked = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && values[y * width + x]! > SPECK;
  const some = (from: number, to: number, at: (i: number) => boolean) => {
    for (let i = from; i < to; i++) if (at(i)) return 1;
    return 0;
  };
  const { left, top, right, bottom } = box;
  return {
    left: left - some(top, bottom, (y) => inked(left - 1, y)),
    top: top - some(left, right, (x) => inked(x, top - 1)),
    right: right + some(top, bottom, (y) => inked(right, y)),
    bottom: bottom + some(left, right, (x) => inked(x, bottom)),
  };
}

/**
 * Scale a sign so that its longer side is `side`. The finer the source, the more its greys are taken for the edges of
 * full strokes, and strokes that would fade to nothing are drawn again with a thicker pen.
 */
function scaled(sign: Plane, side: number): Plane {
  const longer = Math.max(sign.width, sign.height);
  if (longer <= side) return brightened(steepened(fitted(sign, side), 0.06, 0.9));
  const fine = longer > FINE * side ? brightened(fitted(sign, FINE * side)) : sign;
  const ratio = side / Math.max(fine.width, fine.height);
  const crisp = Math.min(1, (1 / ratio - 1) / 1.5) * sharpness(fine, 1 / ratio);
  const steep = steepened(fine, 0.2 * crisp, 1 - 0.35 * crisp);
  const stroke = strokeWidth(steep, 0.5) * ratio;
  if (stroke >= THIN) return brightened(fitted(steep, side));
  const radius = (PEN - stroke) / 2 / ratio;
  return brightened(fitted(thicken(padded(steep, Math.ceil(radius)), radius), side));
}

/**
 * Whether greys are the edges of strokes (1) or what a smooth enlargement of few pixels made of them (0): by the steepest
 * change over `pixels`, one pixel of the result.
 */
function sharpness({ width, height, values }: Plane, pixels: number): number {
  let [peak, steepest] = [0, 0];
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) {
      const here = values[at]!;
      peak = Math.max(peak, here);
      if (x > 0) steepest = Math.max(steepest, Math.abs(here - values[at - 1]!));
      if (y > 0) steepest = Math.max(steepest, Math.abs(here - values[at - width]!));
    }
  const change = peak > 0 ? Math.min(1, (steepest * pixels) / peak) : 1;
  return Math.min(1, Math.max(0, (change - SMOOTH) / (SHARP - SMOOTH)));
}

/** Resize so that the longer side is `side`, keeping the aspect. */
function fitted(plane: Plane, side: number): Plane {
  const scale = side / Math.max(plane.width, plane.height);
  const size = (length: number) => Math.max(1, Math.round(length * scale));
  return resize(plane, size(plane.width), size(plane.height));
}

function padded(plane: Plane, by: number): Plane {
  return crop(plane, { left: -by, top: -by, right: plane.width + by, bottom: plane.height + by });
}

function steepened({ width, height, values }: Plane, low: number, high: number): Plane {
  return { width, height, values: values.map((v) => Math.min(1, Math.max(0, (v - low) / (high - low)))) };
}

/** Raise the contrast so that the strongest tenth of the ink is 1. */
function brightened({ width, height, values }: Plane): Plane {
  let peak = 0;
  for (const v of values) if (v > peak) peak = v;
  const inked = values.filter((v) => v > 0.3 * peak).sort();
  const full = Math.min(1, quantileOf(inked, 0.9));
  return { width, height, values: values.map((v) => (full > 0 ? Math.min(1, Math.max(0, v / full)) : 0)) };
}

/** Paste into the frame with the centre of mass in its middle, as far as the sign stays inside; whole pixels. */
function centred(sign: Plane, frame: Frame): Float32Array {
  const { width, height, values } = sign;
  const [x, y] = centreOf(sign);
  const shift = (side: number, mean: number, room: number) =>
    Math.min(Math.max(Math.ceil(side / 2 - mean - 0.5), 0), Math.max(0, side - room));
  const [dx, dy] = [shift(frame.width, x, width), shift(frame.height, y, height)];
  const out = new Float32Array(frame.width * frame.height);
  for (let row = 0; row < height; row++)
    out.set(values.subarray(row * width, (row + 1) * width), (row + dy) * frame.width + dx);
  return out;
}

/** The centre of mass, in pixels from the middle of the first one. */
function centreOf({ width, values }: Plane): [x: number, y: number] {
  let [mass, x, y] = [0, 0, 0];
  for (const [at, value] of values.entries()) {
    mass += value;
    x += value * (at % width);
    y += value * Math.floor(at / width);
  }
  return [x / mass, y / mass];
}

/**
 * Fit a whole picture into a frame: aspect kept, laid on an empty ground, scaled by area averages. Details that would
 * be lost are kept: the view closes in on the ink where it is small in an empty picture, and small marks are drawn
 * larger as far as the gaps between them allow.
 */
import { blobsOf, boxAround, strokeWidth, thicken } from './blobs.js';
import type { Frame } from './glyph.js';
import type { Gray } from './gray.js';
import { type Ink, inkOf } from './ink.js';
import { type Box, crop, type Plane, resize } from './resample.js';

const EDGE = 0.15;
const SOLID = 0.3;
/** A blob with less than this part of the largest one's ink is dust. */
const DUST = 0.02;
/** Marks (strokes, discs) narrower than this many pixels of the frame are closed in on, then thickened. */
const SMALL = 1.5;
const VISIBLE = 1.1;
/** The view leaves this margin around the ink, in parts of the ink box. */
const MARGIN = 0.15;
const FINE = 8;

/**
 * Fit a picture into a frame. Returns row-major `height * width` values, 0 background … 1 the strongest ink, weaker
 * ink in proportion; all 0 if nothing stands out of the picture.
 */
export function fitPicture(picture: Gray, frame: Frame = { width: 28, height: 28 }): Float32Array {
  const ink = inkOf(picture);
  const clean = ink === undefined ? undefined : cleaned(ink);
  if (clean === undefined) return new Float32Array(frame.width * frame.height);
  const view = viewOf(clean, frame);
  const fine = resizeWithin(crop(clean.plane, view), FINE * Math.max(frame.width, frame.height));
  const scale = scaleInto(fine, frame);
  const marks = visible(fine, scale);
  return laid(resize(marks, size(marks.width, scale), size(marks.height, scale)), frame);
}

interface Clean {
  plane: Plane;
  /** The box of all ink. */
  box: Box;
  /** Mean width of the marks in pixels: of a stroke its width, of a disc its radius. */
  mark: number;
}

/** Noise and dust taken away; undefined if nothing is left. */
function cleaned(ink: Ink): Clean | undefined {
  const { labels, blobs } = blobsOf(ink, Math.max(EDGE, 3.5 * ink.noise));
  const largest = Math.max(0, ...blobs.map(({ mass }) => mass));
  const kept = blobs.filter(
    ({ peak, mass }) => peak > Math.max(SOLID, 5 * ink.noise) && mass > DUST * largest,
  );
  const box = boxAround(kept);
  if (box === undefined) return undefined;
  const wanted = new Set(kept.map(({ label }) => label));
  const floor = 2.5 * ink.noise;
  const values = ink.values.map((value, at) =>
    labels[at] !== 0 && !wanted.has(labels[at]!)
      ? 0
      : Math.min(1, Math.max(0, (value - floor) / (1 - floor))),
  );
  const plane = { width: ink.width, height: ink.height, values };
  return { plane, box, mark: strokeWidth(plane, 0.4) };
}

/** The whole picture, or, where its marks would be too small, a part of it around the ink, of the frame's aspect. */
function viewOf({ plane, box, mark }: Clean, frame: Frame): Box {
  const whole = { left: 0, top: 0, right: plane.width, bottom: plane.height };
  const scale = scaleInto(plane, frame);
  if (mark * scale >= SMALL) return whole;
  const [w, h] = [box.right - box.left, box.bottom - box.top].map((side) => side * (1 + 2 * MARGIN));
  const closest = Math.min(frame.width / w!, frame.height / h!);
  const close = Math.max(scale, Math.min(closest, SMALL / mark));
  const [width, height] = [Math.round(frame.width / close), Math.round(frame.height / close)];
  const left = Math.round((box.left + box.right - width) / 2);
  const top = Math.round((box.top + box.bottom - height) / 2);
  return { left, top, right: left + width, bottom: top + height };
}

/** Draw marks larger that would fade, by a disc that leaves at least half of the smallest gaps. */
function visible(plane: Plane, scale: number): Plane {
  const mark = strokeWidth(plane, 0.4) * scale;
  if (mark >= VISIBLE) return plane;
  const radius = Math.min((VISIBLE - mark) / scale, 0.25 * smallestGap(plane));
  return radius < 0.5 ? plane : thicken(plane, radius);
}

/** The smallest gap between two blobs, in pixels, by their boxes' nearest ends; large if there is only one. */
function smallestGap(plane: Plane): number {
  const { blobs } = blobsOf(plane, 0.4);
  let gap = Math.max(plane.width, plane.height);
  for (const [i, a] of blobs.entries()) {
    for (const b of blobs.slice(i + 1)) {
      const dx = Math.max(a.box.left, b.box.left) - Math.min(a.box.right, b.box.right);
      const dy = Math.max(a.box.top, b.box.top) - Math.min(a.box.bottom, b.box.bottom);
      gap = Math.min(gap, Math.hypot(Math.max(0, dx), Math.max(0, dy)));
    }
  }
  return gap;
}

function scaleInto(plane: Plane, frame: Frame): number {
  return Math.min(frame.width / plane.width, frame.height / plane.height);
}

function size(side: number, scale: number): number {
  return Math.max(1, Math.round(side * scale));
}

function resizeWithin(plane: Plane, longest: number): Plane {
  const scale = longest / Math.max(plane.width, plane.height);
  return scale >= 1 ? plane : resize(plane, size(plane.width, scale), size(plane.height, scale));
}

/** Lay a plane in the middle of an empty frame. */
function laid({ width, height, values }: Plane, frame: Frame): Float32Array {
  const left = Math.floor((frame.width - width) / 2);
  const top = Math.floor((frame.height - height) / 2);
  const out = new Float32Array(frame.width * frame.height);
  let peak = 0;
  for (const v of values) if (v > peak) peak = v;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      out[(y + top) * frame.width + x + left] = Math.min(1, Math.max(0, values[y * width + x]! / peak));
  return out;
}

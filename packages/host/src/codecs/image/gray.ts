/** Pictures in memory: RGBA as decoders and canvases give it, and one grey value a pixel as the fits take it. */

/** A picture of one channel: `gray` is row-major, `width * height` values, 0 black … 1 white. */
export interface Gray {
  width: number;
  height: number;
  gray: Float32Array;
}

/** A picture of four channels, row-major, 0 … 255, alpha not premultiplied: pngjs and a canvas both give it. */
export interface Rgba {
  width: number;
  height: number;
  data: Uint8Array | Uint8ClampedArray;
}

/** Larger pictures are area-averaged by a whole factor until no side is longer: no codec needs finer detail. */
const LONGEST = 1024;

/** A channel spread (max − min) that is colour, not the tint of a grey. */
const CHROMA = 0.25;

/**
 * One grey value a pixel. Colour: the luma, or, in a coloured drawing, 1 − the largest channel difference from the
 * background, so that yellow on white is as visible as blue. Transparency: the picture is laid on the colour that its
 * opaque part stands out from.
 */
export function grayOf(picture: Rgba): Gray {
  const { width, height, channels } = shrink(picture);
  flatten(channels);
  const { red, green, blue } = channels;
  const count = width * height;
  const gray = new Float32Array(count);
  if (isColoured(red, green, blue)) {
    const paper = [red, green, blue].map((channel) => borderMedian(channel, width, height));
    for (let i = 0; i < count; i++) {
      gray[i] =
        1 -
        Math.max(
          Math.abs(red[i]! - paper[0]!),
          Math.abs(green[i]! - paper[1]!),
          Math.abs(blue[i]! - paper[2]!),
        );
    }
  } else {
    for (let i = 0; i < count; i++) gray[i] = luma(red[i]!, green[i]!, blue[i]!);
  }
  return { width, height, gray };
}

interface Channels {
  red: Float32Array;
  green: Float32Array;
  blue: Float32Array;
  alpha: Float32Array;
}

function luma(red: number, green: number, blue: number): number {
  return red === green && green === blue ? red : 0.299 * red + 0.587 * green + 0.114 * blue;
}

/** Area averages over blocks of a whole factor, colours weighted by their alpha; 0 … 1. */
function shrink({ width, height, data }: Rgba): { width: number; height: number; channels: Channels } {
  const factor = Math.ceil(Math.max(width, height) / LONGEST);
  const [w, h] = [Math.ceil(width / factor), Math.ceil(height / factor)];
  const channels: Channels = {
    red: new Float32Array(w * h),
    green: new Float32Array(w * h),
    blue: new Float32Array(w * h),
    alpha: new Float32Array(w * h),
  };
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const [right, bottom] = [Math.min(width, (x + 1) * factor), Math.min(height, (y + 1) * factor)];
      let [red, green, blue, alpha, plain] = [0, 0, 0, 0, 0];
      for (let v = y * factor; v < bottom; v++) {
        for (let u = x * factor, i = 4 * (v * width + u); u < right; u++, i += 4) {
          const weight = data[i + 3]!;
          red += weight * data[i]!;
          green += weight * data[i + 1]!;
          blue += weight * data[i + 2]!;
          alpha += weight;
          plain++;
        }
      }
      const at = y * w + x;
      channels.alpha[at] = alpha / (255 * plain);
      if (alpha === 0) continue;
      channels.red[at] = red / (255 * alpha);
      channels.green[at] = green / (255 * alpha);
      channels.blue[at] = blue / (255 * alpha);
    }
  }
  return { width: w, height: h, channels };
}

/**
 * Lay a transparent picture on a plain colour. If the opaque part is of one tone, it is the drawing: dark goes on
 * white, light on black. If it has both, it is a drawing on its paper: what is missing becomes paper.
 */
function flatten({ red, green, blue, alpha }: Channels): void {
  if (!alpha.some((a) => a < 1)) return;
  const tones: number[] = [];
  for (let i = 0; i < alpha.length; i++) if (alpha[i]! > 0.5) tones.push(luma(red[i]!, green[i]!, blue[i]!));
  if (tones.length === 0)
    for (let i = 0; i < alpha.length; i++) if (alpha[i]! > 0) tones.push(luma(red[i]!, green[i]!, blue[i]!));
  tones.sort((a, b) => a - b);
  const [low, middle, high] = [0.03, 0.5, 0.97].map((part) => quantileOf(tones, part));
  const onePen = high! - low! < 0.3 || tones.length < 0.4 * alpha.length;
  const ground = onePen ? (middle! < 0.5 ? 1 : 0) : middle!;
  for (const channel of [red, green, blue]) {
    for (let i = 0; i < channel.length; i++) channel[i] = channel[i]! * alpha[i]! + ground * (1 - alpha[i]!);
  }
}

/** Whether at least two pixels in a thousand have a colour of their own. */
function isColoured(red: Float32Array, green: Float32Array, blue: Float32Array): boolean {
  let coloured = 0;
  for (let i = 0; i < red.length; i++) {
    const [r, g, b] = [red[i]!, green[i]!, blue[i]!];
    if (Math.max(r, g, b) - Math.min(r, g, b) > CHROMA) coloured++;
  }
  return coloured > 0.002 * red.length;
}

function borderMedian(channel: Float32Array, width: number, height: number): number {
  const values: number[] = [];
  for (let x = 0; x < width; x++) values.push(channel[x]!, channel[(height - 1) * width + x]!);
  for (let y = 0; y < height; y++) values.push(channel[y * width]!, channel[(y + 1) * width - 1]!);
  values.sort((a, b) => a - b);
  return quantileOf(values, 0.5);
}

/** The value at a part (0 … 1) of a sorted list; 0 of an empty one. */
export function quantileOf(sorted: ArrayLike<number>, part: number): number {
  if (sorted.length === 0) return 0;
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
}

import { augment, blur as blurred } from '../augment.js';
import type { Random } from '../random.js';
import { otherHand } from './hands.js';
import { PIXELS, SIDE } from './settings.js';

const SIDES = { height: SIDE, width: SIDE };

/**
 * Writes a varied copy of a handwritten digit; with `label`, in a hand that MNIST hardly has, too.
 * @param source `[28·28]`, 0 … 255, at `offset`
 * @param target `[28·28]`, 0 … 1, at `at`
 */
export function augmentDigit(
  source: Uint8Array,
  offset: number,
  target: Float32Array,
  at: number,
  random: Random,
  label?: number,
): void {
  const image = new Float32Array(PIXELS);
  for (let i = 0; i < PIXELS; i++) image[i] = source[offset + i]! / 255;
  target.set(augment(label === undefined ? image : otherHand(image, label, random), SIDES, random), at);
}

/** A 3 × 3 binomial blur, blended in by `part`. */
export const blur = (image: Float32Array, part: number): Float32Array => blurred(image, part, SIDES);

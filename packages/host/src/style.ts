/** Style: what a picture has besides its meaning, and where an answer takes it from. */
import { fail } from '@deepfunctor/core';
import type { Plan } from './compose.js';

/**
 * `asker`: read by the encoder of the question; `sampled`: drawn from N(0, 1) by a seed; `canonical`: 0.
 */
export type Style = 'asker' | 'sampled' | 'canonical';

export interface StyleOptions {
  /** Default: `sampled` if there is a seed, else `asker` where a question is of the answer's functor, else `canonical`. */
  style?: Style | undefined;
  /** Any whole number; row i of a batch gets the i-th draw. Default 0. */
  seed?: number | undefined;
}

/** Which style an answer gets; undefined where its format has none. Errors: STYLE_UNAVAILABLE. */
export function chooseStyle(
  { inputs, output }: Plan,
  { style, seed }: StyleOptions,
  where: string,
): Style | undefined {
  const asker = askerOf({ inputs, output });
  if (output.manifest.style === undefined) {
    if (style !== undefined && style !== 'canonical')
      refuse(style, `“${output.name}” has no style`, ['canonical'], where);
    return undefined;
  }
  const chosen = style ?? (seed !== undefined ? 'sampled' : asker < 0 ? 'canonical' : 'asker');
  if (chosen === 'asker' && asker < 0)
    refuse(chosen, `no input is of “${output.name}”`, ['sampled', 'canonical'], where);
  if (!['asker', 'sampled', 'canonical'].includes(chosen))
    refuse(chosen, 'there is no such style', ['asker', 'sampled', 'canonical'], where);
  return chosen;
}

/** The first input whose functor is that of the answer and reads a style; -1 if there is none. */
export function askerOf({ inputs, output }: Pick<Plan, 'inputs' | 'output'>): number {
  if (output.manifest.style === undefined) return -1;
  return inputs.findIndex(({ directory }) => directory === output.directory);
}

/** Draws from (0, 1) by a seed: mulberry32. The first `from` of them are passed over at no cost. */
export function uniforms(seed: number, from = 0): () => number {
  let state = (seed + Math.imul(from, 0x6d2b79f5)) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}

/** `count` numbers of N(0, 1) from a seed, beginning with number `from`: Box and Muller (1958). */
export function normals(count: number, seed: number, from = 0): Float32Array {
  // They come in pairs, each of two draws.
  if (from % 2 === 1) return normals(count + 1, seed, from - 1).subarray(1);
  const uniform = uniforms(seed, from);
  const out = new Float32Array(count);
  for (let at = 0; at < count; at += 2) {
    const [radius, angle] = [Math.sqrt(-2 * Math.log(uniform())), 2 * Math.PI * uniform()];
    out[at] = radius * Math.cos(angle);
    if (at + 1 < count) out[at + 1] = radius * Math.sin(angle);
  }
  return out;
}

function refuse(style: string, reason: string, available: string[], where: string): never {
  return fail('STYLE_UNAVAILABLE', { where, style, reason, available: available.join(', ') });
}

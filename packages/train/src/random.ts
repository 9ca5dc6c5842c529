/**
 * A seeded stream of numbers: sfc32 (C. Doty-Humphrey, PractRand), seeded through splitmix32.
 * Every random choice of a recipe draws from one of these, so that a seed names a run.
 */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 1;
  #spare: number | undefined;

  /** @param seeds integers; streams with different lists are independent, e.g. (seed, purpose, step). */
  constructor(...seeds: number[]) {
    let h = 0x9e3779b9;
    const mix = (x: number) => {
      h = (h ^ x) >>> 0;
      h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
      h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
      h = (h ^ (h >>> 15)) >>> 0;
      return h;
    };
    for (const seed of seeds) mix(seed + 0x9e3779b9);
    this.#a = mix(1);
    this.#b = mix(2);
    this.#c = mix(3);
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** A 32-bit unsigned integer. */
  bits(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return t >>> 0;
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.bits() / 4294967296);
  }

  /** A whole number in 0 … n − 1. */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** Standard normal (Box–Muller). */
  normal(): number {
    if (this.#spare !== undefined) {
      const value = this.#spare;
      this.#spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** `n` standard normal numbers. */
  normals(n: number): Float32Array {
    const out = new Float32Array(n);
    for (let i = 0; i < n; i++) out[i] = this.normal();
    return out;
  }
}

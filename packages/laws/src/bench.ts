/** The bench that plugins are tried on: what is drawn once for a host, a seed and a size, and shared by the laws. */
import { type Category, type DeepFunctorError, readReference } from '@deepfunctor/core';
import type { Bridge, Functor, Host, Morphism, Plugin } from '@deepfunctor/host';
import { uniforms } from '@deepfunctor/host';
import type { Subject } from './law.js';
import { likeliest } from './rows.js';

/** The reference sample of a category, sorted for use. */
export interface Sample {
  /** `[N, D]` and `[N, K]`. */
  latents: Float32Array;
  beliefs: Float32Array;
  /** The likeliest label of each row. */
  labels: number[];
  /** Rows that mean one label, and those that do not. */
  clear: number[];
  ambiguous: number[];
  /** Clear rows of each label. */
  byLabel: number[][];
  /** The clear row that is surest of each label; undefined where it has none. */
  clearest: (number | undefined)[];
}

export interface Bench {
  host: Host;
  seed: number;
  samples: number;
  sample(category: Category): Sample;
  /** What is wrong with the files of a plugin; undefined where they are whole and taken by the engine. */
  fault(plugin: Plugin | Bridge): Promise<DeepFunctorError | undefined>;
  /** Plugins whose files are whole and taken by the engine: only they can be partners. */
  functors(category: Category): Promise<Functor[]>;
  morphisms(): Promise<Morphism[]>;
  /** Compute something once. */
  once<T>(key: string, make: () => Promise<T>): Promise<T>;
  /** Whole numbers below a bound, drawn by the seed and a purpose. */
  picker(purpose: string): (below: number) => number;
}

const benches = new WeakMap<Host, Map<string, Bench>>();

/** The bench of a host for this seed and size. */
export function benchOf({ host, seed, samples }: Pick<Subject, 'host' | 'seed' | 'samples'>): Bench {
  const known = benches.get(host) ?? new Map<string, Bench>();
  benches.set(host, known);
  const key = `${seed} ${samples}`;
  const found = known.get(key) ?? newBench(host, seed, samples);
  known.set(key, found);
  return found;
}

function newBench(host: Host, seed: number, samples: number): Bench {
  const read = new Map<string, Sample>();
  const made = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, make: () => Promise<T>): Promise<T> => {
    if (!made.has(key)) made.set(key, make());
    return made.get(key) as Promise<T>;
  };
  const faults = () =>
    once('faults', async () => {
      const broken = new Map<string, DeepFunctorError>();
      for (const { name, error } of await host.verify()) if (error) broken.set(name, error);
      return broken;
    });
  const whole = async () => {
    const broken = await faults();
    return host.plugins.filter(({ name }) => !broken.has(name));
  };
  return {
    host,
    seed,
    samples,
    once,
    sample(category) {
      const found = read.get(category.digest) ?? sampleOf(category);
      read.set(category.digest, found);
      return found;
    },
    fault: async ({ name }) => (await faults()).get(name),
    async functors(category) {
      const all = (await whole()).filter((plugin) => plugin.kind === 'functor');
      return all.filter((functor) => functor.category.digest === category.digest);
    },
    morphisms: async () => (await whole()).filter((plugin) => plugin.kind === 'morphism'),
    picker(purpose) {
      const draw = uniforms(
        [...purpose].reduce((h, c) => Math.imul(h ^ c.codePointAt(0)!, 0x01000193), seed),
      );
      return (below) => Math.floor(draw() * below);
    },
  };
}

function sampleOf(category: Category): Sample {
  const { latents, distributions, clear, count } = readReference(category);
  const size = category.labels.length;
  const labels = likeliest(distributions, size);
  const rows = Array.from({ length: count }, (_, i) => i);
  const clearRows = rows.filter((i) => clear[i] === 1);
  const byLabel = category.labels.map((_, label) => clearRows.filter((i) => labels[i] === label));
  const belief = (row: number, label: number) => distributions[row * size + label]!;
  const surer = (label: number) => (best: number | undefined, row: number) =>
    best === undefined || belief(row, label) > belief(best, label) ? row : best;
  return {
    latents,
    beliefs: distributions,
    labels,
    clear: clearRows,
    ambiguous: rows.filter((i) => clear[i] === 0),
    byLabel,
    clearest: byLabel.map((own, label) => own.reduce(surer(label), undefined as number | undefined)),
  };
}

/** Morphisms of one object from a category to itself. */
export async function endomorphisms(bench: Bench, category: Category): Promise<Morphism[]> {
  const all = await bench.morphisms();
  return all.filter(
    ({ inputs, output }) =>
      inputs.length === 1 && inputs[0]!.digest === category.digest && output.digest === category.digest,
  );
}

/** A seeded choice of at most `count`, in the order of the list. */
export function chosen<T>(list: readonly T[], count: number, pick: (below: number) => number): T[] {
  const left = list.map((_, i) => i);
  while (left.length > count) left.splice(pick(left.length), 1);
  return left.map((i) => list[i]!);
}

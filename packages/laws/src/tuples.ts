/** What a morphism is asked: tuples of reference latents, clear and ambiguous. */
import { pushForward as carried } from '@deepfunctor/core';
import { type Host, type Morphism, normals } from '@deepfunctor/host';
import type { Bench } from './bench.js';
import { gather, rms, rowOf } from './rows.js';
import { COMBINATIONS } from './tolerances.js';

/** Rows of objects, one array for each object that the morphism takes. */
export interface Tuples {
  rows: number;
  /** `[rows, D]` each. */
  latents: Float32Array[];
  /** `[rows, K]` each, what the reference sample says of them. */
  beliefs: Float32Array[];
  /** `[rows]` each, the likeliest labels. */
  labels: number[][];
}

/** Clear tuples: all combinations of labels where they are few enough, else a seeded draw of them. */
export function clearTuples(bench: Bench, morphism: Morphism): Tuples {
  const pick = bench.picker(`clear ${morphism.name}`);
  const samples = morphism.inputs.map((category) => bench.sample(category));
  const present = samples.map(({ byLabel }) =>
    byLabel.flatMap((rows, label) => (rows.length > 0 ? [label] : [])),
  );
  const combinations = present.reduce((product, labels) => product * labels.length, 1);
  const all = combinations <= COMBINATIONS;
  const rows = all ? combinations * Math.max(1, Math.ceil(bench.samples / combinations)) : bench.samples;
  const picked = Array.from({ length: rows }, (_, row) => {
    let rest = row % combinations;
    return samples.map(({ byLabel }, i) => {
      const labels = present[i]!;
      const label = labels[all ? rest % labels.length : pick(labels.length)]!;
      rest = Math.floor(rest / labels.length);
      return byLabel[label]![pick(byLabel[label]!.length)]!;
    });
  });
  return tuplesOf(bench, morphism, picked);
}

/** Tuples of which at least one object is ambiguous; none where the reference sample has no ambiguous latent. */
export function ambiguousTuples(bench: Bench, morphism: Morphism): Tuples {
  const pick = bench.picker(`ambiguous ${morphism.name}`);
  const samples = morphism.inputs.map((category) => bench.sample(category));
  const places = samples.flatMap(({ ambiguous }, i) => (ambiguous.length > 0 ? [i] : []));
  const picked = Array.from({ length: places.length > 0 ? bench.samples : 0 }, () => {
    const place = places[pick(places.length)]!;
    return samples.map(({ ambiguous, labels }, i) =>
      i === place ? ambiguous[pick(ambiguous.length)]! : pick(labels.length),
    );
  });
  return tuplesOf(bench, morphism, picked);
}

function tuplesOf(bench: Bench, { inputs }: Morphism, picked: readonly number[][]): Tuples {
  const chosenRows = inputs.map((_, i) => picked.map((tuple) => tuple[i]!));
  const samples = inputs.map((category) => bench.sample(category));
  return {
    rows: picked.length,
    latents: inputs.map(({ dimension }, i) => gather(samples[i]!.latents, dimension, chosenRows[i]!)),
    beliefs: inputs.map(({ labels }, i) => gather(samples[i]!.beliefs, labels.length, chosenRows[i]!)),
    labels: samples.map(({ labels }, i) => chosenRows[i]!.map((row) => labels[row]!)),
  };
}

/** What the table says of some labels. */
export function tableAt({ inputs, manifest }: Morphism, labels: readonly number[]): number {
  return manifest.table[inputs.reduce((at, category, i) => at * category.labels.length + labels[i]!, 0)]!;
}

/** Whether the table is that of an identity. */
export function isIdentity({ inputs, output, manifest }: Morphism): boolean {
  const same = inputs.length === 1 && inputs[0]!.digest === output.digest;
  return same && manifest.table.every((label, i) => label === i);
}

/** The product of beliefs `[n, K]`, one array for each object, carried through the table: `[n, K]` of the output. */
export function pushForward({ inputs, output, manifest }: Morphism, beliefs: readonly Float32Array[]) {
  const sizes = inputs.map(({ labels }) => labels.length);
  return carried(manifest.table, beliefs, sizes, output.labels.length);
}

/** Latents with noise of a root-mean-square in units of the norm, brought back to the norm. */
export function noised(
  latents: Float32Array,
  { dimension, norm }: Morphism['output'],
  radius: number,
  seed: number,
): Float32Array {
  const out = normals(latents.length, seed).map((v, i) => latents[i]! + radius * norm.value * v);
  for (let row = 0; row < out.length / dimension; row++) {
    const values = rowOf(out, dimension, row);
    const scale = norm.value / rms(values);
    for (const [i, v] of values.entries()) values[i] = v * scale;
  }
  return out;
}

/** A morphism in pieces of so many rows: another grouping of the same work. */
export async function applyInPieces(
  host: Host,
  { name, inputs }: Morphism,
  latents: readonly Float32Array[],
  size: number,
): Promise<Float32Array[]> {
  const rows = latents[0]!.length / inputs[0]!.dimension;
  const pieces: Float32Array[] = [];
  for (let from = 0; from < rows; from += size) {
    const part = latents.map((values, i) =>
      values.subarray(from * inputs[i]!.dimension, Math.min(rows, from + size) * inputs[i]!.dimension),
    );
    pieces.push(await host.apply(name, ...part));
  }
  return pieces;
}

/** Identities that are installed on a category; `sound` says which of them can be relied on. */
export async function identitiesOf(
  morphisms: readonly Morphism[],
  category: Morphism['output'],
  sound: (morphism: Morphism) => Promise<boolean>,
): Promise<Morphism[]> {
  const found: Morphism[] = [];
  for (const each of morphisms)
    if (isIdentity(each) && each.output.digest === category.digest && (await sound(each))) found.push(each);
  return found;
}

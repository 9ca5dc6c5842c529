/** What a functor is asked, and how its answers are read, from nothing but its manifest and its category. */
import { decodeOutput, encodeInput, type Functor, normals, rowShape } from '@deepfunctor/host';
import type { Bench } from './bench.js';
import { concat, gather, likeliest, rowOf } from './rows.js';

/** Inputs of a functor with what they mean, and what it reads from them. */
export interface Questions {
  rows: number;
  /** `[rows, …]` of the functor's codec. */
  input: Float32Array;
  /** The label that each was made from. */
  labels: number[];
  /** The first so many were drawn with the canonical style, one for each label of the domain. */
  canonical: number;
  /** What `encode` makes of them: `[rows, D]`, and `[rows, S]` where the format has variety. */
  latent: Float32Array;
  style: Float32Array | undefined;
  /** The label that the probe reads from each latent. */
  read: number[];
}

/** Values in a row of the functor's tensor. */
export function rowLength({ manifest }: Functor): number {
  return rowShape(manifest.codec).reduce((product, side) => product * side, 1);
}

/**
 * Text formats: all values of the codec. Pictures: `decode` of clear reference latents over the domain, first with the
 * canonical style, then with sampled ones.
 */
export function questions(bench: Bench, functor: Functor): Promise<Questions> {
  return bench.once(`questions ${functor.name}`, async () => {
    const { codec } = functor.manifest;
    const { input, labels } =
      codec.kind === 'image'
        ? await pictures(bench, functor)
        : { input: valuesOf(functor, functor.domain), labels: functor.domain };
    const { latent, style } = await bench.host.encode(functor.name, input);
    const read = await labelsOf(bench, functor, latent);
    const canonical = new Set(labels).size;
    return { rows: labels.length, input, labels, canonical, latent, style, read };
  });
}

async function pictures(bench: Bench, functor: Functor) {
  const { domain, category } = functor;
  const { latents, byLabel } = bench.sample(category);
  const pick = bench.picker(`pictures ${functor.name}`);
  const present = domain.filter((label) => byLabel[label]!.length > 0);
  const rows = Math.max(bench.samples, 2 * present.length);
  const labels = Array.from({ length: rows }, (_, i) => present[i % present.length]!);
  const chosen = labels.map((label) => byLabel[label]![pick(byLabel[label]!.length)]!);
  const style = sampledStyles(bench, functor, rows, present.length);
  const latent = gather(latents, category.dimension, chosen);
  return { input: await bench.host.decode(functor.name, latent, style), labels };
}

/** `[rows, S]`, the first `canonical` of them 0; undefined where the format has no variety. */
export function sampledStyles(
  bench: Bench,
  { manifest }: Functor,
  rows: number,
  canonical: number,
): Float32Array | undefined {
  if (manifest.style === undefined) return undefined;
  return normals(rows * manifest.style, bench.seed).fill(0, 0, canonical * manifest.style);
}

/** The input rows of these labels, of a text format. */
function valuesOf({ name, domain, manifest: { codec } }: Functor, labels: readonly number[]): Float32Array {
  if (codec.kind === 'image') throw new Error('pictures have no values');
  const reader = { functor: name, where: `the codec of “${name}”` };
  return concat(labels.map((label) => encodeInput(codec, codec.values[domain.indexOf(label)]!, reader)));
}

/** Outputs as inputs: a text is read as the value that a person would see; a picture stays as it is. */
export function asInput(functor: Functor, output: Float32Array): Float32Array {
  return functor.manifest.codec.kind === 'image' ? output : valuesOf(functor, spelled(functor, output));
}

/** The labels that outputs show: by the codec's values for texts, by the functor's own `encode` for pictures. */
export async function shown(bench: Bench, functor: Functor, output: Float32Array): Promise<number[]> {
  if (functor.manifest.codec.kind !== 'image') return spelled(functor, output);
  return labelsOf(bench, functor, (await bench.host.encode(functor.name, output)).latent);
}

function spelled(functor: Functor, output: Float32Array): number[] {
  const { domain, manifest } = functor;
  const { codec } = manifest;
  if (codec.kind === 'image') throw new Error('pictures have no values');
  const size = rowLength(functor);
  return Array.from({ length: output.length / size }, (_, row) => {
    const { value } = decodeOutput(codec, rowOf(output, size, row));
    return domain[codec.values.indexOf(value as string)]!;
  });
}

/** What the probe reads from latents of the functor's category. */
export async function labelsOf(bench: Bench, { category }: Functor, latent: Float32Array): Promise<number[]> {
  return likeliest(await bench.host.probe(category, latent), category.labels.length);
}

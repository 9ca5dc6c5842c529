/** The reference sample of a category: labelled latents, clear and ambiguous, that stand for the space. */
import { join } from 'node:path';
import type { Category } from './category.js';
import { DeepFunctorError, fail } from './errors.js';
import { readChecked } from './files.js';
import { readSafetensors, type Tensor, writeSafetensors } from './safetensors.js';

/** N latents with what they mean and where they came from. */
export interface Reference {
  /** N. */
  count: number;
  /** `[N, D]`, each row of the category's norm. */
  latents: Float32Array;
  /** `[N, K]`, what each latent believes; a row sums to 1 (± 1e-3). */
  distributions: Float32Array;
  /** `[N]`, 1 for a clear latent (one label), 0 for an ambiguous one. */
  clear: Uint8Array;
  /** `[N]`, an index into `sources`. */
  source: Int32Array;
  /** Names of the founding encoders and morphisms that the latents were drawn from. */
  sources: string[];
  /** `[K, D]`, the direction of each label. */
  codes: Float32Array;
}

/** Read and check the reference sample of a category. Errors: CATEGORY_BROKEN, with what was wrong as its cause. */
export function readReference(category: Category): Reference {
  const where = join(category.directory, category.files.reference.path);
  try {
    const { tensors, metadata } = readSafetensors(
      readChecked(category.directory, category.files.reference),
      where,
    );
    const reference = unpack(tensors, metadata, category, where);
    checkValues(reference, category, where);
    return reference;
  } catch (cause) {
    if (!(cause instanceof DeepFunctorError)) throw cause;
    return fail('CATEGORY_BROKEN', { where, reason: cause.what, cause });
  }
}

/** The reference sample as the bytes of a safetensors file. K and D are taken from the lengths. */
export function writeReference(reference: Omit<Reference, 'count'>): Uint8Array {
  const { latents, distributions, clear, source, sources, codes } = reference;
  const count = clear.length;
  const matrix = (data: Float32Array, rows: number): Tensor => ({ data, shape: [rows, data.length / rows] });
  const labels = distributions.length / count;
  return writeSafetensors(
    {
      latents: matrix(latents, count),
      distributions: matrix(distributions, count),
      clear: { data: clear, shape: [count] },
      source: { data: source, shape: [count] },
      codes: matrix(codes, labels),
    },
    { sources: JSON.stringify(sources) },
  );
}

function unpack(
  tensors: Record<string, Tensor>,
  metadata: Record<string, string>,
  { labels, dimension }: Category,
  where: string,
): Reference {
  const count = tensors.clear?.shape[0] ?? 0;
  const take = <T extends Tensor['data']>(name: string, type: new () => T, shape: number[]): T => {
    const tensor = tensors[name];
    if (!(tensor?.data instanceof type) || tensor.shape.join() !== shape.join()) {
      return fail('TENSORS_BROKEN', { where, reason: `“${name}” is not ${type.name} [${shape.join(', ')}]` });
    }
    return tensor.data;
  };
  return {
    count,
    latents: take('latents', Float32Array, [count, dimension]),
    distributions: take('distributions', Float32Array, [count, labels.length]),
    clear: take('clear', Uint8Array, [count]),
    source: take('source', Int32Array, [count]),
    sources: parseSources(metadata.sources, where),
    codes: take('codes', Float32Array, [labels.length, dimension]),
  };
}

function parseSources(text: string | undefined, where: string): string[] {
  try {
    const names: unknown = JSON.parse(text ?? '');
    if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  } catch {
    // Told below, as any other text that is no list of names.
  }
  return fail('TENSORS_BROKEN', { where, reason: 'the metadata “sources” is not a JSON list of names' });
}

function checkValues(reference: Reference, { labels, dimension, norm }: Category, where: string): void {
  const refuse = (row: number, reason: string) =>
    fail('TENSORS_BROKEN', { where, reason: `row ${row} ${reason}` });
  for (let row = 0; row < reference.count; row++) {
    const latent = reference.latents.subarray(row * dimension, (row + 1) * dimension);
    const rms = Math.sqrt(latent.reduce((sum, x) => sum + x * x, 0) / dimension);
    if (!(Math.abs(rms - norm.value) <= norm.tolerance)) refuse(row, `has the norm ${rms}`);
    const belief = reference.distributions.subarray(row * labels.length, (row + 1) * labels.length);
    const sum = belief.reduce((total, p) => total + p, 0);
    if (!(Math.abs(sum - 1) <= 1e-3) || belief.some((p) => p < 0))
      refuse(row, 'is no probability distribution');
    if (reference.clear[row]! > 1) refuse(row, 'is neither clear (1) nor ambiguous (0)');
    if (reference.sources[reference.source[row]!] === undefined) refuse(row, 'has no source');
  }
  if (!reference.codes.every(Number.isFinite))
    fail('TENSORS_BROKEN', { where, reason: 'a code is not finite' });
}

/** A category's release: the latent space that functors and morphisms meet in, read from its folder. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { canonicalJson } from './canonical.js';
import { fail, reasonOf } from './errors.js';
import { checkFile, type FileRef, sha256 } from './files.js';
import {
  describeIssues,
  digestSchema,
  distinct,
  fileSchema,
  nameSchema,
  sizeSchema,
  textSchema,
  versionSchema,
} from './schema.js';

/** What an object of the category can mean. All labels of a category have the same factors. */
export interface Label {
  /** What it is called; no two of a category are called the same. */
  name: string;
  /** Its value of each factor. */
  factors: Record<string, number | string>;
}

/** `category.json` as it is stored. K is `labels.length`, D is `dimension`. */
export interface CategoryRelease {
  /** Version of this file's own layout. */
  release: 1;
  /** What ports call it. */
  name: string;
  /** What people call it. */
  title: string;
  /** Semantic version of the contract; a new founding is a new major version. */
  version: string;
  /** In the order that tables and distributions have. */
  labels: Label[];
  /** D: a latent is float32 `[n, D]`. */
  dimension: number;
  /** Every row of a latent has this root-mean-square, within the tolerance. */
  norm: { kind: 'rms'; value: number; tolerance: number };
  /** A latent belongs to the space if its distance, as the support model gives it, is at most the threshold. */
  support: { threshold: number };
  /** The models and the sample. */
  files: {
    /** ONNX: `latent` `[n, D]` → `distribution` `[n, K]`, a probability over the labels. */
    probe: FileRef;
    /** ONNX: `latent` `[n, D]` → `distance` `[n]`, at least 0. */
    support: FileRef;
    /** Safetensors, see `readReference`. */
    reference: FileRef;
  };
  /** How the space was founded and what it measured; not part of the digest. */
  card: Record<string, unknown>;
  /** The space digest, see `spaceDigest`. */
  digest: string;
}

/** A release together with the folder that its files lie in. */
export interface Category extends CategoryRelease {
  directory: string;
}

const labelSchema = z.strictObject({
  name: textSchema,
  factors: z.record(z.string(), z.union([z.number(), z.string()])),
});

const releaseSchema = z
  .strictObject({
    release: z.literal(1),
    name: nameSchema,
    title: textSchema,
    version: versionSchema,
    labels: z.array(labelSchema).min(1).max(65_536),
    dimension: sizeSchema,
    norm: z.strictObject({
      kind: z.literal('rms'),
      value: z.number().positive(),
      tolerance: z.number().positive(),
    }),
    support: z.strictObject({ threshold: z.number().nonnegative() }),
    files: z.strictObject({ probe: fileSchema, support: fileSchema, reference: fileSchema }),
    card: z.record(z.string(), z.unknown()),
    digest: digestSchema,
  })
  .superRefine(({ labels }, context) => {
    distinct(
      labels.map(({ name }) => name),
      context,
      ['labels'],
    );
    const factors = (label: Label) => Object.keys(label.factors).sort().join();
    for (const [index, label] of labels.entries()) {
      if (factors(label) !== factors(labels[0]!)) {
        context.addIssue({
          code: 'custom',
          path: ['labels', index],
          message: 'has other factors than the first label',
        });
      }
    }
  }) satisfies z.ZodType<CategoryRelease>;

/**
 * Read the release in a folder: `category.json` is validated, its digest computed anew, and its files looked at
 * (there, inside, of the recorded length) but not read. Errors: CATEGORY_BROKEN.
 */
export function readCategory(directory: string): Category {
  const where = join(directory, 'category.json');
  const refuse = (reason: string, cause?: unknown): never =>
    fail('CATEGORY_BROKEN', { where, reason, cause });
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(where, 'utf8'));
  } catch (cause) {
    return refuse(`it cannot be read (${reasonOf(cause)})`, cause);
  }
  const parsed = releaseSchema.safeParse(json);
  if (!parsed.success) return refuse(describeIssues(parsed.error, ''));
  const release: CategoryRelease = parsed.data;
  const digest = spaceDigest(release);
  if (digest !== release.digest)
    return refuse(`its content has the digest ${digest}, not the recorded ${release.digest}`);
  try {
    for (const file of Object.values(release.files)) checkFile(directory, file);
  } catch (cause) {
    return refuse(reasonOf(cause), cause);
  }
  return { ...release, directory };
}

/**
 * The space digest, `sha256-` and 64 hexadecimal digits: SHA-256 of the canonical JSON (RFC 8785) of the release
 * without `digest` and `card`. The digests of the files are in it, so it covers the probe, the support and the sample.
 */
export function spaceDigest(release: Omit<CategoryRelease, 'digest' | 'card'>): string {
  const { release: layout, name, title, version, labels, dimension, norm, support, files } = release;
  const space = { release: layout, name, title, version, labels, dimension, norm, support, files };
  return `sha256-${sha256(canonicalJson(space))}`;
}

/** What a `category.json` must be as JSON Schema (draft 2020-12); `readCategory` has the last word. */
export function categoryJsonSchema(): object {
  return z.toJSONSchema(releaseSchema, { unrepresentable: 'any' });
}

/** The folders of the categories that come with this package. */
export function builtinCategories(): string[] {
  const root = fileURLToPath(new URL('../categories/', import.meta.url));
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, 'category.json')))
    .map((entry) => join(root, entry.name))
    .sort();
}

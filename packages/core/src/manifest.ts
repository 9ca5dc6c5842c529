/** The manifest: what a package.json says under "deepfunctor", before any file of the package is opened. */
import { satisfies, validRange } from 'semver';
import { z } from 'zod';
import { type Codec, codecSchema } from './codec.js';
import { fail } from './errors.js';
import type { FileRef } from './files.js';
import {
  describeIssues,
  digestSchema,
  distinct,
  fileSchema,
  nameSchema,
  pathSchema,
  rangeSchema,
  sizeSchema,
  textSchema,
} from './schema.js';
import { CORE_VERSION } from './version.js';

/** One latent that a plugin takes or gives: which category, which versions of its contract, learned in which space. */
export interface Port {
  /** The category's name. */
  category: string;
  /** Range of semantic versions of the category's contract. */
  contract: string;
  /** The space digest that the plugin was learned against. */
  space: string;
}

/** How a plugin was learned and what it measured. May hold more than is named here. */
export interface Card {
  /** `founding`: jointly, with the space; `frozen`: against the frozen space; `warm-start`: from a sibling's weights. */
  mode: 'founding' | 'frozen' | 'warm-start';
  /** The seed of every draw. */
  seed: number;
  /** Steps of training. */
  steps: number;
  /** What it was learned from. */
  data: string;
  /** How it was learned, so that somebody else could do it again. */
  recipe: string;
  /** What was measured: a name and a figure each. */
  measured: Record<string, number | string>;
  /** What else is to be known. */
  notes?: string;
  [more: string]: unknown;
}

/** A functor: `encode` (format → latent) and `decode` (latent → format) over the labels of its domain. */
export interface FunctorManifest {
  /** Version of the manifest's own layout. */
  manifest: 1;
  kind: 'functor';
  /** What it is called in a chain. */
  name: string;
  /** The objects that `encode` gives and `decode` takes. */
  port: Port;
  /** Names of the labels that it covers, in the category's order. */
  domain: string[];
  /** The way between a person's form and the tensor. */
  codec: Codec;
  /** S, where the format has variety: the models have a port `style`, float32 `[n, S]`. */
  style?: number;
  /** The two models. */
  files: { encode: FileRef; decode: FileRef };
  card: Card;
}

/** A morphism: objects → object. Its arity is `inputs.length`. */
export interface MorphismManifest {
  /** Version of the manifest's own layout. */
  manifest: 1;
  kind: 'morphism';
  /** What it is called in a chain. */
  name: string;
  /** One for each object that it takes, in their order. */
  inputs: Port[];
  /** The object that it gives. */
  output: Port;
  /** The values it is meant to compute: indices of output labels, row-major over the labels of the inputs. */
  table: number[];
  /** The model. */
  files: { morphism: FileRef };
  card: Card;
}

/**
 * A bridge: objects of one release of a category → objects of another release of it, and back, with the same beliefs.
 * Each file is a model of one object: `latent_0` → `latent`.
 */
export interface BridgeManifest {
  manifest: 1;
  kind: 'bridge';
  name: string;
  from: Port;
  to: Port;
  /** `there`: from → to; `back`: to → from. */
  files: { there: FileRef; back: FileRef };
  card: Card;
}

/** A category that is an npm package of its own. */
export interface CategoryManifest {
  /** Version of the manifest's own layout. */
  manifest: 1;
  kind: 'category';
  /** The category's name, as ports say it. */
  name: string;
  /** The folder of `category.json` inside the package; `.` is the package itself. */
  path: string;
}

export type PluginManifest = FunctorManifest | MorphismManifest | BridgeManifest;
export type Manifest = PluginManifest | CategoryManifest;

/** The keyword of every package that has a manifest. */
export const KEYWORD = 'deepfunctor-plugin';

const portSchema = z.strictObject({ category: nameSchema, contract: rangeSchema, space: digestSchema });

const cardSchema = z.looseObject({
  mode: z.enum(['founding', 'frozen', 'warm-start']),
  seed: z.int(),
  steps: z.int().min(0),
  data: textSchema,
  recipe: textSchema,
  measured: z.record(z.string(), z.union([z.number(), z.string()])),
  notes: textSchema.exactOptional(),
}) satisfies z.ZodType<Card>;

const functorSchema = z.strictObject({
  manifest: z.literal(1),
  kind: z.literal('functor'),
  name: nameSchema,
  port: portSchema,
  domain: z.array(textSchema).min(1),
  codec: codecSchema,
  style: sizeSchema.exactOptional(),
  files: z.strictObject({ encode: fileSchema, decode: fileSchema }),
  card: cardSchema,
}) satisfies z.ZodType<FunctorManifest>;

const morphismSchema = z.strictObject({
  manifest: z.literal(1),
  kind: z.literal('morphism'),
  name: nameSchema,
  inputs: z.array(portSchema).min(1).max(16),
  output: portSchema,
  table: z.array(z.int().min(0)).min(1),
  files: z.strictObject({ morphism: fileSchema }),
  card: cardSchema,
}) satisfies z.ZodType<MorphismManifest>;

const bridgeSchema = z.strictObject({
  manifest: z.literal(1),
  kind: z.literal('bridge'),
  name: nameSchema,
  from: portSchema,
  to: portSchema,
  files: z.strictObject({ there: fileSchema, back: fileSchema }),
  card: cardSchema,
}) satisfies z.ZodType<BridgeManifest>;

const categorySchema = z.strictObject({
  manifest: z.literal(1),
  kind: z.literal('category'),
  name: nameSchema,
  path: z.union([z.literal('.'), pathSchema]),
}) satisfies z.ZodType<CategoryManifest>;

const manifestSchema = z
  .discriminatedUnion('kind', [functorSchema, morphismSchema, bridgeSchema, categorySchema], {
    error: 'must be “functor”, “morphism”, “bridge” or “category”',
  })
  .superRefine((manifest, context) => {
    if (manifest.kind !== 'functor') return;
    const { domain, codec } = manifest;
    distinct(domain, context, ['domain']);
    if (codec.kind !== 'image' && codec.values.length !== domain.length) {
      const message = `must have one value for each of the ${domain.length} labels of the domain`;
      context.addIssue({ code: 'custom', path: ['codec', 'values'], message });
    }
  }) satisfies z.ZodType<Manifest>;

const MESSAGE = 'must be an object';
const CORE = '@deepfunctor/core';

const peerSchema = z.object({ peerDependencies: z.object({ [CORE]: z.string() }) });

const packageSchema = z
  .looseObject(
    {
      deepfunctor: manifestSchema,
      keywords: z
        .array(z.string(), { error: 'must be a list of keywords' })
        .refine((words) => words.includes(KEYWORD), `must have “${KEYWORD}”`),
      exports: z.unknown().optional(),
      peerDependencies: z.record(z.string(), z.string(), { error: MESSAGE }).exactOptional(),
    },
    { error: MESSAGE },
  )
  .superRefine(({ exports, deepfunctor, peerDependencies }, context) => {
    const open =
      exports === undefined ||
      (typeof exports === 'object' && exports !== null && './package.json' in exports);
    if (!open) context.addIssue({ code: 'custom', path: ['exports'], message: 'must have “./package.json”' });
    const range = peerDependencies?.[CORE];
    if (deepfunctor.kind !== 'category' && range === undefined)
      context.addIssue({ code: 'custom', path: ['peerDependencies'], message: `must have “${CORE}”` });
    // A plugin that has not been packed yet may name its neighbour in the workspace.
    if (range !== undefined && !range.startsWith('workspace:') && validRange(range) === null) {
      const message = 'must be a range of semantic versions';
      context.addIssue({ code: 'custom', path: ['peerDependencies', CORE], message });
    }
  });

/**
 * Validate the content of a package.json, parsed from JSON, and give its manifest. Looks at no file.
 * `where` names the package.json in errors: CORE_RANGE; MANIFEST_INVALID, with the path of each wrong field.
 */
export function parseManifest(packageJson: unknown, where: string): Manifest {
  // First, for a manifest that was made for another core may well look invalid to this one.
  const needed = peerSchema.safeParse(packageJson).data?.peerDependencies[CORE];
  if (needed && validRange(needed) && !satisfies(CORE_VERSION, needed, { includePrerelease: true }))
    fail('CORE_RANGE', { where, range: needed, version: CORE_VERSION });
  const parsed = packageSchema.safeParse(packageJson);
  if (!parsed.success) return fail('MANIFEST_INVALID', { where, reason: describeIssues(parsed.error, '') });
  return parsed.data.deepfunctor;
}

/**
 * What a manifest must be as JSON Schema (draft 2020-12), for tools in other languages and for the reference. Rules
 * between fields (a value for each label, no label twice, the digests) are beyond it: `parseManifest` has the last word.
 */
export function manifestJsonSchema(): object {
  return z.toJSONSchema(manifestSchema, { unrepresentable: 'any' });
}

/** What a server is told: models, limits, address. From a JSON file, the command line, or a program. */
import { readFileSync } from 'node:fs';
import { fail, NAME, reasonOf } from '@deepfunctor/core';
import { z } from 'zod';

/** Model names are those of plugins: what a chain's text cannot be, since that has an arrow. */
const modelSchema = z.strictObject({
  name: z.string().max(100).regex(NAME, 'must be lower-case letters and digits joined by single hyphens'),
  chain: z.string().min(1),
  withDistribution: z.boolean().optional(),
  maxBatch: z.int().min(1).max(4096).optional(),
  maxDelay: z.number().min(0).max(1000).optional(),
});

/** The limits of a server, with their defaults. */
export const limitsSchema = z.strictObject({
  /** Rows that one run of a model computes together, and the most that one request may have. */
  maxBatch: z.int().min(1).max(4096).default(256),
  /** Milliseconds that a request may wait for others to share its run; 0 takes those that are there already. */
  maxDelay: z.number().min(0).max(1000).default(0),
  /** Threads that compute one run, with the native engine. */
  threads: z.int().min(1).max(256).default(1),
  /** Requests that are being read, wait or run at a time; one more is answered 429. */
  queue: z.int().min(1).max(100_000).default(1024),
  /** Bytes of the bodies of those requests, together. */
  queueBytes: z
    .int()
    .min(1)
    .default(256 * 1024 * 1024),
  /** Bytes of one body; more is answered 413. */
  bodyLimit: z
    .int()
    .min(1)
    .default(8 * 1024 * 1024),
  /** Seconds from the first byte of a request to its answer. */
  timeout: z.number().min(0.01).max(3600).default(30),
  /** Seconds that a stopping server waits for requests that are under way. */
  grace: z.number().min(0).max(3600).default(10),
  /** Chains kept open that requests have named, beside the models of the configuration. */
  models: z.int().min(1).max(1000).default(16),
  /** Connections at a time; a further one is closed at once. */
  connections: z.int().min(1).max(65_535).default(1024),
});
export type Limits = z.infer<typeof limitsSchema>;

export const configSchema = z
  .strictObject({
    models: z.array(modelSchema).default([]),
    /** Whether a request may name any chain of what is installed. */
    compose: z.boolean().default(true),
    /** Whether chains that requests name, and models that do not say, have the output `distribution`. */
    withDistribution: z.boolean().default(false),
    host: z.string().min(1).default('127.0.0.1'),
    port: z.int().min(0).max(65_535).default(8000),
    /** The bearer token that requests must carry; undefined asks for none. */
    token: z.string().min(1).optional(),
    limits: limitsSchema.prefault({}),
  })
  .superRefine(({ models, compose }, context) => {
    const names = models.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    const issue = (message: string) => context.addIssue({ code: 'custom', path: ['models'], message });
    if (twice !== undefined) issue(`“${twice}” is there twice`);
    if (!compose && models.length === 0) issue('must not be empty where “compose” is false');
  });
export type Config = z.infer<typeof configSchema>;
export type ModelConfig = Config['models'][number];
/** The same before defaults are filled in. */
export type ConfigInput = z.input<typeof configSchema>;

/** Read a configuration file; what is given beside it wins. Errors: SERVE_CONFIG, with the fields in its reason. */
export function readConfig(file: string | undefined, given: ConfigInput = {}): Config {
  const told = file === undefined ? {} : objectOf(file);
  const limits = { ...(told.limits as object | undefined), ...given.limits };
  const result = configSchema.safeParse({ ...told, ...given, limits });
  if (result.success) return result.data;
  const reason = result.error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`)
    .join('; ');
  return fail('SERVE_CONFIG', { where: file ?? 'the options of the server', reason });
}

function objectOf(file: string): Record<string, unknown> {
  try {
    const told = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof told === 'object' && told !== null && !Array.isArray(told)) return told;
  } catch (cause) {
    return fail('SERVE_CONFIG', { where: file, reason: reasonOf(cause), cause });
  }
  return fail('SERVE_CONFIG', { where: file, reason: 'the file holds no JSON object' });
}

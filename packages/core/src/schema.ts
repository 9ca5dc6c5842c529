/** Schemas that manifests and category releases share, and the wording of what does not follow them. */
import { valid, validRange } from 'semver';
import { z } from 'zod';
import { type FileRef, pathProblem } from './files.js';

/** A name that can stand in a chain: lower-case words and numbers joined by hyphens. */
export const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
export const nameSchema = z
  .string()
  .max(100)
  .regex(NAME, 'must be lower-case letters and digits joined by single hyphens');

export const textSchema = z.string().min(1).max(10_000);
export const sizeSchema = z.int().min(1).max(65_536);
export const versionSchema = z.string().refine((text) => valid(text) === text, 'must be a semantic version');
export const rangeSchema = z
  .string()
  .refine((text) => text.trim() !== '' && validRange(text) !== null, 'must be a range of semantic versions');
export const digestSchema = z
  .string()
  .regex(/^sha256-[0-9a-f]{64}$/, 'must be “sha256-” and 64 lower-case hexadecimal digits');

/** A path that stays inside its package. */
export const pathSchema = z.string().superRefine((path, context) => {
  const problem = pathProblem(path);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

export const fileSchema = z.strictObject({
  path: pathSchema,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
  bytes: z.int().min(1),
}) satisfies z.ZodType<FileRef>;

/** Put schema errors in one line: the path of each field inside the JSON document, and what is wrong there. */
export function describeIssues(error: z.ZodError, root: string): string {
  const shown = 3;
  const lines = error.issues
    .slice(0, shown)
    .map(
      ({ path, message }) =>
        `${fieldPath(root, path)}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`,
    );
  const more = error.issues.length - lines.length;
  return lines.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

function fieldPath(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, root);
}

/** Refuse a list that has an entry twice. */
export function distinct(values: readonly unknown[], context: z.RefinementCtx, path: PropertyKey[]): void {
  const seen = new Set<unknown>();
  for (const [index, value] of values.entries()) {
    if (seen.has(value)) {
      context.addIssue({
        code: 'custom',
        path: [...path, index],
        message: `“${String(value)}” is there twice`,
      });
    }
    seen.add(value);
  }
}

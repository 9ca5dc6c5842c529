/** The packages of the user's project, found as its own imports would find them. Runs no code of theirs. */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, KEYWORD, reasonOf } from '@deepfunctor/core';

/** A package whose package.json was read. */
export interface Package {
  /** Its npm name; the folder where it has none. */
  name: string;
  version: string | undefined;
  directory: string;
  json: unknown;
}

/** The package.json nearest to a folder, upwards; undefined if there is none. */
export function findProject(cwd: string): string | undefined {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) return undefined;
  }
}

/**
 * Names of the packages that a project depends on, sorted; `required` are those that must be there.
 * Errors: PLUGIN_UNRESOLVED, where the project's own package.json cannot be read.
 */
export function dependenciesOf(project: string): { name: string; required: boolean }[] {
  const json = readJson(project) as Record<string, unknown> | null;
  const names = (field: string) => {
    const entries = json?.[field];
    return typeof entries === 'object' && entries !== null ? Object.keys(entries) : [];
  };
  const optional = names('optionalDependencies');
  const required = new Set(names('dependencies').filter((name) => !optional.includes(name)));
  const all = new Set([...required, ...names('devDependencies'), ...optional]);
  return [...all].sort().map((name) => ({ name, required: required.has(name) }));
}

/** Whether a reference is a folder (a path or a file URL) rather than the name of a package. */
export function isFolder(reference: string): boolean {
  return /^(\.\.?([/\\]|$)|file:)/.test(reference) || isAbsolute(reference);
}

/** The package in a folder. Errors: PLUGIN_UNRESOLVED. */
export function packageIn(reference: string, cwd: string): Package {
  const directory = reference.startsWith('file:') ? fileURLToPath(reference) : resolve(cwd, reference);
  return read(join(directory, 'package.json'));
}

/** The package that a project's imports of a name lead to. Errors: PLUGIN_UNRESOLVED. */
export function packageNamed(name: string, project: string): Package {
  const find = resolverOf(project);
  const { paths } = find;
  try {
    return read(find(`${name}/package.json`));
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED')
      return unresolved(name, project, cause);
  }
  // The package hides its package.json. It may be a plugin by mistake, so it is looked for where imports look, and then
  // (in archives of Plug'n'Play) through its entry.
  for (const folder of paths(name) ?? []) {
    const file = join(folder, name, 'package.json');
    if (existsSync(file)) return read(realpathSync(file));
  }
  try {
    for (let folder = dirname(find(name)); folder !== dirname(folder); folder = dirname(folder)) {
      const file = join(folder, 'package.json');
      if (!existsSync(file)) continue;
      const found = read(file);
      if (found.name === name) return found;
    }
    return unresolved(name, project, 'it does not export its package.json');
  } catch (cause) {
    return unresolved(name, project, cause);
  }
}

const resolvers = new Map<string, NodeJS.RequireResolve>();

function resolverOf(project: string): NodeJS.RequireResolve {
  const found = resolvers.get(project) ?? createRequire(project).resolve;
  resolvers.set(project, found);
  return found;
}

/** Whether a package says that it is a plugin. */
export function isPlugin({ json }: Package): boolean {
  if (typeof json !== 'object' || json === null) return false;
  const { keywords } = json as { keywords?: unknown };
  return 'deepfunctor' in json || (Array.isArray(keywords) && keywords.includes(KEYWORD));
}

function read(file: string): Package {
  const json = readJson(file);
  const { name, version } = (json ?? {}) as { name?: unknown; version?: unknown };
  const directory = dirname(file);
  return {
    name: typeof name === 'string' ? name : directory,
    version: typeof version === 'string' ? version : undefined,
    directory,
    json,
  };
}

function readJson(file: string): unknown {
  try {
    if (!statSync(file).isFile()) throw new Error('it is no file');
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    return unresolved(file, file, cause);
  }
}

function unresolved(name: string, where: string, cause: unknown): never {
  const first = reasonOf(cause).split('\n')[0]!;
  return fail('PLUGIN_UNRESOLVED', { where, reason: name === where ? first : `${name}: ${first}`, cause });
}

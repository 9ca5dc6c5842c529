/** What a new plugin is to be: what was said with flags, and what follows from it. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Category, fail, NAME } from '@deepfunctor/core';

/** What a person says; all of it may be left out. */
export interface Flags {
  kind?: 'functor' | 'morphism';
  name?: string;
  /** Functors: the form of a value. */
  codec?: 'symbols' | 'bits' | 'image';
  /** Functors: a CSV file of value and text, or for pictures a folder of PNG files. */
  examples?: string;
  /** Morphisms: how many objects it takes. */
  arity?: number;
  /** Morphisms: an expression of a, b, …, or a CSV file. */
  table?: string;
  dir?: string;
  /** Take the default of whatever is not said. */
  yes?: boolean;
}

interface Both {
  name: string;
  dir: string;
}

export interface FunctorAnswers extends Both {
  kind: 'functor';
  codec: NonNullable<Flags['codec']>;
  /** Undefined: the package begins with examples to be replaced. */
  examples: string | undefined;
}

export interface MorphismAnswers extends Both {
  kind: 'morphism';
  arity: number;
  table: string;
}

export type Answers = FunctorAnswers | MorphismAnswers;

/** The flags with every gap filled by its default. Errors: USAGE, INPUT_MISSING, OUTPUT_EXISTS. */
export function answersOf({ kind = 'functor', name = 'mine', ...flags }: Flags): Answers {
  const dir = flags.dir ?? `${kind}-${name}`;
  const both = { name, dir };
  refuse('--name', nameProblem(name));
  refuse('--dir', packageNameProblem(dir));
  if (isTaken(dir)) fail('OUTPUT_EXISTS', { where: dir });
  if (kind === 'morphism') {
    refuse('--codec', flags.codec === undefined ? undefined : 'a morphism has no codec');
    refuse('--examples', flags.examples === undefined ? undefined : 'a morphism is learned from its --table');
    const { arity = 1, table = defaultTable(arity) } = flags;
    if (isCsv(table)) mustBe(table, 'file');
    return { ...both, kind, arity, table };
  }
  refuse('--table', flags.table === undefined ? undefined : 'a functor is learned from its --examples');
  refuse('--arity', flags.arity === undefined ? undefined : 'a functor has no arity');
  const { codec = 'symbols', examples } = flags;
  if (codec === 'image' && examples === undefined)
    refuse('--codec image', 'pictures cannot be made up: name a folder of PNG files with --examples');
  if (examples !== undefined) mustBe(examples, sourceKind(codec));
  return { ...both, kind, codec, examples };
}

/** What is wrong with the name of a plugin; undefined where it is right. */
export function nameProblem(name: string): string | undefined {
  return NAME.test(name) ? undefined : `“${name}” is not lower-case letters and digits joined by hyphens`;
}

/** What is wrong with a folder whose name becomes that of the npm package. */
export function packageNameProblem(dir: string): string | undefined {
  const name = basename(resolve(dir));
  return /^[a-z0-9][a-z0-9._-]*$/.test(name) ? undefined : `“${name}” cannot be the name of an npm package`;
}

/** What a path of examples must lead to. */
export const sourceKind = (codec: NonNullable<Flags['codec']>) => (codec === 'image' ? 'pictures' : 'file');

/** What is wrong with a path that is to be learned from; undefined where it is right. */
export function sourceProblem(path: string, kind: 'file' | 'pictures'): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 'there is no such file or folder';
  if (kind === 'file') return stats.isFile() ? undefined : 'it is a folder, and a CSV file is needed';
  if (!stats.isDirectory()) return 'it is a file, and a folder of PNG files is needed';
  return picturesIn(path).length > 0 ? undefined : 'no PNG file is in it';
}

/** Whether something is in the way where a package is to be written; an empty folder is not. */
export function isTaken(dir: string): boolean {
  return existsSync(dir) && !(statSync(dir).isDirectory() && readdirSync(dir).length === 0);
}

/** A table that is total in any category: the largest of the objects. */
export function defaultTable(arity: number): string {
  const names = Array.from({ length: arity }, (_, i) => String.fromCharCode(97 + i));
  return arity === 1 ? 'a' : `max(${names.join(', ')})`;
}

export const isCsv = (table: string) => table.endsWith('.csv');

/** Texts to begin with, one for each label: letters, or numbers in Gray code, of which neighbours differ in one bit. */
export function starterTexts(codec: 'symbols' | 'bits', { labels }: Category): string[] {
  const width = Math.max(1, Math.ceil(Math.log2(labels.length)));
  const letters = Math.max(1, Math.ceil(Math.log(labels.length) / Math.log(26)));
  return labels.map((_, i) => {
    if (codec === 'bits') return (i ^ (i >> 1)).toString(2).padStart(width, '0');
    const places = Array.from({ length: letters }, (_, place) => Math.floor(i / 26 ** place) % 26).reverse();
    return String.fromCharCode(...places.map((letter) => 97 + letter));
  });
}

function refuse(where: string, reason: string | undefined): void {
  if (reason !== undefined) fail('USAGE', { where, reason, help: 'npm create deepfunctor@latest -- --help' });
}

function mustBe(path: string, kind: 'file' | 'pictures'): void {
  const reason = sourceProblem(path, kind);
  if (reason !== undefined) fail('INPUT_MISSING', { where: path, reason });
}

/** The files of an examples folder that are pictures, relative to it; a link to nowhere is one that cannot be read. */
export function picturesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(
      (path) =>
        /\.png$/i.test(path) && !statSync(join(folder, path), { throwIfNoEntry: false })?.isDirectory(),
    )
    .sort();
}

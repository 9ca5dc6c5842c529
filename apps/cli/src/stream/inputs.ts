/** What `--input` names: one thing, a folder, a pattern of files, or the standard input. */
import { readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { DeepFunctorError, fail, reasonOf } from '@deepfunctor/core';
import type { Chain, StreamForm } from '@deepfunctor/host';
import { glob } from 'tinyglobby';
import { isFolder, isMany } from '../many.js';
import { type Asked, askedByLines, askedByRecords } from './lines.js';

/** The inputs of one question, by their names; or an error in their place. */
export type Question = readonly StreamForm[] | DeepFunctorError;

/** All questions of a run. */
export interface Questions {
  /** Undefined where only the end of the standard input will tell. */
  total: number | undefined;
  /** What else lies in the folders that were given, and is no input. */
  leftOut: number;
  /** Whether the standard input gives any of them. */
  fromStandardInput: boolean;
  each(): AsyncGenerator<Question>;
}

/** Names from one `--input`. */
type Source = { kind: 'one'; name: string } | { kind: 'list'; names: string[] } | { kind: 'standard input' };

/**
 * The questions that a list of `--input` makes: as many as the chain takes belong together. What belongs together is
 * paired in order, a single one goes with each of the others, and `-` alone gives whole questions.
 * Errors: INPUT_COUNT, INPUT_NONE, INPUT_PAIRS, INPUT_MISSING, USAGE.
 */
export async function questionsOf(
  chain: Chain,
  given: readonly string[],
  { zeros }: { zeros: boolean },
): Promise<Questions> {
  const arity = chain.inputs.length;
  const whole = given.length === 1 && given[0] === '-';
  if (!whole && (given.length === 0 || given.length % arity !== 0))
    fail('INPUT_COUNT', { where: chain.text, expected: arity, given: given.length });
  if (given.filter((name) => name === '-').length > 1)
    fail('USAGE', {
      where: '--input -',
      reason: 'the standard input can be read only once',
      help: 'deepfunctor run --help: give - alone, with all inputs of a question on one line',
    });

  let leftOut = 0;
  const groups: Source[][] = [];
  for (let at = 0; !whole && at < given.length; at += arity) {
    const group: Source[] = [];
    for (const [input, name] of given.slice(at, at + arity).entries()) {
      const found = await sourceOf(name, chain.inputs[input]!.codec.kind === 'image');
      group.push(found.source);
      leftOut += found.leftOut;
    }
    groups.push(group);
  }
  const counts = groups.map((group) => countOf(group, given));

  const asked = async function* (): AsyncGenerator<Asked> {
    const read = zeros ? askedByRecords : askedByLines;
    if (whole) yield* read(process.stdin, arity);
    for (const group of groups) yield* paired(group, read);
  };
  return {
    total: whole || counts.includes(undefined) ? undefined : counts.reduce<number>((a, b) => a + b!, 0),
    leftOut,
    fromStandardInput: given.includes('-'),
    async *each() {
      for await (const names of asked())
        yield names instanceof DeepFunctorError ? names : formsOf(names, chain);
    },
  };
}

function formsOf(names: readonly string[], chain: Chain): StreamForm[] {
  return names.map((name, input) => (chain.inputs[input]!.codec.kind === 'image' ? { file: name } : name));
}

async function sourceOf(name: string, isPicture: boolean): Promise<{ source: Source; leftOut: number }> {
  if (name === '-') return { source: { kind: 'standard input' }, leftOut: 0 };
  if (!isMany(name, isPicture)) return { source: { kind: 'one', name }, leftOut: 0 };
  if (!isFolder(name)) {
    const found = await glob(name, { absolute: isAbsolute(name), expandDirectories: false });
    if (found.length === 0) fail('INPUT_NONE', { where: name, reason: 'no file matches the pattern' });
    return { source: { kind: 'list', names: found.sort() }, leftOut: 0 };
  }
  const all = entriesOf(name).filter((entry) => !entry.isDirectory());
  const pictures = all.filter((entry) => /\.png$/i.test(entry.name) && !entry.name.startsWith('.'));
  if (pictures.length === 0) fail('INPUT_NONE', { where: name, reason: 'the folder holds no PNG file' });
  // By code units, so that the order is the same everywhere.
  const names = pictures.map((entry) => join(name, entry.name)).sort();
  return { source: { kind: 'list', names }, leftOut: all.length - pictures.length };
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    return fail('INPUT_MISSING', { where: folder, reason: reasonOf(cause), cause });
  }
}

/** How many questions a group makes; undefined where only the standard input knows. */
function countOf(group: readonly Source[], given: readonly string[]): number | undefined {
  const counts = group.flatMap((source) => (source.kind === 'list' ? [source.names.length] : []));
  const [first] = counts;
  if (counts.some((count) => count !== first))
    fail('INPUT_PAIRS', { where: `--input ${given.join(' --input ')}`, counts: counts.join(', ') });
  if (group.some(({ kind }) => kind === 'standard input')) return undefined;
  return first ?? 1;
}

async function* paired(
  group: readonly Source[],
  read: (source: AsyncIterable<Uint8Array>, arity: number) => AsyncGenerator<Asked>,
): AsyncGenerator<Asked> {
  const list = group.find((source) => source.kind === 'list');
  if (!group.some(({ kind }) => kind === 'standard input')) {
    for (let at = 0; at < (list?.names.length ?? 1); at++) yield group.map((source) => nameAt(source, at));
    return;
  }
  let lines = 0;
  for await (const asked of read(process.stdin, 1)) {
    const at = lines++;
    if (at === list?.names.length) break;
    yield asked instanceof DeepFunctorError ? asked : group.map((source) => nameAt(source, at, asked[0]!));
  }
  if (list === undefined || lines === list.names.length) return;
  const told = lines > list.names.length ? 'more' : lines;
  fail('INPUT_PAIRS', { where: '--input -', counts: `${list.names.length} files, ${told} lines` });
}

function nameAt(source: Source, at: number, line = ''): string {
  return source.kind === 'one' ? source.name : source.kind === 'list' ? source.names[at]! : line;
}

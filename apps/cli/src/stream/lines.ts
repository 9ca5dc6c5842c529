/** What a line of standard input asks: a path or a text, several between tabs, or JSON. */
import { coded, DeepFunctorError } from '@deepfunctor/core';
import { RECORD_LIMIT, records } from './records.js';

/** The names of a question's inputs, or why the line holds none. */
export type Asked = readonly string[] | DeepFunctorError;

const NEWLINE = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** One question a line; lines without anything are passed over. */
export async function* askedByLines(source: AsyncIterable<Uint8Array>, arity: number): AsyncGenerator<Asked> {
  let number = 0;
  for await (const { bytes } of records(source, NEWLINE)) {
    const where = `line ${++number} of the standard input`;
    const text = textOf(bytes, where);
    if (text instanceof DeepFunctorError) yield text;
    else if (text.trim() !== '') yield questionOf(text.replace(/\r$/, ''), arity, where);
  }
}

/** Records that end with a zero byte, as `find -print0` gives them: each is one input, whatever it looks like. */
export async function* askedByRecords(
  source: AsyncIterable<Uint8Array>,
  arity: number,
): AsyncGenerator<Asked> {
  let number = 0;
  let names: string[] = [];
  let wrong: DeepFunctorError | undefined;
  let given = 0;
  for await (const { bytes } of records(source, 0)) {
    const text = textOf(bytes, `record ${++number} of the standard input`);
    if (text instanceof DeepFunctorError) wrong ??= text;
    else names.push(text);
    if (++given < arity) continue;
    yield wrong ?? names;
    names = [];
    wrong = undefined;
    given = 0;
  }
  if (given > 0)
    yield coded('INPUT_COUNT', { where: 'the end of the standard input', expected: arity, given });
}

function textOf(bytes: Buffer | undefined, where: string): string | DeepFunctorError {
  if (bytes === undefined) return unreadable(`it is longer than ${RECORD_LIMIT} bytes`, where);
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    return unreadable('it is not UTF-8', where, cause);
  }
}

function questionOf(line: string, arity: number, where: string): Asked {
  const names = /^[[{"]/.test(line) ? fromJson(line, where) : arity === 1 ? [line] : line.split('\t');
  if (names instanceof DeepFunctorError || names.length === arity) return names;
  return coded('INPUT_COUNT', { where, expected: arity, given: names.length });
}

function fromJson(line: string, where: string): Asked {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    return unreadable('it begins as JSON does, but is none', where, cause);
  }
  const held =
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as { input?: unknown }).input
      : value;
  const names = Array.isArray(held) ? held : [held];
  if (names.every((name) => typeof name === 'string')) return names;
  return unreadable('it holds no text and no list of texts as “input”', where);
}

function unreadable(reason: string, where: string, cause?: unknown): DeepFunctorError {
  return coded('INPUT_LINE', { where, reason, cause });
}

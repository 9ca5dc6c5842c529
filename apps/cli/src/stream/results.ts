/**
 * A file of results, one line of JSON for each question in their order, which a run that was stopped at any moment can
 * continue. Beside it lies a record of what makes them, `FILE.run.json`. A line counts when its end is there: what
 * follows the last end is the torn rest of a write, and is written anew.
 */
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { canonicalJson, coded, type DeepFunctorError, fail, reasonOf, writeWhole } from '@deepfunctor/core';
import { records } from './records.js';

/** What makes the results, by what it is called in messages. */
export type RunRecord = Readonly<Record<string, unknown>>;

/** A question, with what its inputs are called in a line. */
export interface Named<Q> {
  question: Q;
  inputs: readonly string[];
}

/** An open file of results, and what is left to be done. */
export interface Results<Q> {
  /** Lines that are there, and how many of them hold an error. */
  done: number;
  failed: number;
  /** The number of the first question of `rest`: the last multiple of `step` that is not beyond `done`. */
  from: number;
  rest: AsyncGenerator<Q>;
  /** Append whole lines. Errors: OUTPUT_UNWRITABLE, and then none of them is there. */
  append(lines: readonly string[]): void;
  /** Flush and close. */
  close(): void;
}

/**
 * Open the results for these questions: new, or as they are, if they were made by the same `record` for the same
 * inputs. Errors: OUTPUT_EXISTS, where there is no record beside them; RESULTS_MISMATCH; OUTPUT_UNWRITABLE; those of
 * the questions.
 */
export async function openResults<Q>(
  path: string,
  record: RunRecord,
  questions: AsyncIterator<Named<Q>>,
  step: number,
): Promise<Results<Q>> {
  const recordPath = `${path}.run.json`;
  const mismatch = (reason: string): DeepFunctorError =>
    coded('RESULTS_MISMATCH', { where: path, reason, record: recordPath });
  const begun = existsSync(path);
  if (begun) {
    if (!existsSync(recordPath)) fail('OUTPUT_EXISTS', { where: path });
    const reason = difference(readRecord(recordPath, mismatch), record);
    if (reason !== undefined) throw mismatch(reason);
  } else writeWhole(recordPath, `${JSON.stringify(record, null, 2)}\n`);

  let failed = 0;
  let done = 0;
  let size = 0;
  let replayed: Q[] = [];
  if (begun) {
    for await (const { bytes, length, ended } of records(createReadStream(path), 0x0a, Infinity)) {
      if (!ended) break;
      const line = parsed(bytes!);
      if (line?.index !== done) throw mismatch(`line ${done + 1} is no result of it`);
      const next = await questions.next();
      if (next.done === true) throw mismatch(`there are fewer inputs than results`);
      if (canonicalJson(line.inputs) !== canonicalJson(next.value.inputs))
        throw mismatch(
          `result ${done + 1} is of ${line.inputs?.join(', ')}, but the input there is ${next.value.inputs.join(', ')}`,
        );
      if (done % step === 0) replayed = [];
      replayed.push(next.value.question);
      if (line.error !== undefined) failed++;
      size += length;
      done++;
    }
    if (done % step === 0) replayed = [];
  }

  const file = unwritable(path, () => openSync(path, begun ? 'r+' : 'wx'));
  unwritable(path, () => ftruncateSync(file, size));
  return {
    done,
    failed,
    from: done - replayed.length,
    rest: rest(replayed, questions),
    append(lines) {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, size + at);
        size += bytes.length;
      } catch (cause) {
        ftruncateSync(file, size);
        fail('OUTPUT_UNWRITABLE', { where: path, reason: reasonOf(cause), cause });
      }
    },
    close() {
      fsyncSync(file);
      closeSync(file);
    },
  };
}

async function* rest<Q>(replayed: readonly Q[], questions: AsyncIterator<Named<Q>>): AsyncGenerator<Q> {
  yield* replayed;
  for (let next = await questions.next(); next.done !== true; next = await questions.next())
    yield next.value.question;
}

/** A line as far as it is looked at; undefined where it is no object. */
function parsed(bytes: Buffer): { index?: unknown; inputs?: readonly string[]; error?: unknown } | undefined {
  try {
    const value = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null && Array.isArray(value.inputs) ? value : undefined;
  } catch {
    return undefined;
  }
}

function readRecord(path: string, mismatch: (reason: string) => DeepFunctorError): RunRecord {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value !== 'object' || value === null) throw new Error('it is no object');
    return value;
  } catch (cause) {
    throw mismatch(`their record ${path} cannot be read: ${reasonOf(cause)}`);
  }
}

/** The first difference between two records, in words; undefined where there is none. */
function difference(before: unknown, now: unknown, name = ''): string | undefined {
  if (isObject(before) && isObject(now)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
      const found = difference(before[key], now[key], name === '' ? key : `${name}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const [was, is] = [before, now].map((value) => (value === undefined ? 'not there' : canonicalJson(value)));
  return was === is ? undefined : `${name} was ${was} and is ${is}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unwritable<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    return fail('OUTPUT_UNWRITABLE', { where: path, reason: reasonOf(cause), cause });
  }
}

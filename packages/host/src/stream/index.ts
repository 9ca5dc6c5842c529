/** Any number of questions through a chain: read in batches, decoded ahead, answered in their order. */
import { coded, DeepFunctorError } from '@deepfunctor/core';
import type { Answer, End } from '../chain.js';
import { stacked } from '../rows.js';
import type { StyleOptions } from '../style.js';
import { inBatches, readAhead } from './batches.js';
import { type DecodedItem, isFile, revived, type StreamForm } from './decode.js';
import { type Decoders, defaultThreads, openDecoders } from './decoders.js';

export type { FileForm, StreamForm } from './decode.js';

/** Rows of a batch, unless told otherwise. */
export const STREAM_BATCH = 64;
/** Batches that are read and decoded while another one is answered. */
const AHEAD = 2;

/** One input, or as many as the chain takes in an array; or an error in the place of a question that could not be made. */
export type StreamQuestion = StreamForm | readonly StreamForm[] | DeepFunctorError;

/** What became of a question. */
export type Streamed<Q extends StreamQuestion = StreamQuestion> =
  | { index: number; question: Q; answer: Answer; error?: undefined }
  | { index: number; question: Q; answer?: undefined; error: DeepFunctorError };

export interface StreamOptions extends StyleOptions {
  /** Number of the first question: it counts on from here, and draws its style as if those before had been there. Default 0. */
  from?: number | undefined;
  /** Rows that go through the chain together. Default `STREAM_BATCH`. */
  batch?: number | undefined;
  /** Threads that read and decode pictures; 0: none. Default: the cores beside this one, 1 to 4. */
  threads?: number | undefined;
  /** After so many milliseconds without a new question, those that wait are answered. Default: batches are filled. */
  wait?: number | undefined;
}

/** A chain as a stream needs it. */
interface Streaming {
  text: string;
  inputs: readonly End[];
  /** Tensors, one for each input, with a row for each question of these numbers → answers. */
  answer(tensors: readonly Float32Array[], numbers: readonly number[]): Promise<Answer[]>;
}

export async function* streamThrough<Q extends StreamQuestion>(
  chain: Streaming,
  questions: Iterable<Q> | AsyncIterable<Q>,
  { from = 0, batch = STREAM_BATCH, threads = defaultThreads(), wait }: StreamOptions,
): AsyncGenerator<Streamed<Q>> {
  const decoders = openDecoders(threads);
  async function* decoding() {
    // In an object, because a generator waits for a promise that it yields.
    for await (const { first, items } of inBatches(questions, { size: batch, from, wait })) {
      const read = decodeBatch(chain, items, first, decoders);
      read.catch(() => undefined);
      yield { first, items, read };
    }
  }
  try {
    for await (const { first, items, read } of readAhead(decoding(), AHEAD)) {
      const answers = await answerBatch(chain, await read, first);
      for (const [row, question] of items.entries()) {
        const found = answers[row]!;
        const index = first + row;
        if (found instanceof DeepFunctorError) yield { index, question, error: found };
        else yield { index, question, answer: found };
      }
    }
  } finally {
    await decoders.close();
  }
}

/** The rows of a question, one for each input; or why there are none. */
type Rows = Float32Array[] | DeepFunctorError;

async function decodeBatch(
  { text, inputs }: Streaming,
  questions: readonly StreamQuestion[],
  first: number,
  decoders: Decoders,
): Promise<Rows[]> {
  const asked = questions.map((question) => formsOf(question, inputs.length, text));
  const sound = asked.flatMap((forms, row) => (forms instanceof DeepFunctorError ? [] : [{ forms, row }]));
  const columns = await Promise.all(
    inputs.map(({ codec, functor }, input) =>
      decoders.decode(
        codec,
        sound.map(({ forms, row }) => {
          const form = forms[input]!;
          const number = `question ${first + row + 1}${inputs.length > 1 ? `, input ${input + 1}` : ''}`;
          return { form, functor, where: isFile(form) ? form.file : number };
        }),
      ),
    ),
  );
  const decoded: Rows[] = asked.map((forms) => (forms instanceof DeepFunctorError ? forms : []));
  for (const [at, { row }] of sound.entries()) decoded[row] = rowsOf(columns.map((column) => column[at]!));
  return decoded;
}

function formsOf(
  question: StreamQuestion,
  expected: number,
  where: string,
): readonly StreamForm[] | DeepFunctorError {
  if (question instanceof DeepFunctorError) return question;
  const forms = Array.isArray(question) ? (question as readonly StreamForm[]) : [question as StreamForm];
  return forms.length === expected ? forms : coded('INPUT_COUNT', { where, expected, given: forms.length });
}

function rowsOf(items: readonly DecodedItem[]): Rows {
  const rows: Float32Array[] = [];
  for (const item of items) {
    if ('error' in item) return revived(item.error);
    rows.push(item.row);
  }
  return rows;
}

async function answerBatch(
  chain: Streaming,
  decoded: readonly Rows[],
  first: number,
): Promise<(Answer | DeepFunctorError)[]> {
  const sound = decoded.flatMap((rows, row) => (rows instanceof DeepFunctorError ? [] : [{ rows, row }]));
  const answers: (Answer | DeepFunctorError | undefined)[] = decoded.map((rows) =>
    rows instanceof DeepFunctorError ? rows : undefined,
  );
  const found = await askTogether(
    chain,
    sound.map(({ rows }) => rows),
    sound.map(({ row }) => first + row),
  );
  for (const [at, { row }] of sound.entries()) answers[row] = found[at];
  return answers.map((answer) => answer!);
}

/** Where a batch fails by the values of a row, the others must not: they are asked one by one. */
async function askTogether(
  chain: Streaming,
  rows: readonly Float32Array[][],
  numbers: readonly number[],
): Promise<(Answer | DeepFunctorError)[]> {
  if (rows.length === 0) return [];
  const tensors = chain.inputs.map((_, input) => stacked(rows.map((row) => row[input]!)));
  try {
    return await chain.answer(tensors, numbers);
  } catch (error) {
    if (!(error instanceof DeepFunctorError && error.code === 'INPUT_TENSOR')) throw error;
    if (rows.length === 1) return [error];
    const alone: (Answer | DeepFunctorError)[] = [];
    for (const [at, row] of rows.entries()) alone.push(...(await askTogether(chain, [row], [numbers[at]!])));
    return alone;
  }
}

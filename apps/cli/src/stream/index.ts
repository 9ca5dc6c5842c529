/** `deepfunctor run` of many inputs: a line of JSON for each, to the standard output or to results that can be continued. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { coded, DeepFunctorError, fail } from '@deepfunctor/core';
import { type Chain, type Host, STREAM_BATCH, type Streamed } from '@deepfunctor/host';
import { SingleBar } from 'cli-progress';
import { onInterrupt } from '../interrupt.js';
import { isResults } from '../many.js';
import { type RunOptions, told } from '../run.js';
import { type Question, type Questions, questionsOf } from './inputs.js';
import { pictureName, preparePictures, writePicture } from './pictures.js';
import { type Named, openResults } from './results.js';
import { standardOutput } from './standard-output.js';

/** Lines typed by hand, or coming slowly, are answered after so many milliseconds. */
const WAIT = 100;

/** Where answers go. */
interface Sink {
  /** Questions that were answered by an earlier run, and those of them with an error. */
  done: number;
  failed: number;
  questions: AsyncIterable<Question>;
  from: number;
  /** Batches are filled, so that a continued run has the same ones. */
  wait: number | undefined;
  /** False where nobody reads any more. */
  take(result: Streamed<Question>): Promise<boolean>;
  /** Nothing more comes: what was taken is kept. */
  end(): Promise<void>;
  close(): void;
}

/** Run many inputs; gives the number of those that have no answer. */
export async function runMany(host: Host, chain: Chain, options: RunOptions): Promise<number> {
  const { input, out, json = false, seed, style, threads } = options;
  if (out !== undefined && extname(out).toLowerCase() === '.png')
    fail('USAGE', {
      where: `--out ${out}`,
      reason: 'many answers do not go into one picture',
      help: 'deepfunctor run --help: give a folder, or FILE.ndjson',
    });
  const questions = await questionsOf(chain, input, { zeros: options.null ?? false });
  if (questions.leftOut > 0) console.error(`${questions.leftOut} other file(s) in the folder are left out.`);
  const sink = out === undefined ? toReader(questions) : await toFile(out, host, chain, questions, options);

  // A bar must not run through the lines of a terminal.
  const bar = out !== undefined || !process.stdout.isTTY ? progressBar(questions.total) : undefined;
  const interrupt = listenForInterrupt();
  const begun = performance.now();
  let { failed } = sink;
  let count = sink.done;
  const answers = chain.stream(sink.questions, { seed, style, threads, from: sink.from, wait: sink.wait });
  bar?.start(questions.total ?? 0, count, { failed });
  try {
    for (;;) {
      const next = await interrupt.or(answers.next());
      if (next === 'interrupted') {
        const resume = out === undefined ? 'with --out it can be continued' : 'it continues where it stopped';
        throw coded('INTERRUPTED', { where: `run, after ${count} inputs`, resume });
      }
      if (next.done === true) break;
      if (next.value.index < sink.done) continue;
      if (!(await sink.take(next.value))) return 0;
      count++;
      if (next.value.error !== undefined) failed++;
      bar?.update(count, { failed });
    }
    await sink.end();
  } catch (error) {
    // What was answered is kept; if that is what fails, the error tells it already.
    await sink.end().catch(() => undefined);
    throw error;
  } finally {
    bar?.stop();
    sink.close();
  }
  if (out !== undefined)
    tell({ chain: chain.text, out, inputs: count, failed, continued: sink.done }, begun, json);
  else if (failed > 0)
    console.error(`${failed} of ${count} inputs have no answer; their lines hold the errors.`);
  return failed;
}

function toReader(questions: Questions): Sink {
  const output = standardOutput();
  return {
    done: 0,
    failed: 0,
    questions: questions.each(),
    from: 0,
    wait: questions.fromStandardInput ? WAIT : undefined,
    take: (result) => output.write(lineOf(result, undefined)),
    end: async () => undefined,
    close: () => undefined,
  };
}

async function toFile(
  out: string,
  host: Host,
  chain: Chain,
  questions: Questions,
  { seed, style }: RunOptions,
): Promise<Sink> {
  const folder = isResults(out) ? undefined : out;
  if (folder !== undefined) preparePictures(folder);
  const { plugins, spaces } = chain.record;
  const record = {
    chain: chain.text,
    plugins: Object.fromEntries(plugins.map(({ name, ...plugin }) => [name, plugin])),
    spaces: Object.fromEntries(spaces.map(({ category, ...space }) => [category, space])),
    host: { version: hostVersion(), engine: await host.engine() },
    options: { seed: seed ?? null, style: style ?? null, batch: STREAM_BATCH },
  };
  const path = folder === undefined ? out : join(folder, 'index.ndjson');
  const results = await openResults(path, record, named(questions.each()), STREAM_BATCH);
  let waiting: Streamed<Question>[] = [];
  const keep = async () => {
    const lines = await Promise.all(
      waiting.map(async (result) => {
        const png = result.answer?.png;
        if (folder === undefined || png === undefined) return lineOf(result, undefined);
        const file = join(folder, pictureName(result.index, namesOf(result.question), chain.output.functor));
        await writePicture(file, png);
        return lineOf(result, file);
      }),
    );
    results.append(lines);
    waiting = [];
  };
  return {
    done: results.done,
    failed: results.failed,
    questions: results.rest,
    from: results.from,
    wait: undefined,
    async take(result) {
      waiting.push(result);
      if ((result.index + 1) % STREAM_BATCH === 0) await keep();
      return true;
    },
    end: keep,
    close: results.close,
  };
}

async function* named(questions: AsyncIterable<Question>): AsyncGenerator<Named<Question>> {
  for await (const question of questions) yield { question, inputs: namesOf(question) };
}

function namesOf(question: Question): string[] {
  if (question instanceof DeepFunctorError) return [];
  return question.map((form) => (typeof form === 'string' ? form : 'file' in form ? form.file : ''));
}

function lineOf({ index, question, answer, error }: Streamed<Question>, file: string | undefined): string {
  const inputs = namesOf(question);
  return JSON.stringify({
    index,
    ...(answer === undefined ? { inputs, error } : told(answer, inputs, file)),
  });
}

function hostVersion(): string {
  const path = createRequire(import.meta.url).resolve('@deepfunctor/host/package.json');
  return JSON.parse(readFileSync(path, 'utf8')).version;
}

/** On standard error, and only where that is a terminal. */
function progressBar(total: number | undefined): SingleBar {
  const format =
    total === undefined
      ? '{value} inputs, {failed} failed'
      : '{bar} {value}/{total} inputs, {failed} failed, {eta_formatted} left';
  return new SingleBar({ format, hideCursor: true });
}

/** The first interrupt lets what was answered be kept, a second one does not wait for it. */
function listenForInterrupt(): { or<T>(work: Promise<T>): Promise<T | 'interrupted'> } {
  let interrupted = false;
  let tell = () => {};
  onInterrupt(() => {
    onInterrupt(() => process.exit(130));
    interrupted = true;
    tell();
  });
  return {
    // No race against one promise for all: it would hold on to everything that ever ran against it.
    or: (work) =>
      new Promise((resolve, reject) => {
        tell = () => resolve('interrupted');
        if (interrupted) tell();
        work.then(resolve, reject);
      }),
  };
}

interface Summary {
  chain: string;
  out: string;
  inputs: number;
  failed: number;
  /** How many an earlier run had answered. */
  continued: number;
}

function tell(summary: Summary, begun: number, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(summary, null, 2));
    return;
  }
  const { out, inputs, failed, continued } = summary;
  const rate = (inputs - continued) / ((performance.now() - begun) / 1000);
  const before = continued > 0 ? `, ${continued} of them by an earlier run` : '';
  console.log(
    `${inputs} inputs, ${failed} without an answer${before}: ${out}  (${rate.toFixed(0)} a second)`,
  );
}

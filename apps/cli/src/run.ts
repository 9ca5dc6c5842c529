import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fail, reasonOf, writeWhole } from '@deepfunctor/core';
import { type Answer, type Chain, type Form, openHost, type Style } from '@deepfunctor/host';
import { tellBridges } from './bridges.js';
import { isMany, isResults } from './many.js';
import type { SheetItem } from './sheet.js';

export interface RunOptions {
  input: string[];
  out?: string;
  seed?: number;
  style?: Style;
  json?: boolean;
  /** Many inputs: those of the standard input end with a zero byte. */
  null?: boolean;
  /** Many inputs: how many threads decode pictures. */
  threads?: number;
}

/** `deepfunctor run`; gives the number of inputs that have no answer, where there are many. */
export async function run(text: string, options: RunOptions): Promise<number> {
  const { input, out, seed, style, json = false } = options;
  const host = await openHost();
  try {
    const chain = host.compose(text);
    tellBridges(chain);
    const arity = chain.inputs.length;
    if (asksMany(options, chain)) {
      const { runMany } = await import('./stream/index.js');
      return await runMany(host, chain, options);
    }
    if (input.length === 0 || input.length % arity !== 0)
      fail('INPUT_COUNT', { where: text, expected: arity, given: input.length });
    const questions = Array.from({ length: input.length / arity }, (_, i) =>
      input.slice(i * arity, (i + 1) * arity),
    );
    const forms = questions.map((names) => names.map((name, i) => formOf(name, chain, i)));
    const answers = await chain.runBatch(forms, { seed, style, where: input });
    const files = out === undefined ? [] : await keep(out, chain, questions, forms, answers);
    if (json) {
      console.log(
        JSON.stringify(
          {
            chain: chain.text,
            description: chain.description,
            bridges: chain.bridges,
            answers: answers.map((a, i) => told(a, questions[i]!, files[i])),
          },
          null,
          2,
        ),
      );
      return 0;
    }
    for (const [i, answer] of answers.entries()) {
      const asked = answers.length > 1 ? `${questions[i]!.join(', ')}: ` : '';
      const value = typeof answer.value === 'string' ? answer.value : answer.label;
      const where = files[i] ?? (answer.png ? 'a picture; keep it with --out' : undefined);
      console.log(`${asked}${value}${where === undefined ? '' : `  (${where})`}${doubt(answer)}`);
    }
    return 0;
  } finally {
    await host.close();
  }
}

/** Whether an input stands for many, or the answers go where many do. */
function asksMany({ input, out }: RunOptions, chain: Chain): boolean {
  const isPicture = (at: number) => chain.inputs[at % chain.inputs.length]!.codec.kind === 'image';
  return isResults(out) || input.some((name, at) => isMany(name, isPicture(at)));
}

/** What a question is given as: the bytes of a file for pictures, else the text itself. */
function formOf(name: string, chain: Chain, index: number): Form {
  if (chain.inputs[index]!.codec.kind !== 'image') return name;
  try {
    return readFileSync(name);
  } catch (cause) {
    return fail('INPUT_MISSING', { where: name, reason: reasonOf(cause), cause });
  }
}

/** Write the answers' pictures, and a contact sheet where there are several; gives the file of each answer. */
async function keep(
  out: string,
  chain: Chain,
  questions: string[][],
  forms: Form[][],
  answers: Answer[],
): Promise<(string | undefined)[]> {
  const single = extname(out).toLowerCase() === '.png';
  const isFolder = existsSync(out) && statSync(out).isDirectory();
  if (single && !isFolder) {
    if (answers.length > 1 || answers[0]!.png === undefined) {
      const reason =
        answers.length > 1
          ? 'several answers do not go into one picture'
          : 'the answer is a text, no picture';
      fail('USAGE', { where: `--out ${out}`, reason, help: 'deepfunctor run --help: give a folder' });
    }
    writeWhole(out, answers[0]!.png!);
    return [out];
  }
  const taken = new Set<string>();
  const files = answers.map((answer, i) => {
    if (!answer.png) return undefined;
    const stem = questions[i]!.map((name) => basename(name, extname(name)))
      .join('-')
      .replace(/[^\w.-]+/g, '_');
    let name = `${stem}-${chain.output.functor}`;
    for (let n = 2; taken.has(name); n++) name = `${stem}-${n}-${chain.output.functor}`;
    taken.add(name);
    const path = join(out, `${name}.png`);
    writeWhole(path, answer.png);
    return path;
  });
  const items = answers.map((answer, i) => itemOf(chain, questions[i]!, forms[i]!, answer));
  const { contactSheet } = await import('./sheet.js');
  writeWhole(join(out, 'contact-sheet.png'), contactSheet(items));
  return files;
}

/** A question with its answer, as a contact sheet shows it. */
export function itemOf(
  chain: Chain,
  names: readonly string[],
  forms: readonly Form[],
  answer: Answer,
): SheetItem {
  return {
    inputs: forms.map((form, i) => ({
      ...(typeof form === 'string' ? { text: names[i]! } : { png: form as Uint8Array }),
      distribution: answer.before[i]!,
    })),
    operation: chain.text,
    output: {
      ...(answer.png ? { png: answer.png } : { text: String(answer.value) }),
      distribution: answer.distribution,
    },
  };
}

/** An answer as JSON tells it. */
export function told(answer: Answer, inputs: string[], file: string | undefined) {
  const { value, png, raw, label, before, distribution, style } = answer;
  return {
    inputs,
    value: typeof value === 'string' ? value : label,
    label,
    ...(raw === undefined || raw === value ? {} : { raw }),
    ...(png === undefined
      ? {}
      : file === undefined
        ? { png: Buffer.from(png).toString('base64') }
        : { file }),
    ...(style === undefined ? {} : { style }),
    before,
    distribution,
  };
}

/** Tell an undecided answer. */
function doubt({ distribution }: Answer): string {
  const likely = [...distribution].sort((a, b) => b.p - a.p).filter(({ p }) => p >= 0.05);
  return likely.length < 2
    ? ''
    : `  undecided: ${likely.map(({ label, p }) => `${label} ${(100 * p).toFixed(0)} %`).join(', ')}`;
}

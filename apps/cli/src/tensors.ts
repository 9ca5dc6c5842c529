/**
 * `deepfunctor tensors`: the codecs as a filter, for programs in other languages that run an exported chain.
 * Lines of JSON in, lines of JSON out, in the same order; one row at a time, so a pipe's two ends keep step.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { DeepFunctorError, fail, reasonOf } from '@deepfunctor/core';
import { type Chain, encodeInput, type Form, openHost, rowShape } from '@deepfunctor/host';

/** A form is a text, or a PNG as base64; one for each input of the chain. */
interface Question {
  key: string;
  inputs: (string | { png: string })[];
}

/**
 * First line out: the inputs of the chain, their shapes without the batch axis, and the digests of what encodes them.
 * Then, for each line in, `{"key", "tensors"}` (float32, little-endian, as base64, one for each input) or
 * `{"key", "error"}`: a bad row does not stop the rest. Errors: those of a chain, USAGE (a line that is no row).
 */
export async function tensorsCommand(text: string): Promise<void> {
  const host = await openHost();
  const { stdin, stdout } = process;
  // Whoever read the answers has gone: there is nobody to tell.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const write = async (line: object) => {
    if (!stdout.write(`${JSON.stringify(line)}\n`)) await once(stdout, 'drain');
  };
  try {
    const chain = host.compose(text);
    const encoders = chain.inputs.map(({ functor }) => {
      const plugin = host.plugins.find(({ name }) => name === functor)!;
      return plugin.kind === 'functor' ? plugin.manifest.files.encode.sha256 : '';
    });
    await write({
      chain: chain.text,
      inputs: chain.inputs.map(({ functor, codec }, index) => ({
        functor,
        kind: codec.kind,
        shape: rowShape(codec),
        encode: encoders[index],
      })),
    });
    let line = 0;
    for await (const each of createInterface({ input: stdin })) {
      line++;
      if (each.trim() !== '') await write(answer(chain, questionOf(each, line)));
    }
  } finally {
    await host.close();
  }
}

function questionOf(line: string, number: number): Question {
  const where = `line ${number} of the standard input`;
  const help = 'deepfunctor tensors --help';
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch (cause) {
    fail('USAGE', { where, reason: reasonOf(cause), help, cause });
  }
  if (!isQuestion(row))
    fail('USAGE', { where, help, reason: 'a row is {"key": text, "inputs": [text or {"png": base64}, …]}' });
  return row;
}

function isQuestion(row: unknown): row is Question {
  const { key, inputs } = (row ?? {}) as Partial<Question>;
  const isForm = (form: unknown) =>
    typeof form === 'string' || typeof (form as { png?: unknown } | null)?.png === 'string';
  return typeof key === 'string' && Array.isArray(inputs) && inputs.every(isForm);
}

function answer({ text, inputs }: Chain, { key, inputs: forms }: Question): object {
  try {
    if (forms.length !== inputs.length)
      fail('INPUT_COUNT', { where: key, expected: inputs.length, given: forms.length });
    const tensors = inputs.map(({ functor, codec }, index) => {
      const where = inputs.length === 1 ? key : `${key}, input ${index + 1} of “${text}”`;
      return littleEndian(encodeInput(codec, formOf(forms[index]!), { functor, where })).toString('base64');
    });
    return { key, tensors };
  } catch (error) {
    if (error instanceof DeepFunctorError) return { key, error };
    throw error;
  }
}

function formOf(form: Question['inputs'][number]): Form {
  return typeof form === 'string' ? form : Buffer.from(form.png, 'base64');
}

function littleEndian(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, 4 * index);
  return bytes;
}

/** A chain as a model repository of Triton, which KServe's Triton runtime serves too. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DeepFunctorError, fail, reasonOf, writeWhole } from '@deepfunctor/core';
import type { OnnxFile } from '@deepfunctor/host';

export interface TritonModel {
  /** Of the folder, and of the model in requests. */
  name: string;
  /** The chain, for whoever reads the configuration. */
  chain: string;
  /** Rows that one run takes at most: 1 … 2³¹ − 1. */
  maxBatch: number;
}

/** Triton waits so long for more rows before it runs what it has. */
const QUEUE_DELAY_MICROSECONDS = 100;
const NAME_MAX = 128;
const BATCH_MAX = 2 ** 31 - 1;

/** What a chain is called where nobody names it: its names, joined by dashes. */
export function tritonName(chain: string): string {
  return chain.match(/[\w.]+/g)!.join('-');
}

/** A wrong name, size or place is told before any work is done. Errors: USAGE, OUTPUT_EXISTS. */
export function checkTriton(directory: string, { name, maxBatch }: Omit<TritonModel, 'chain'>): void {
  const refuse = (where: string, reason: string) =>
    fail('USAGE', { where, reason, help: 'deepfunctor export --help' });
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name))
    refuse(
      `--name ${name}`,
      'the name of a model begins with a letter or digit and has only letters, digits, “_”, “.” and “-”',
    );
  if (name.length > NAME_MAX)
    refuse(
      `--name ${name.slice(0, 40)}…`,
      `the name of a model has at most ${NAME_MAX} characters, and this one ${name.length}: give a shorter one with --name`,
    );
  if (maxBatch > BATCH_MAX) refuse(`--max-batch ${maxBatch}`, `a batch has at most ${BATCH_MAX} rows`);
  if (existsSync(join(directory, name))) fail('OUTPUT_EXISTS', { where: join(directory, name) });
}

/**
 * Write `directory`/NAME with its configuration and version 1 of the model: all of it or nothing.
 * A server that watches the folder never sees a part of it under its name.
 * Errors: OUTPUT_EXISTS, OUTPUT_UNWRITABLE.
 */
export function writeTriton(directory: string, model: TritonModel, file: OnnxFile): string {
  const place = join(directory, model.name);
  const staged = join(directory, `.${model.name}.${randomUUID()}.tmp`);
  const unwritable = (cause: unknown): never => {
    const reason = reasonOf(cause instanceof DeepFunctorError ? cause.cause : cause);
    return fail('OUTPUT_UNWRITABLE', { where: place, reason, cause });
  };
  try {
    mkdirSync(directory, { recursive: true });
  } catch (cause) {
    unwritable(cause);
  }
  try {
    writeWhole(join(staged, '1', 'model.onnx'), file.bytes);
    writeWhole(join(staged, 'config.pbtxt'), tritonConfig(model, file));
    renameSync(staged, place);
    return place;
  } catch (cause) {
    rmSync(staged, { recursive: true, force: true });
    // A folder is not renamed over one that holds anything: somebody was faster.
    if (existsSync(place)) fail('OUTPUT_EXISTS', { where: place, cause });
    return unwritable(cause);
  }
}

/** The configuration as text of the message `inference.ModelConfig`. */
export function tritonConfig({ name, chain, maxBatch }: TritonModel, { inputs, outputs }: OnnxFile): string {
  return `# ${chain}
name: "${name}"
platform: "onnxruntime_onnx"
max_batch_size: ${maxBatch}
${inputs.map((port) => portText('input', port)).join('\n')}
${outputs.map((port) => portText('output', port)).join('\n')}
version_policy { latest { num_versions: 1 } }
instance_group [ { kind: KIND_CPU count: 1 } ]
dynamic_batching { max_queue_delay_microseconds: ${QUEUE_DELAY_MICROSECONDS} }
`;
}

/** Where a model takes batches, Triton's dims are those of a row: the first axis, which is the dynamic one, is left out. */
function portText(kind: 'input' | 'output', { name, shape }: OnnxFile['inputs'][number]): string {
  const dims = shape.slice(1).map((side) => side ?? -1);
  return `${kind} [ { name: "${name}" data_type: TYPE_FP32 dims: [ ${dims.join(', ')} ] } ]`;
}

import { existsSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { fail, sha256, writeWhole } from '@deepfunctor/core';
import { type OnnxFile, openHost } from '@deepfunctor/host';
import { tellBridges } from './bridges.js';
import { checkTriton, tritonName, writeTriton } from './triton.js';

export interface ExportOptions {
  /** A file for the chain … */
  out?: string;
  /** … or a folder of models, with a name in it and the rows that a run takes at most. */
  triton?: string;
  name?: string;
  maxBatch?: number;
  withDistribution?: boolean;
  json?: boolean;
}

type Port = OnnxFile['inputs'][number];

const MAX_BATCH = 256;

/** `deepfunctor export`. */
export async function exportCommand(
  text: string,
  { withDistribution = false, json = false, ...options }: ExportOptions,
): Promise<void> {
  const { out, triton, name, maxBatch } = options;
  if ((out === undefined) === (triton === undefined)) refuse(text, 'give either --out or --triton');
  if (out !== undefined) {
    if (name !== undefined || maxBatch !== undefined)
      refuse(`--out ${out}`, '--name and --max-batch belong to --triton');
    checkPlace(out);
  }
  const host = await openHost();
  try {
    const chain = host.compose(text);
    tellBridges(chain);
    const model = {
      name: name ?? tritonName(chain.text),
      chain: chain.text,
      maxBatch: maxBatch ?? MAX_BATCH,
    };
    if (triton !== undefined) checkTriton(triton, model);
    const file = await chain.toOnnx({ distribution: withDistribution });
    const { bytes, inputs, outputs } = file;
    const place = triton === undefined ? out! : writeTriton(triton, model, file);
    if (triton === undefined) writeWhole(place, bytes);
    if (json) {
      const told = {
        chain: chain.text,
        description: chain.description,
        bridges: chain.bridges,
        ...(triton === undefined
          ? { file: place }
          : { model: model.name, folder: place, maxBatch: model.maxBatch }),
        bytes: bytes.length,
        sha256: sha256(bytes),
        inputs,
        outputs,
      };
      console.log(JSON.stringify(told, null, 2));
      return;
    }
    console.log(`${place}  (${chain.text}, ${(bytes.length / 1e6).toFixed(1)} MB)`);
    for (const port of inputs) console.log(`  in   ${shown(port)}`);
    for (const port of outputs) console.log(`  out  ${shown(port)}`);
  } finally {
    await host.close();
  }
}

/** A wrong place is told before any work is done. */
function checkPlace(out: string): void {
  const where = `--out ${out}`;
  if (existsSync(out) && statSync(out).isDirectory())
    refuse(where, 'this is a folder, but a chain becomes one file', ': give FILE.onnx');
  if (extname(out).toLowerCase() !== '.onnx')
    refuse(where, 'the file of a model ends with .onnx', ': give FILE.onnx');
}

function refuse(where: string, reason: string, hint = ''): never {
  return fail('USAGE', { where, reason, help: `deepfunctor export --help${hint}` });
}

function shown({ name, shape }: Port): string {
  return `${name} [${shape.map((side) => side ?? 'n').join(', ')}]`;
}

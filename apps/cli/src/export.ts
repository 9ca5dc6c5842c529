import { existsSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { fail, sha256, writeWhole } from '@deepfunctor/core';
import { type OnnxFile, openHost } from '@deepfunctor/host';
import { tellBridges } from './bridges.js';

export interface ExportOptions {
  out: string;
  withDistribution?: boolean;
  json?: boolean;
}

type Port = OnnxFile['inputs'][number];

/** `deepfunctor export`. */
export async function exportCommand(
  text: string,
  { out, withDistribution = false, json = false }: ExportOptions,
): Promise<void> {
  checkPlace(out);
  const host = await openHost();
  try {
    const chain = host.compose(text);
    tellBridges(chain);
    const { bytes, inputs, outputs } = await chain.toOnnx({ distribution: withDistribution });
    writeWhole(out, bytes);
    if (json) {
      const told = {
        chain: chain.text,
        description: chain.description,
        bridges: chain.bridges,
        file: out,
        bytes: bytes.length,
        sha256: sha256(bytes),
        inputs,
        outputs,
      };
      console.log(JSON.stringify(told, null, 2));
      return;
    }
    console.log(`${out}  (${chain.text}, ${(bytes.length / 1e6).toFixed(1)} MB)`);
    for (const port of inputs) console.log(`  in   ${shown(port)}`);
    for (const port of outputs) console.log(`  out  ${shown(port)}`);
  } finally {
    await host.close();
  }
}

/** A wrong place is told before any work is done. */
function checkPlace(out: string): void {
  const refuse = (reason: string) =>
    fail('USAGE', { where: `--out ${out}`, reason, help: 'deepfunctor export --help: give FILE.onnx' });
  if (existsSync(out) && statSync(out).isDirectory())
    refuse('this is a folder, but a chain becomes one file');
  if (extname(out).toLowerCase() !== '.onnx') refuse('the file of a model ends with .onnx');
}

function shown({ name, shape }: Port): string {
  return `${name} [${shape.map((side) => side ?? 'n').join(', ')}]`;
}

// What several benchmarks open: the repository's plugins, the graph that the host runs, and bare sessions.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { plan } from '../../../packages/host/dist/compose.js';
import { parseChain } from '../../../packages/host/dist/expression.js';
import { answering, fusedModel } from '../../../packages/host/dist/fused.js';
import { openHost, rowShape, uniforms } from '../../../packages/host/dist/index.js';
import {
  decodeFile,
  encodeFile,
  morphismFile,
  readModelFile,
} from '../../../packages/host/dist/model-files.js';
import { writeModel } from '../../../packages/onnx/dist/index.js';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
/** The chain of the figures, and the one whose own work is least. */
export const CHAIN = 'digits -> add-one -> roman';
export const SMALLEST = 'binary -> add-one -> roman';

export const hostOf = (options = {}) => openHost({ cwd: root, ...options });

/** onnxruntime for Node, as anybody would use it. */
export const runtime = createRequire(`${root}packages/host/package.json`)('onnxruntime-node');

/** A session with the options that the host gives. */
export function session(bytes) {
  const options = {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  };
  return runtime.InferenceSession.create(bytes, options);
}

export function planned(host, text) {
  return plan(parseChain(text), ({ name }) => host.plugins.find((each) => each.name === name), host);
}

/** The bytes of the graph that the host itself runs for a chain: with all that it tells beside the output. */
export function graphOfHost(host, text) {
  const planOf = planned(host, text);
  return writeModel(fusedModel(planOf, answering(planOf, undefined), (file) => readModelFile(file).model));
}

/** The files of a chain of single objects, in their order. */
export function filesOf(host, text) {
  const { inputs, result, output } = planned(host, text);
  const morphisms = [];
  for (let at = result; at.kind === 'apply'; at = at.sources[0]) morphisms.unshift(at.morphism);
  const files = [encodeFile(inputs[0]), ...morphisms.map(morphismFile), decodeFile(output)];
  return files.map(({ where }) => ({ where, bytes: readFileSync(where) }));
}

/** Rows of numbers between 0 and 1 for a chain's first input, with their shape. */
export function rowsFor(chain, rows, seed = 7) {
  const shape = rowShape(chain.inputs[0].codec);
  const uniform = uniforms(seed);
  const values = Float32Array.from({ length: rows * shape.reduce((a, b) => a * b, 1) }, uniform);
  return { values, dims: [rows, ...shape] };
}

/** A chain of so many morphisms, the two by turns. */
export function deep(from, count, to, [even, odd] = ['add-one', 'times-two']) {
  return [from, ...Array.from({ length: count }, (_, i) => (i % 2 ? odd : even)), to].join(' -> ');
}

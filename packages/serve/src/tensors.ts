/**
 * Tensors in and out of messages. A tensor stands in the JSON as numbers, flat or nested, or behind it as bytes: float32,
 * little-endian as the engines' machines are, row-major, in the order of the message.
 */
import { fail } from '@deepfunctor/core';
import { rowSize, type Tensors } from '@deepfunctor/host';
import { DATATYPE, type InferHeader, invalid, type Port } from './protocol.js';

/** What is asked of a model. */
export interface Question {
  rows: number;
  inputs: Tensors;
  /** What to answer with, in this order. */
  outputs: { port: Port; binary: boolean }[];
}

/** The tensors of a model. */
export interface Ports {
  inputs: readonly Port[];
  outputs: readonly Port[];
}

type Given = InferHeader['inputs'][number];

/**
 * Read a request for a model. `rows` is the same for all inputs, 1 to `maxBatch`.
 * Errors: REQUEST_INVALID, INPUT_TENSOR, REQUEST_SIZE.
 */
export function readQuestion(header: InferHeader, binary: Buffer, ports: Ports, maxBatch: number): Question {
  const inputs: Record<string, Float32Array> = {};
  const rows = header.inputs[0]!.shape[0] ?? 0;
  let at = 0;
  for (const given of header.inputs) {
    const { name } = given;
    const port = ports.inputs.find((each) => each.name === name);
    if (port === undefined) return unknownPort('input', name, ports.inputs);
    if (Object.hasOwn(inputs, name)) return invalid(`the input “${name}”`, 'it is there twice');
    checkShape(given, port, rows, maxBatch);
    const size = given.parameters?.binary_data_size;
    if ((size === undefined) === (given.data === undefined))
      return invalid(`the input “${name}”`, 'it must have either “data” or “binary_data_size”');
    const wanted = rows * rowSize(port);
    inputs[name] =
      size === undefined
        ? fromNumbers(given.data!, given.shape, wanted, port)
        : fromBytes(binary.subarray(at, at + size), size, wanted, port, rows);
    at += size ?? 0;
  }
  const missing = ports.inputs.find(({ name }) => !Object.hasOwn(inputs, name));
  if (missing !== undefined) refuse(missing, rows, 'it is not there');
  if (at !== binary.length)
    invalid('the body', `${binary.length} bytes follow its JSON part, and its inputs have ${at}`);
  return { rows, inputs, outputs: wantedOutputs(header, ports.outputs) };
}

/** An answer: its JSON part, and the bytes that follow it. */
export interface Message {
  body: string | Buffer;
  /** Where the JSON part ends; undefined where nothing follows. */
  headerLength?: number;
}

/** Write the answer of a model. Errors: WEIGHTS_BROKEN, where a model gave what is no number. */
export function writeAnswer(
  about: { model_name: string; model_version: string; id?: string | undefined },
  { rows, outputs }: Pick<Question, 'rows' | 'outputs'>,
  values: Tensors,
): Message {
  const bytes: Buffer[] = [];
  const told = outputs.map(({ port, binary }) => {
    const { name, shape } = port;
    const found = values[name]!;
    if (!areFinite(found))
      fail('WEIGHTS_BROKEN', { where: about.model_name, reason: `its output “${name}” is not finite` });
    const tensor = { name, datatype: DATATYPE, shape: [rows, ...shape.slice(1)] };
    if (!binary) return { ...tensor, data: Array.from(found) };
    bytes.push(Buffer.from(found.buffer, found.byteOffset, found.byteLength));
    return { ...tensor, parameters: { binary_data_size: found.byteLength } };
  });
  const json = JSON.stringify({ ...about, outputs: told });
  if (bytes.length === 0) return { body: json };
  const header = Buffer.from(json);
  return { body: Buffer.concat([header, ...bytes]), headerLength: header.length };
}

function wantedOutputs({ outputs, parameters }: InferHeader, ports: readonly Port[]): Question['outputs'] {
  const all = parameters?.binary_data_output ?? false;
  if (outputs === undefined || outputs.length === 0) return ports.map((port) => ({ port, binary: all }));
  const names = new Set<string>();
  return outputs.map(({ name, parameters: { binary_data = all, classification } = {} }) => {
    const port = ports.find((each) => each.name === name);
    if (port === undefined) return unknownPort('output', name, ports);
    if (names.has(name)) return invalid(`the output “${name}”`, 'it is there twice');
    if (classification !== undefined)
      return invalid(`the output “${name}”`, 'the extension “classification” is not known here');
    names.add(name);
    return { port, binary: binary_data };
  });
}

function checkShape({ datatype, shape }: Given, port: Port, rows: number, maxBatch: number): void {
  if (datatype !== DATATYPE) refuse(port, rows, `its datatype is “${datatype}”, not “${DATATYPE}”`);
  const sides = port.shape.slice(1);
  if (shape.length !== port.shape.length || sides.some((side, index) => side !== shape[index + 1]))
    refuse(port, undefined, `its shape is [${shape.join(', ')}]`);
  if (shape[0] !== rows) refuse(port, rows, `it has ${shape[0]} rows, and the first input ${rows}`);
  if (rows < 1) refuse(port, undefined, 'it has no rows');
  if (rows > maxBatch)
    fail('REQUEST_SIZE', {
      where: `the input “${port.name}”`,
      reason: `it has ${rows} rows, and a request may have ${maxBatch}`,
      option: '--max-batch',
    });
}

function fromBytes(bytes: Buffer, told: number, wanted: number, port: Port, rows: number): Float32Array {
  if (told !== wanted * 4 || bytes.length !== told)
    refuse(port, rows, `it has ${bytes.length} of ${told} bytes, and its shape asks for ${wanted * 4}`);
  // A copy: a tensor must begin at a multiple of four, and the body can go.
  const values = new Float32Array(wanted);
  new Uint8Array(values.buffer).set(bytes);
  return finite(values, port, rows);
}

function fromNumbers(data: unknown[], shape: number[], wanted: number, port: Port): Float32Array {
  const values = new Float32Array(wanted);
  const reject = (reason: string) => refuse(port, shape[0], reason);
  let at = 0;
  const put = (value: unknown) => {
    if (typeof value !== 'number') reject('its data hold something that is no number');
    if (at === wanted) reject(`it has more than ${wanted} values`);
    values[at++] = value as number;
  };
  const walk = (list: unknown[], axis: number) => {
    if (list.length !== shape[axis]) reject(`its data are nested in another way than its shape`);
    for (const each of list) {
      if (axis === shape.length - 1) put(each);
      else if (Array.isArray(each)) walk(each, axis + 1);
      else reject('its data are nested in part only');
    }
  };
  if (Array.isArray(data[0])) walk(data, 0);
  else for (const each of data) put(each);
  if (at !== wanted) reject(`it has ${at} values`);
  return finite(values, port, shape[0]!);
}

function finite(values: Float32Array, port: Port, rows: number): Float32Array {
  if (!areFinite(values)) refuse(port, rows, 'a value is not finite');
  return values;
}

/** A loop, since it looks at every value of every request. */
function areFinite(values: Float32Array): boolean {
  for (let at = 0; at < values.length; at++) if (!Number.isFinite(values[at])) return false;
  return true;
}

function refuse({ name, shape }: Port, rows: number | undefined, reason: string): never {
  const wanted = `[${[rows ?? 'n', ...shape.slice(1)].join(', ')}]`;
  return fail('INPUT_TENSOR', { where: `the input “${name}”`, name, reason, shape: wanted });
}

function unknownPort(kind: string, name: string, ports: readonly Port[]): never {
  const names = ports.map((port) => `“${port.name}”`).join(', ');
  return invalid(`the ${kind} “${name}”`, `the model has no such ${kind}, but ${names}`);
}

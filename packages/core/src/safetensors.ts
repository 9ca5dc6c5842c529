/**
 * Safetensors, the file format of the reference sample: an 8-byte little-endian length, a JSON header of that length,
 * then the tensors' bytes without gaps. Source: https://huggingface.co/docs/safetensors, section Format.
 */
import { fail, reasonOf } from './errors.js';

/** A dense row-major array; `data.length` is the product of `shape`. */
export interface Tensor {
  data: Float32Array | Int32Array | Uint8Array;
  shape: readonly number[];
}

/** The content of a safetensors file. */
export interface Safetensors {
  tensors: Record<string, Tensor>;
  metadata: Record<string, string>;
}

const TYPES = { F32: Float32Array, I32: Int32Array, U8: Uint8Array } as const;
const METADATA = '__metadata__';

/** Read tensors of types F32, I32 and U8; the arrays are copies. `where` names the source in errors: TENSORS_BROKEN. */
export function readSafetensors(bytes: Uint8Array, where: string): Safetensors {
  const refuse = (reason: string, cause?: unknown): never => fail('TENSORS_BROKEN', { where, reason, cause });
  if (bytes.length < 8) refuse('shorter than its 8-byte length field');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > bytes.length - 8) refuse('cut short inside its header');
  const header = parseHeader(bytes.subarray(8, 8 + length), refuse);
  const body = bytes.subarray(8 + length);

  const tensors: Record<string, Tensor> = Object.create(null);
  const spans: [number, number][] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) continue;
    const { type, shape, span } = parseEntry(name, entry, refuse);
    const [begin, end] = span;
    const count = shape.reduce((product, side) => product * side, 1);
    const expected = count * TYPES[type].BYTES_PER_ELEMENT;
    if (end > body.length || end - begin !== expected) {
      refuse(`the bytes of “${name}” do not fit its shape or the file`);
    }
    tensors[name] = { data: new TYPES[type](new Uint8Array(body.subarray(begin, end)).buffer), shape };
    spans.push(span);
  }
  let covered = 0;
  for (const [begin, end] of spans.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (begin !== covered) refuse('its tensors overlap or leave a gap');
    covered = end;
  }
  if (covered !== body.length) refuse('it has bytes that belong to no tensor');
  return { tensors, metadata: parseMetadata(header[METADATA], refuse) };
}

/**
 * Write tensors. The bytes depend on the content alone: tensors are sorted by element size (so that all are aligned)
 * and then by name, metadata by name. Errors: TENSORS_BROKEN for a shape that does not fit its data.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const order = Object.entries(tensors).sort(
    ([a, x], [b, y]) => y.data.BYTES_PER_ELEMENT - x.data.BYTES_PER_ELEMENT || compare(a, b),
  );
  const header: Record<string, unknown> = Object.create(null);
  const names = Object.keys(metadata).sort(compare);
  if (names.length > 0) header[METADATA] = Object.fromEntries(names.map((name) => [name, metadata[name]]));
  let offset = 0;
  for (const [name, { data, shape }] of order) {
    const count = shape.reduce((product, side) => product * side, 1);
    if (count !== data.length || name === METADATA) {
      fail('TENSORS_BROKEN', { where: name, reason: `${data.length} values cannot be stored as [${shape}]` });
    }
    header[name] = { dtype: typeOf(data), shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = JSON.stringify(header);
  const utf8 = new TextEncoder().encode(text);
  const length = Math.ceil(utf8.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + offset).fill(0x20, 8 + utf8.length, 8 + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(utf8, 8);
  offset = 8 + length;
  for (const [, { data }] of order) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

type Refuse = (reason: string, cause?: unknown) => never;

function parseHeader(utf8: Uint8Array, refuse: Refuse): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(utf8));
  } catch (cause) {
    return refuse(`its header is not JSON (${reasonOf(cause)})`, cause);
  }
  return isObject(header) ? header : refuse('its header is not a JSON object');
}

function parseEntry(name: string, entry: unknown, refuse: Refuse) {
  if (!isObject(entry)) return refuse(`the entry of “${name}” is not an object`);
  const { dtype, shape, data_offsets: span } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(TYPES, dtype)) {
    return refuse(
      `“${name}” has the type ${JSON.stringify(dtype)}; read are ${Object.keys(TYPES).join(', ')}`,
    );
  }
  if (!isSizes(shape)) return refuse(`the shape of “${name}” is not a list of sizes`);
  if (!isSizes(span) || span.length !== 2 || span[0]! > span[1]!) {
    return refuse(`the offsets of “${name}” are not a span`);
  }
  return { type: dtype as keyof typeof TYPES, shape, span: span as [number, number] };
}

function parseMetadata(value: unknown, refuse: Refuse): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value) || Object.values(value).some((text) => typeof text !== 'string')) {
    return refuse('its metadata is not a map of texts');
  }
  return value as Record<string, string>;
}

function typeOf(data: Tensor['data']): keyof typeof TYPES {
  if (data instanceof Float32Array) return 'F32';
  return data instanceof Int32Array ? 'I32' : 'U8';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((side) => Number.isSafeInteger(side) && side >= 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

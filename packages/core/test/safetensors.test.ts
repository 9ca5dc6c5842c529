import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeepFunctorError, readSafetensors, type Tensor, writeSafetensors } from '../src/index.js';
import { codedErrorOf } from './support.js';

const WHERE = 'sample.safetensors';

const tensor: fc.Arbitrary<Tensor> = fc
  .array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 })
  .chain((shape) => {
    const length = shape.reduce((product, side) => product * side, 1);
    const size = { minLength: length, maxLength: length };
    return fc
      .oneof(fc.float32Array({ ...size }), fc.int32Array({ ...size }), fc.uint8Array({ ...size }))
      .map((data) => ({ data, shape }));
  });

const tensors = fc.dictionary(
  fc.oneof(
    fc.string().filter((name) => name !== '__metadata__'),
    fc.constantFrom('__proto__', 'toString', '0', 'é'),
  ),
  tensor,
);
const metadata = fc.dictionary(fc.string(), fc.string());

/** A file with any header and body. */
function fileOf(header: unknown, body: number[] = []): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(body, 8 + text.length);
  return bytes;
}

test('what is written is read again, bit for bit', () => {
  fc.assert(
    fc.property(tensors, metadata, (given, texts) => {
      const read = readSafetensors(writeSafetensors(given, texts), WHERE);
      expect(Object.keys(read.tensors).sort()).toEqual(Object.keys(given).sort());
      for (const [name, { data, shape }] of Object.entries(given)) {
        expect(read.tensors[name]!.shape).toEqual(shape);
        expect(read.tensors[name]!.data).toEqual(data);
      }
      expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(texts).sort());
    }),
  );
});

test('the bytes depend on the content alone, not on the order it was given in', () => {
  const a: Tensor = { data: new Uint8Array([1, 2, 3]), shape: [3] };
  const b: Tensor = { data: new Float32Array([1.5]), shape: [] };
  expect(writeSafetensors({ a, b }, { x: '1', y: '2' })).toEqual(
    writeSafetensors({ b, a }, { y: '2', x: '1' }),
  );
});

test('the layout is the published one: length, padded header, aligned data without gaps', () => {
  const bytes = writeSafetensors(
    {
      small: { data: new Uint8Array([9]), shape: [1] },
      wide: { data: new Float32Array([1]), shape: [1, 1] },
    },
    { made: 'here' },
  );
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  expect(length % 8).toBe(0);
  expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
    __metadata__: { made: 'here' },
    wide: { dtype: 'F32', shape: [1, 1], data_offsets: [0, 4] },
    small: { dtype: 'U8', shape: [1], data_offsets: [4, 5] },
  });
  expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 128, 63, 9]);
});

test('a file is read wherever its bytes lie in memory', () => {
  const bytes = writeSafetensors({ a: { data: new Float32Array([1, 2]), shape: [2] } });
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  for (const given of [shifted.subarray(3), Buffer.from(bytes), Buffer.from(shifted.buffer, 3)]) {
    expect([...readSafetensors(given, WHERE).tensors.a!.data]).toEqual([1, 2]);
  }
});

describe('a broken file is refused', () => {
  const u8 = (data_offsets: unknown, shape: unknown = [1], dtype: unknown = 'U8') => ({
    dtype,
    shape,
    data_offsets,
  });
  test.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(), 'shorter than its 8-byte length field'],
    ['cut in the header', fileOf({}).subarray(0, 9), 'cut short inside its header'],
    ['a huge length', new Uint8Array(8).fill(255), 'cut short inside its header'],
    ['no object', fileOf([]), 'its header is not a JSON object'],
    ['an entry that is no object', fileOf({ a: 1 }), 'the entry of “a” is not an object'],
    [
      'an unknown type',
      fileOf({ a: u8([0, 1], [1], 'F16') }, [0]),
      '“a” has the type "F16"; read are F32, I32, U8',
    ],
    [
      'a type from the prototype',
      fileOf({ a: u8([0, 1], [1], 'toString') }, [0]),
      '“a” has the type "toString"',
    ],
    ['a negative side', fileOf({ a: u8([0, 1], [-1]) }, [0]), 'the shape of “a” is not a list of sizes'],
    ['a backward span', fileOf({ a: u8([1, 0]) }, [0]), 'the offsets of “a” are not a span'],
    ['a cut body', fileOf({ a: u8([0, 2], [2]) }, [0]), 'the bytes of “a” do not fit its shape or the file'],
    [
      'a wrong shape',
      fileOf({ a: u8([0, 1], [2]) }, [0]),
      'the bytes of “a” do not fit its shape or the file',
    ],
    ['an overlap', fileOf({ a: u8([0, 1]), b: u8([0, 1]) }, [0]), 'its tensors overlap or leave a gap'],
    ['a gap', fileOf({ a: u8([1, 2]) }, [0, 0]), 'its tensors overlap or leave a gap'],
    ['bytes left over', fileOf({ a: u8([0, 1]) }, [0, 0]), 'it has bytes that belong to no tensor'],
    ['metadata that are no texts', fileOf({ __metadata__: { a: 1 } }), 'its metadata is not a map of texts'],
  ])('%s', (_, bytes, reason) => {
    const error = codedErrorOf(() => readSafetensors(bytes, WHERE));
    expect([error.code, error.where]).toEqual(['TENSORS_BROKEN', WHERE]);
    expect(error.what).toContain(`These are not valid safetensors: ${reason}`);
  });

  test('a header that is no JSON, with the parser’s reason', () => {
    const error = codedErrorOf(() => readSafetensors(fileOf('{'), WHERE));
    expect(error.what).toContain('its header is not JSON (');
  });
});

test('any bytes are read or refused with the coded error', () => {
  const valid = writeSafetensors({ a: { data: new Float32Array([1, 2]), shape: [2] } }, { x: 'y' });
  const damaged = fc
    .tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length))
    .map(([at, value, length]) => valid.with(at, value).subarray(0, length));
  const anyHeader = fc
    .tuple(fc.jsonValue(), fc.array(fc.nat(255)))
    .map(([header, body]) => fileOf(header, body));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), damaged, anyHeader), (bytes) => {
      try {
        readSafetensors(bytes, WHERE);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(DeepFunctorError);
      }
    }),
    { numRuns: 1000 },
  );
});

test('tensors whose shape does not fit their data are not written', () => {
  const error = codedErrorOf(() => writeSafetensors({ a: { data: new Uint8Array(3), shape: [2] } }));
  expect([error.code, error.what]).toEqual([
    'TENSORS_BROKEN',
    'These are not valid safetensors: 3 values cannot be stored as [2].',
  ]);
});

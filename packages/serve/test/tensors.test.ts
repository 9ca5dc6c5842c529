import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutBody, type InferHeader, type Port } from '../src/protocol.js';
import { readQuestion, writeAnswer } from '../src/tensors.js';
import { binaryBody, codedError } from './client.js';

const PORTS = {
  inputs: [
    { name: 'input', shape: [null, 2, 3] },
    { name: 'style', shape: [null, 2] },
  ],
  outputs: [
    { name: 'output', shape: [null, 4] },
    { name: 'distribution', shape: [null, 3] },
  ],
};

const float = fc.float({ noNaN: true, noDefaultInfinity: true });
const portOf = (name: string) =>
  fc
    .array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 })
    .map((sides): Port => ({ name, shape: [null, ...sides] }));
const sizeOf = ({ shape }: Port) => shape.slice(1).reduce<number>((product, side) => product * side!, 1);

/** Ports with tensors of them. */
const filled = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.array(fc.constant(0), { minLength: 1, maxLength: 3 }))
  .chain(([rows, list]) =>
    fc.tuple(...list.map((_, index) => portOf(`port_${index}`))).chain((ports) =>
      fc.record({
        rows: fc.constant(rows),
        ports: fc.constant(ports as Port[]),
        values: fc.tuple(
          ...ports.map((port) => {
            const length = rows * sizeOf(port);
            return fc.array(float, { minLength: length, maxLength: length });
          }),
        ),
        binary: fc.tuple(...ports.map(() => fc.boolean())),
      }),
    ),
  );

describe('any tensors', () => {
  test('are read as they were sent, as numbers, nested or flat, or as bytes', () => {
    fc.assert(
      fc.property(filled, fc.boolean(), ({ rows, ports, values, binary }, nested) => {
        const tensors = ports.map(({ name, shape }, index) => ({
          name,
          shape: [rows, ...shape.slice(1).map((side) => side!)],
          values: values[index]!,
        }));
        const asBytes = tensors.filter((_, index) => binary[index]);
        const { bytes, length } = binaryBody(asBytes);
        const told = JSON.parse(Buffer.from(bytes.subarray(0, length)).toString()).inputs;
        const inputs = tensors.map(({ values: data, ...tensor }, index) =>
          binary[index]
            ? told.shift()
            : { ...tensor, datatype: 'FP32', data: nested ? nest(data, tensor.shape.slice(1)) : data },
        );
        const read = readQuestion(
          { inputs },
          Buffer.from(bytes.subarray(length)),
          { inputs: ports, outputs: [] },
          6,
        );
        expect(read.rows).toBe(rows);
        for (const [index, { name }] of ports.entries())
          expect(read.inputs[name]).toEqual(Float32Array.from(values[index]!));
      }),
    );
  });

  test('are written so that they are read bit by bit, as numbers or as bytes', () => {
    fc.assert(
      fc.property(filled, ({ rows, ports, values, binary }) => {
        const tensors = Object.fromEntries(ports.map(({ name }, i) => [name, Float32Array.from(values[i]!)]));
        const outputs = ports.map((port, index) => ({ port, binary: binary[index]! }));
        const about = { model_name: 'm', model_version: '1', id: 'x' };
        const { body, headerLength } = writeAnswer(about, { rows, outputs }, tensors);
        const whole = Buffer.from(body);
        const cut = cutBody(whole, headerLength === undefined ? undefined : String(headerLength));
        const json = cut.json as { outputs: Record<string, never>[] };
        expect(json).toMatchObject(about);
        let at = 0;
        for (const [index, { name, shape }] of ports.entries()) {
          const told = json.outputs[index] as unknown as Record<string, unknown>;
          expect(told).toMatchObject({ name, datatype: 'FP32', shape: [rows, ...shape.slice(1)] });
          const size = (told.parameters as { binary_data_size: number } | undefined)?.binary_data_size;
          const found =
            size === undefined
              ? Float32Array.from(told.data as number[])
              : Float32Array.from({ length: size / 4 }, (_, i) => cut.binary.readFloatLE(at + 4 * i));
          at += size ?? 0;
          // JSON has no negative zero.
          const expected = size === undefined ? tensors[name]!.map((value) => value + 0) : tensors[name]!;
          expect(found).toEqual(expected);
        }
        expect(at).toBe(cut.binary.length);
      }),
    );
  });

  test('any bytes at all are read, or refused with a code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.option(fc.string()), (bytes, told) => {
        try {
          cutBody(Buffer.from(bytes), told ?? undefined);
        } catch (error) {
          expect(error).toMatchObject({ code: 'REQUEST_INVALID' });
        }
      }),
    );
  });
});

describe('a request is refused', () => {
  const input = { name: 'input', shape: [2, 2, 3], datatype: 'FP32', data: Array(12).fill(0.5) };
  const style = { name: 'style', shape: [2, 2], datatype: 'FP32', data: [0, 0, 0, 0] };
  const read = (header: object, binary = Buffer.alloc(0)) =>
    codedError(() => readQuestion(header as InferHeader, binary, PORTS, 4));

  test.each<[string, object[], string, RegExp]>([
    [
      'a name that no input has',
      [{ ...input, name: 'image' }, style],
      'REQUEST_INVALID',
      /no such input, but “input”, “style”/,
    ],
    ['an input twice', [input, input, style], 'REQUEST_INVALID', /it is there twice/],
    ['an input that is not there', [input], 'INPUT_TENSOR', /“style” does not fit: it is not there/],
    [
      'another type',
      [{ ...input, datatype: 'FP64' }, style],
      'INPUT_TENSOR',
      /datatype is “FP64”, not “FP32”/,
    ],
    ['another shape', [{ ...input, shape: [2, 3, 2] }, style], 'INPUT_TENSOR', /its shape is \[2, 3, 2\]/],
    ['an axis less', [{ ...input, shape: [2, 6] }, style], 'INPUT_TENSOR', /its shape is \[2, 6\]/],
    ['no axis', [{ ...input, shape: [] }, style], 'INPUT_TENSOR', /its shape is \[\]/],
    ['no rows', [{ ...input, shape: [0, 2, 3], data: [] }, style], 'INPUT_TENSOR', /it has no rows/],
    [
      'rows that differ',
      [input, { ...style, shape: [1, 2], data: [0, 0] }],
      'INPUT_TENSOR',
      /1 rows, and the first input 2/,
    ],
    [
      'too many rows',
      [{ ...input, shape: [5, 2, 3], data: Array(30).fill(0) }, style],
      'REQUEST_SIZE',
      /5 rows, and a request may have 4/,
    ],
    ['too few values', [{ ...input, data: [1, 2] }, style], 'INPUT_TENSOR', /it has 2 values/],
    [
      'too many values',
      [{ ...input, data: Array(13).fill(0) }, style],
      'INPUT_TENSOR',
      /it has more than 12 values/,
    ],
    [
      'a text as a value',
      [{ ...input, data: Array(12).fill('1') }, style],
      'INPUT_TENSOR',
      /something that is no number/,
    ],
    [
      'null as a value, which is what NaN becomes',
      [{ ...input, data: Array(12).fill(null) }, style],
      'INPUT_TENSOR',
      /no number/,
    ],
    [
      'a number that no float32 holds',
      [{ ...input, data: Array(12).fill(1e39) }, style],
      'INPUT_TENSOR',
      /not finite/,
    ],
    [
      'nesting of another shape',
      [{ ...input, data: nest(Array(12).fill(0), [3, 2]) }, style],
      'INPUT_TENSOR',
      /nested in another way/,
    ],
    [
      'nesting in part',
      [{ ...input, data: [[[1, 2, 3], 4], [1]] }, style],
      'INPUT_TENSOR',
      /nested in part only/,
    ],
    [
      'neither numbers nor bytes',
      [{ ...input, data: undefined }, style],
      'REQUEST_INVALID',
      /either “data” or “binary_data_size”/,
    ],
    [
      'both numbers and bytes',
      [{ ...input, parameters: { binary_data_size: 48 } }, style],
      'REQUEST_INVALID',
      /either “data” or/,
    ],
  ])('%s', async (_, inputs, code, text) => {
    const error = await read({ inputs });
    expect(error.code).toBe(code);
    expect(error.message).toMatch(text);
  });

  const bytes = { name: 'input', shape: [2, 2, 3], datatype: 'FP32', parameters: { binary_data_size: 48 } };
  test.each<[string, object, Buffer, RegExp]>([
    ['fewer bytes than it says', bytes, Buffer.alloc(40), /it has 40 of 48 bytes, and its shape asks for 48/],
    [
      'another number of bytes than its shape',
      { ...bytes, parameters: { binary_data_size: 40 } },
      Buffer.alloc(40),
      /its shape asks for 48/,
    ],
    [
      'more bytes than its inputs have',
      bytes,
      Buffer.alloc(52),
      /52 bytes follow its JSON part, and its inputs have 48/,
    ],
    ['NaN', bytes, Buffer.from(new Float32Array(12).fill(Number.NaN).buffer), /a value is not finite/],
    ['infinity', bytes, Buffer.from(new Float32Array(12).fill(Infinity).buffer), /a value is not finite/],
  ])('%s', async (_, tensor, binary, text) => {
    const error = await read({ inputs: [tensor, style] }, binary);
    expect(error.code).toMatch(/INPUT_TENSOR|REQUEST_INVALID/);
    expect(error.message).toMatch(text);
  });

  test.each<[string, object[], RegExp]>([
    ['an output that there is not', [{ name: 'latent' }], /no such output, but “output”, “distribution”/],
    ['an output twice', [{ name: 'output' }, { name: 'output' }], /it is there twice/],
    [
      'a classification',
      [{ name: 'output', parameters: { classification: 3 } }],
      /“classification” is not known/,
    ],
  ])('%s', async (_, outputs, text) => {
    const error = await read({ inputs: [input, style], outputs });
    expect(error.code).toBe('REQUEST_INVALID');
    expect(error.message).toMatch(text);
  });

  test.each(['-1', '1e2', '0x10', '3.5', '', ' 4', '999', '99999999999999999999'])(
    'a lying length of its JSON part: “%s”',
    async (told) => {
      const error = await codedError(() => cutBody(Buffer.from('{"inputs": []}'), told));
      expect(error.code).toBe('REQUEST_INVALID');
      expect(error.message).toContain(`it is “${told}”, and the body has 14 bytes`);
    },
  );
});

test('what a model gave is not written where it is no number', async () => {
  const outputs = [{ port: PORTS.outputs[0]!, binary: false }];
  const values = { output: new Float32Array([0, 1, Number.NaN, 0]) };
  const about = { model_name: 'a -> b', model_version: '1' };
  const error = await codedError(() => writeAnswer(about, { rows: 1, outputs }, values));
  expect(error.code).toBe('WEIGHTS_BROKEN');
  expect(error.message).toContain('its output “output” is not finite');
});

/** A flat list as lists of lists, without the first axis. */
function nest(values: number[], sides: number[]): unknown[] {
  if (sides.length === 0) return values;
  const size = sides.reduce((a, b) => a * b, 1);
  return Array.from({ length: values.length / size }, (_, row) => {
    const part = values.slice(row * size, (row + 1) * size);
    return sides.length === 1 ? part : nest(part, sides.slice(1));
  });
}

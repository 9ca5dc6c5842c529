import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, describe as group, test } from 'vitest';
import { attribute, describe, graph, type Model, readModel, writeModel } from '../src/index.js';
import { everyAttribute, everyAttributeByHand, perceptron } from './models.js';

/** Run a model of one input and one output on rows. */
async function run(model: Model, rows: number[][]): Promise<number[][]> {
  const session = await InferenceSession.create(writeModel(model));
  const input = new Tensor('float32', Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
  const results = await session.run({ [session.inputNames[0]!]: input });
  const { data, dims } = results[session.outputNames[0]!]!;
  await session.release();
  const width = dims[1]!;
  return Array.from({ length: dims[0]! }, (_, row) => [
    ...(data as Float32Array).subarray(row * width, (row + 1) * width),
  ]);
}

/** Any chain of operators on rows of 1 to 5 numbers, with any weights and metadata. */
const anyModel = fc
  .record({
    width: fc.integer({ min: 1, max: 5 }),
    operators: fc.array(fc.constantFrom('Relu', 'Tanh', 'Abs', 'Add', 'Elu'), { maxLength: 8 }),
    weights: fc.float32Array({ minLength: 40, maxLength: 40, noNaN: true, noDefaultInfinity: true }),
    metadata: fc.dictionary(fc.string(), fc.string()),
    producer: fc.string(),
  })
  .map(({ width, operators, weights, metadata, producer }) => () => {
    const g = graph('any');
    let value = g.input('input', [null, width]);
    for (const [index, operator] of operators.entries()) {
      const weight = g.weight(`w${index}`, weights.subarray(index, index + width), [width]);
      const attributes = operator === 'Elu' ? { alpha: attribute.float(weights[index]!) } : {};
      value = g.node(operator, operator === 'Add' ? [value, weight] : [value], attributes);
    }
    g.output('output', value, [null, width]);
    return g.build({ producer, metadata });
  });

group('a built model', () => {
  test('computes in onnxruntime what its nodes say', async () => {
    expect(
      await run(perceptron(), [
        [1, 0],
        [0, 1],
        [2, 1],
      ]),
    ).toEqual([
      [1, 2.5, 4],
      [0, 0, 0],
      [1, 2.5, 4],
    ]);
  });

  test('may have attributes of every kind, also of value 0, and nodes of several outputs', async () => {
    const rows = [
      [1, -2, 3, 4],
      [0.5, 6, -7, 8],
    ];
    expect(await run(everyAttribute(), rows)).toEqual(rows.map(everyAttributeByHand));
  });

  test('is read again as it was written', () => {
    fc.assert(
      fc.property(anyModel, (build) => {
        const model = build();
        const again = readModel(writeModel(model));
        expect(again).toEqual(model);
        expect(writeModel(again)).toEqual(writeModel(model));
      }),
    );
  });

  test('has the same bytes whenever it is built', () => {
    fc.assert(
      fc.property(anyModel, (build) => {
        expect(writeModel(build())).toEqual(writeModel(build()));
      }),
    );
    expect(writeModel(perceptron({ a: '1', b: '2' }))).toEqual(writeModel(perceptron({ b: '2', a: '1' })));
  });

  test('keeps its weights if the arrays it was given change', () => {
    const data = new Float32Array([1, 2]);
    const g = graph('copy');
    g.output('y', g.node('Add', [g.input('x', [null, 2]), g.weight('w', data, [2])]), [null, 2]);
    const model = g.build({ producer: 'test' });
    const before = writeModel(model);
    data.fill(9);
    expect(writeModel(model)).toEqual(before);
  });

  test('is described', () => {
    expect(describe(perceptron({ seed: '7' }))).toEqual({
      name: 'perceptron',
      producer: 'test',
      opsets: { 'ai.onnx': 17 },
      inputs: [{ name: 'input', type: 'float', shape: [null, 2] }],
      outputs: [{ name: 'latent', type: 'float', shape: [null, 3] }],
      operators: { Gemm: 1, Relu: 1, Identity: 1 },
      parameters: 9,
      metadata: { seed: '7' },
    });
  });
});

group('the builder refuses', () => {
  test('a value that is not there, and a name that is taken', () => {
    const g = graph('wrong');
    expect(() => g.node('Relu', ['nothing'])).toThrow('“nothing” is no value of “wrong”');
    g.input('x', [null, 1]);
    expect(() => g.weight('x', new Float32Array(1), [1])).toThrow(
      'the name “x” is empty or taken in “wrong”',
    );
  });

  test('a weight whose shape does not fit', () => {
    expect(() => graph('wrong').weight('w', new Float32Array(3), [2, 2])).toThrow(
      '“w” has 3 values, but its shape is [2,2]',
    );
  });

  test('a graph without an output', () => {
    expect(() => graph('wrong').build({ producer: 'test' })).toThrow('“wrong” has no output');
  });
});

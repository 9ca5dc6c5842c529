import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import {
  AttributeProtoSchema,
  FunctionProtoSchema,
  GraphProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
  TrainingInfoProtoSchema,
} from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import {
  attribute,
  checkModel,
  graph,
  type Model,
  type ModelPorts,
  readModel,
  writeModel,
} from '../src/index.js';
import { PERCEPTRON_PORTS, perceptron } from './models.js';

/** Code and first sentence of everything that is found in the perceptron after a change. */
function found(change: (model: Model) => void, ports: ModelPorts = PERCEPTRON_PORTS): [string, string][] {
  const model = perceptron();
  change(model);
  return checkModel(model, ports, 'encode.onnx').map((error) => {
    expect(error.where).toBe('encode.onnx');
    return [error.code, error.what];
  });
}

const appended =
  (opType: string, more: Parameters<typeof create<typeof NodeProtoSchema>>[1] = {}) =>
  (model: Model) => {
    model.graph!.node.push(create(NodeProtoSchema, { name: 'added', opType, ...more }));
  };

test('a model that the contract allows has no problem', () => {
  expect(found(() => {})).toEqual([]);
  for (const version of [17n, 18n, 19n, 20n, 21n]) {
    expect(
      found(({ opsetImport }) => Object.assign(opsetImport[0]!, { domain: 'ai.onnx', version })),
    ).toEqual([]);
  }
});

describe('operator sets', () => {
  test.each([
    [16n, 'ai.onnx 16'],
    [22n, 'ai.onnx 22'],
  ])('opset %d is refused', (version, imports) => {
    const what = `The model imports ${imports}; allowed is the standard domain at opset 17 to 21.`;
    expect(found(({ opsetImport }) => Object.assign(opsetImport[0]!, { version }))).toContainEqual([
      'WEIGHTS_OPSET',
      what,
    ]);
  });

  test('another domain beside the standard one, or none at all, is refused', () => {
    const custom = create(OperatorSetIdProtoSchema, { domain: 'com.example', version: 1n });
    expect(found(({ opsetImport }) => opsetImport.push(custom))).toEqual([
      [
        'WEIGHTS_OPSET',
        'The model imports ai.onnx 17, com.example 1; allowed is the standard domain at opset 17 to 21.',
      ],
    ]);
    expect(found(({ opsetImport }) => opsetImport.pop())[0]).toEqual([
      'WEIGHTS_OPSET',
      'The model imports no operator set; allowed is the standard domain at opset 17 to 21.',
    ]);
  });
});

describe('operators', () => {
  test.each<[string, string]>([
    ['If', 'it is control flow'],
    ['Loop', 'it is control flow'],
    ['Scan', 'it is control flow'],
    ['SequenceMap', 'it is control flow'],
    ['RandomNormal', 'it is random'],
    ['RandomUniformLike', 'it is random'],
    ['Bernoulli', 'it is random'],
    ['Multinomial', 'it is random'],
    ['Upsample', 'it is no standard operator'],
    ['FusedGemm', 'it is no standard operator'],
    ['Gelu', 'it is not in opset 17'],
  ])('%s is refused: %s', (operator, reason) => {
    expect(found(appended(operator))).toEqual([
      ['WEIGHTS_OPERATOR', `The node “added” is ${operator}: ${reason}.`],
    ]);
  });

  test('an operator is allowed from the opset on that has it', () => {
    const gelu = (model: Model) => {
      appended('Gelu')(model);
      model.opsetImport[0]!.version = 20n;
    };
    expect(found(gelu)).toEqual([]);
  });

  test('an operator of another domain is refused, even one of a standard name', () => {
    expect(found(appended('Relu', { domain: 'com.microsoft' }))).toEqual([
      ['WEIGHTS_OPERATOR', 'The node “added” is com.microsoft.Relu: its domain is not the standard one.'],
    ]);
  });

  test('a graph as attribute is refused wherever it hangs', () => {
    const hidden = create(AttributeProtoSchema, { name: 'body', g: create(GraphProtoSchema, {}) });
    expect(found(appended('Relu', { attribute: [hidden] }))).toEqual([
      ['WEIGHTS_OPERATOR', 'The node “added” is Relu: it has a graph as attribute.'],
    ]);
  });

  test('Dropout is allowed unless it can be in training mode', () => {
    expect(found(appended('Dropout', { input: ['input'] }))).toEqual([]);
    expect(found(appended('Dropout', { input: ['input', ''] }))).toEqual([]);
    expect(found(appended('Dropout', { input: ['input', '', 'training'] }))).toEqual([
      ['WEIGHTS_OPERATOR', 'The node “added” is Dropout: its training mode is random.'],
    ]);
  });

  test('a node without a name is named by its output', () => {
    expect(found(appended('Foo', { name: '', output: ['foo_0'] }))[0]![1]).toContain('“foo_0”');
  });
});

test('functions and training information are refused', () => {
  expect(found((model) => model.functions.push(create(FunctionProtoSchema, { name: 'f' })))).toEqual([
    ['WEIGHTS_FUNCTIONS', 'The model holds functions, which the contract excludes.'],
  ]);
  expect(found((model) => model.trainingInfo.push(create(TrainingInfoProtoSchema)))).toEqual([
    ['WEIGHTS_FUNCTIONS', 'The model holds training information, which the contract excludes.'],
  ]);
});

describe('weights in another file are refused', () => {
  const external = () =>
    create(TensorProtoSchema, { name: 'far', dataLocation: TensorProto_DataLocation.EXTERNAL });
  const expected = [['WEIGHTS_EXTERNAL', 'The tensor “far” lies in another file.']];

  test('as weights, with a location or marked only', () => {
    const location = create(StringStringEntryProtoSchema, { key: 'location', value: '/etc/passwd' });
    expect(found(({ graph }) => graph!.initializer.push(external()))).toEqual(expected);
    const unmarked = create(TensorProtoSchema, { name: 'far', externalData: [location] });
    expect(found(({ graph }) => graph!.initializer.push(unmarked))).toEqual(expected);
  });

  test('as the values of a sparse weight, or as an attribute', () => {
    const sparse = create(SparseTensorProtoSchema, { values: external() });
    expect(found(({ graph }) => graph!.sparseInitializer.push(sparse))).toEqual(expected);
    for (const value of [
      { t: external() },
      { tensors: [external()] },
      { sparseTensor: sparse },
      { sparseTensors: [sparse] },
    ]) {
      const hidden = create(AttributeProtoSchema, { name: 'value', ...value });
      expect(found(appended('Constant', { attribute: [hidden] }))).toEqual(expected);
    }
  });
});

describe('ports', () => {
  const ports = (name: string, shape: (number | null)[]): ModelPorts => ({
    inputs: PERCEPTRON_PORTS.inputs,
    outputs: [{ name, shape }],
  });

  test('of other names are refused', () => {
    expect(found(() => {}, ports('output', [null, 3]))).toEqual([
      ['WEIGHTS_PORTS', 'The ports of the model do not fit: the output “latent” is not expected.'],
      ['WEIGHTS_PORTS', 'The ports of the model do not fit: the output “output” is missing.'],
    ]);
  });

  test('of other shapes are refused, and the error says what is expected', () => {
    const [error] = checkModel(perceptron(), ports('latent', [null, 4]));
    expect(error!.what).toBe('The ports of the model do not fit: the output is latent float [n, 3].');
    expect(error!.todo).toBe(
      'Export the model with the ports: inputs input float [n, 2]; outputs latent float [n, 4].',
    );
    expect(found(() => {}, ports('latent', [null]))).toHaveLength(1);
    expect(found(() => {}, ports('latent', [null, 3, 1]))).toHaveLength(1);
  });

  test('with a fixed first axis, or with none declared, are refused', () => {
    const g = graph('fixed');
    g.output('latent', g.node('Relu', [g.input('input', [1, 2])]), [1, 3]);
    expect(checkModel(g.build({ producer: 'test' }), PERCEPTRON_PORTS).map(({ what }) => what)).toEqual([
      'The ports of the model do not fit: the input is input float [1, 2].',
      'The ports of the model do not fit: the output is latent float [1, 3].',
    ]);
    expect(found(({ graph }) => void delete graph!.output[0]!.type)).toEqual([
      ['WEIGHTS_PORTS', 'The ports of the model do not fit: the output is latent untyped without a shape.'],
    ]);
  });

  test('of another type are refused', () => {
    const asDouble = ({ graph }: Model) => {
      const value = graph!.input[0]!.type!.value;
      if (value.case === 'tensorType') value.value.elemType = 11;
    };
    expect(found(asDouble)).toEqual([
      ['WEIGHTS_PORTS', 'The ports of the model do not fit: the input is input double [n, 2].'],
    ]);
  });

  test('that are there twice are refused', () => {
    expect(found(({ graph }) => graph!.input.push(graph!.input[0]!))).toEqual([
      ['WEIGHTS_PORTS', 'The ports of the model do not fit: the input “input” is not expected.'],
    ]);
  });
});

test('every problem is found at once', () => {
  const codes = found((model) => {
    model.opsetImport[0]!.version = 9n;
    model.functions.push(create(FunctionProtoSchema));
    appended('Loop')(model);
    model.graph!.output = [];
  }).map(([code]) => code);
  expect(new Set(codes)).toEqual(
    new Set(['WEIGHTS_OPSET', 'WEIGHTS_OPERATOR', 'WEIGHTS_FUNCTIONS', 'WEIGHTS_PORTS']),
  );
});

test('whatever can be read can be checked', () => {
  const valid = writeModel(perceptron());
  fc.assert(
    fc.property(fc.nat(valid.length - 1), fc.nat(255), (at, value) => {
      let model: Model;
      try {
        model = readModel(valid.with(at, value));
      } catch {
        return;
      }
      expect(Array.isArray(checkModel(model, PERCEPTRON_PORTS))).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test('attributes are no graphs', () => {
  const g = graph('plain');
  g.output('latent', g.node('Elu', [g.input('input', [null, 2])], { alpha: attribute.float(1) }), [null, 2]);
  const same: ModelPorts = { ...PERCEPTRON_PORTS, outputs: [{ name: 'latent', shape: [null, 2] }] };
  expect(checkModel(g.build({ producer: 'test' }), same)).toEqual([]);
});

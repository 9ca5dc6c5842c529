import { create } from '@bufbuild/protobuf';
import { DeepFunctorError } from '@deepfunctor/core';
import fc from 'fast-check';
import { SparseTensorProtoSchema } from 'onnx-buf';
import { describe, expect, test, vi } from 'vitest';
import {
  attribute,
  checkModel,
  describe as described,
  type FuseChain,
  type FuseSource,
  fuse,
  fuseMorphism,
  type GraphBuilder,
  graph,
  type Model,
  type Part,
  readModel,
  writeModel,
} from '../src/index.js';
import { tensorProto } from '../src/tensor.js';
import {
  anyChain,
  apart,
  decoder,
  encoder,
  grouped,
  morphism,
  probe,
  type Recipe,
  type Rows,
  run,
  SIZES,
} from './parts.js';

vi.setConfig({ testTimeout: 60_000 });

const ROWS = 3;
const numbers = (count: number) =>
  fc.float32Array({ min: -2, max: 2, noNaN: true, minLength: count, maxLength: count });

const plain = (name: string, changes: Partial<Recipe> = {}): Recipe => ({
  name,
  opset: 17,
  steps: ['matmul', 'tanh'],
  weights: Float32Array.from({ length: 24 }, (_, i) => Math.sin(i + name.length)),
  ...changes,
});
const input = (index = 0): FuseSource => ({ kind: 'input', index });
const apply = (part: Part, ...sources: FuseSource[]): FuseSource => ({
  kind: 'apply',
  morphism: part,
  sources,
});
const next = morphism(plain('add-one', { steps: ['matmul', 'add', 'tanh'] }), 1);
const twice = morphism(plain('times-two', { steps: ['add', 'relu', 'matmul'] }), 1);
const plus = morphism(plain('add', { steps: ['tanh', 'matmul'] }), 2);
const asked = probe(plain('probe'));
const chainOf = (result: FuseSource, inputs = 1, styled = false): FuseChain => ({
  inputs: Array.from({ length: inputs }, () => ({ encode: encoder(plain('dots')), probe: asked })),
  result,
  output: { decode: decoder(plain('words'), styled), probe: asked },
});
/** A chain of so many morphisms, two plugins by turns. */
const deep = (count: number) =>
  Array.from({ length: count }).reduce<FuseSource>(
    (source, _, i) => apply(i % 2 ? twice : next, source),
    input(),
  );

function everyOutput(inputs: number): string[] {
  const indices = Array.from({ length: inputs }, (_, index) => index);
  return [
    ...['output', 'distribution', 'latent'],
    ...indices.flatMap((i) => [`latent_${i}`, `before_${i}`, `style_${i}`]),
  ];
}

/** Every output of the fusion against the parts one after the other. */
async function expectSame(
  chain: FuseChain,
  inputs: Float32Array[],
  style: Float32Array | number | undefined,
) {
  const asker = typeof style === 'number' ? style : undefined;
  const model = fuse(chain, {
    outputs: everyOutput(inputs.length),
    ...(asker === undefined ? {} : { asker }),
  });
  const expected = await apart(chain, inputs, style, ROWS);
  const feeds: Rows = {
    ...Object.fromEntries(inputs.map((data, i) => [inputs.length === 1 ? 'input' : `input_${i}`, data])),
    ...(style instanceof Float32Array ? { style } : {}),
  };
  const found = await run(model, feeds, ROWS);
  expect(Object.keys(found).sort()).toEqual(everyOutput(inputs.length).sort());
  for (const [name, values] of Object.entries(expected))
    for (const [at, value] of values.entries())
      expect(Math.abs(found[name]![at]! - value), `${name}[${at}]`).toBeLessThanOrEqual(1e-6);
  return model;
}

describe('a fusion', () => {
  test('computes what its parts compute one after the other, and is a model that the contract allows', async () => {
    await fc.assert(
      fc.asyncProperty(anyChain, numbers(60), numbers(6), fc.nat(), async (chain, values, hand, pick) => {
        const count = chain.inputs.length;
        const inputs = chain.inputs.map((_, i) =>
          values.map((_, at) => values[(at + 7 * i) % 60]!).slice(0, 3 * ROWS),
        );
        const style = !chain.styled ? undefined : pick % 2 ? hand : pick % count;
        const model = await expectSame(chain, inputs, style);
        const port = (name: string) => ({
          name,
          shape: [
            null,
            SIZES[
              name
                .replace(/_\d+$/, '')
                .replace('output', 'input')
                .replace('before', 'distribution') as 'input'
            ],
          ],
        });
        const taken = chain.inputs.map((_, i) => port(count === 1 ? 'input' : `input_${i}`));
        expect(
          checkModel(model, {
            inputs: style instanceof Float32Array ? [...taken, port('style')] : taken,
            outputs: everyOutput(count).map(port),
          }),
        ).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test.each([0, 1, 10, 100])('of %i morphisms too, and of pairs', async (count) => {
    const rows = Float32Array.from({ length: 3 * ROWS }, (_, i) => Math.cos(i));
    await expectSame(chainOf(deep(count)), [rows], undefined);
    const pair = apply(plus, deep(count), input(1));
    await expectSame(chainOf(pair, 2, true), [rows, rows.map((x) => -x)], 1);
  });

  test('is the same bytes whenever it is made', () => {
    fc.assert(
      fc.property(anyChain, (chain) => {
        const outputs = everyOutput(chain.inputs.length);
        const bytes = writeModel(fuse(chain, { outputs }));
        expect(writeModel(fuse(reread(chain), { outputs }))).toEqual(bytes);
        expect(writeModel(readModel(bytes))).toEqual(bytes);
      }),
    );
  });

  test('is the same bytes however its morphisms are grouped', () => {
    fc.assert(
      fc.property(anyChain, fc.infiniteStream(fc.boolean()), (chain, stream) => {
        const choices = () => stream.next().value as boolean;
        const outputs = everyOutput(chain.inputs.length);
        const other = { ...chain, result: grouped(chain.result, choices) };
        expect(writeModel(fuse(other, { outputs }))).toEqual(writeModel(fuse(chain, { outputs })));
      }),
      { numRuns: 300 },
    );
  });

  test('of (h ∘ g) ∘ f is that of h ∘ (g ∘ f)', () => {
    const [f, g, h] = [next, twice, morphism(plain('negate', { opset: 19, steps: ['centre', 'swap'] }), 1)];
    const fused = (source: FuseSource) => ({ fused: fuseMorphism(source) });
    const left = fuseMorphism({
      kind: 'apply',
      morphism: fused(apply(h, apply(g, input()))),
      sources: [apply(f, input())],
    });
    const right = fuseMorphism(
      apply(h, { kind: 'apply', morphism: fused(apply(g, apply(f, input()))), sources: [input()] }),
    );
    expect(writeModel(left)).toEqual(writeModel(right));
    expect(writeModel(left)).toEqual(writeModel(fuseMorphism(apply(h, apply(g, apply(f, input()))))));
    expect(described(left).metadata['deepfunctor.chain']).toBe('latent_0 -> add-one -> times-two -> negate');
  });
});

describe('inside a fusion', () => {
  test('names are unique and begin with the plugin and the number of its use', () => {
    fc.assert(
      fc.property(anyChain, (chain) => {
        const { node, initializer } = fuse(chain, { outputs: everyOutput(chain.inputs.length) }).graph!;
        const values = [...initializer.map(({ name }) => name), ...node.flatMap(({ output }) => output)];
        expect(new Set(values).size).toBe(values.length);
        const ports = new Set([...everyOutput(chain.inputs.length)]);
        for (const name of [...values, ...node.map((each) => each.name)])
          if (!ports.has(name)) expect(name).toMatch(/^(add|carry|negate|dots|words|probe)\.[1-9]\d*\/./);
      }),
    );
    const names = fuse(chainOf(deep(4))).graph!.node.map(({ name }) => name);
    expect(names.filter((name) => name.endsWith('/Tanh_2'))).toEqual([
      'dots.1/Tanh_2',
      'add-one.1/Tanh_2',
      'add-one.2/Tanh_2',
    ]);
  });

  test('weights of a repeated plugin, and equal weights of others, are stored once', () => {
    const stored = (count: number) => fuse(chainOf(deep(count))).graph!.initializer.map(({ name }) => name);
    expect(stored(100)).toEqual(stored(2));
    const renamed = morphism({ ...plain('add-uno'), steps: ['matmul', 'add', 'tanh'] }, 1);
    const sizes = [apply(next, input()), apply(renamed, apply(next, input()))].map(
      (result) => fuse(chainOf(result)).graph!.initializer.length,
    );
    expect(sizes[1]).toBe(sizes[0]);
    const [one, deeper] = [2, 12].map((count) => writeModel(fuse(chainOf(deep(count)))).length);
    expect(deeper! - one!).toBeLessThan(10 * 400);
  });

  test('what is the same is computed once, what nobody needs is not, and no Identity stays', () => {
    const count = (chain: FuseChain, outputs?: string[]) =>
      described(fuse(chain, outputs && { outputs })).operators;
    const once = apply(next, input());
    const same = (source: FuseSource) => count(chainOf(apply(plus, source, apply(next, input()))));
    expect(same(once)).toEqual(count(chainOf(apply(plus, once, once))));
    expect(same(apply(twice, input())).Relu).toBe(1);
    expect(count(chainOf(once)).Identity).toBeUndefined();
    expect(count(chainOf(once)).Softmax).toBeUndefined();
    const probes = ['output', 'distribution', 'latent', 'before_0'];
    expect(count(chainOf(once), probes).Softmax).toBe(2);
    expect(count(chainOf(input()), probes)).toMatchObject({ Softmax: 1, Identity: 1 });
  });

  test('nodes that differ in an attribute, or in which outputs are used, stay apart', async () => {
    const leaky = (alpha: number): Part => {
      const g = graph('morphism');
      const z = g.input('latent_0', [null, 4]);
      g.output('latent', g.node('LeakyRelu', [z], { alpha: attribute.float(alpha) }), [null, 4]);
      return { name: 'leak', model: g.build({ producer: 'test' }) };
    };
    const model = fuseMorphism(apply(plus, apply(leaky(0.5), input()), apply(leaky(0.25), input())));
    expect(described(model).operators.LeakyRelu).toBe(2);
    const dropped = (masked: boolean): Part => {
      const g = graph('morphism');
      const z = g.input('latent_0', [null, 4]);
      const [kept, mask] = g.node('Dropout', [z], {}, masked ? 2 : 1);
      g.output('latent', masked ? g.node('Cast', [mask!], { to: attribute.int(1) }) : kept!, [null, 4]);
      return { name: 'dropped', model: g.build({ producer: 'test' }) };
    };
    const z = Float32Array.of(3, 1, 4, 2);
    const both = fuseMorphism(apply(plus, apply(dropped(false), input()), apply(dropped(true), input())));
    const expected = await run(plus.model, { latent_0: z, latent_1: new Float32Array(4).fill(1) }, 1);
    expect((await run(both, { latent_0: z }, 1)).latent).toEqual(expected.latent);
  });

  test('constants that differ in one bit, type or shape stay apart', () => {
    const part = (build: (g: GraphBuilder, z: string) => string): Part => {
      const g = graph('morphism');
      g.output('latent', build(g, g.input('latent_0', [null, 4])), [null, 4]);
      return { name: 'shift', model: g.build({ producer: 'test' }) };
    };
    const shift = (values: number[], dims: number[]) =>
      part((g, z) => g.node('Add', [z, g.weight('by', Float32Array.from(values), dims)]));
    const kinds = [
      shift([0], [1]),
      shift([-0], [1]),
      shift([0], [1, 1]),
      shift([0], [1]),
      shift([0, 0, 0, 0], [4]),
    ];
    const { initializer } = fuseMorphism(kinds.reduce((source, each) => apply(each, source), input())).graph!;
    expect(initializer.map(({ name }) => name)).toEqual([
      'shift.1/by',
      'shift.2/by',
      'shift.3/by',
      'shift.5/by',
    ]);
  });

  test('the metadata say what was composed', () => {
    const chain = chainOf(apply(plus, apply(next, input()), input(1)), 2);
    const { metadata, producer } = described(fuse(chain, { metadata: { 'deepfunctor.spaces': '[]' } }));
    expect(metadata).toEqual({
      'deepfunctor.chain': '(dots -> add-one, dots) -> add -> words',
      'deepfunctor.parts':
        '[{"name":"add","version":"1.0.0"},{"name":"add-one","version":"1.0.0"},{"name":"dots"},{"name":"words"}]',
      'deepfunctor.spaces': '[]',
    });
    expect(producer).toBe('deepfunctor');
  });

  test('a sparse constant is carried over', async () => {
    const part = morphism(plain('sparse', { steps: ['add'] }), 1);
    const { graph: inner } = part.model;
    inner!.initializer = [];
    inner!.sparseInitializer = [
      create(SparseTensorProtoSchema, {
        values: tensorProto('w0', Float32Array.of(5), [1]),
        indices: tensorProto('at', BigInt64Array.of(2n), [1]),
        dims: [4n],
      }),
    ];
    const model = fuseMorphism(apply(part, apply(part, input())));
    expect(model.graph!.sparseInitializer).toHaveLength(1);
    const { latent } = await run(model, { latent_0: new Float32Array(4) }, 1);
    expect([...latent!]).toEqual([0, 0, 10, 0]);
  });
});

describe('parts of several opsets', () => {
  /** A morphism of opset 17 that is one operator with rows of 4 around it, fused with one of opset 21. */
  const newest = morphism(plain('newest', { opset: 21, steps: ['identity'] }), 1);
  const old = (build: (g: GraphBuilder, z: string) => string): Part => {
    const g = graph('morphism');
    g.output('latent', build(g, g.input('latent_0', [null, 4])), [null, 4]);
    return { name: 'old', model: g.build({ producer: 'test' }) };
  };
  const sums = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'];
  const { int, ints, string } = attribute;
  const shape = (g: GraphBuilder, z: string, name: string, ...sides: number[]) =>
    g.node('Reshape', [z, g.weight(name, BigInt64Array.from(sides, BigInt), [sides.length])]);
  const resampled = (mode?: string) => (g: GraphBuilder, z: string) => {
    const grid = g.weight('grid', Float32Array.of(-0.6, -0.3, 0.4, -0.2, 0.1, 0.5, 0.7, 0.3), [1, 2, 2, 2]);
    const first = g.node('Slice', [
      shape(g, z, 'square', -1, 1, 2, 2),
      ...[0, 1, 0].map((at, i) => g.weight(`slice${i}`, BigInt64Array.of(BigInt(at)), [1])),
    ]);
    return shape(
      g,
      g.node('GridSample', [first, grid], mode === undefined ? {} : { mode: string(mode) }),
      'flat',
      -1,
      4,
    );
  };
  const fourier = (options: Parameters<GraphBuilder['node']>[2]) => (g: GraphBuilder, z: string) => {
    const spectrum = g.node('DFT', [shape(g, z, 'signal', -1, 2, 2, 1)], options);
    return shape(
      g,
      g.node('ReduceSum', [spectrum, g.weight('parts', BigInt64Array.of(3n), [1])]),
      'flat',
      -1,
      4,
    );
  };

  test.each<[string, Part]>([
    ...sums.flatMap((name): [string, Part][] => [
      [
        `Reduce${name} over an axis`,
        old((g, z) => g.node('Add', [z, g.node(`Reduce${name}`, [z], { axes: ints([1]) })])),
      ],
      [`Reduce${name} over all`, old((g, z) => g.node('Add', [z, g.node(`Reduce${name}`, [z])]))],
    ]),
    [
      'ReduceMax without keeping the axis',
      old((g, z) => g.node('Add', [z, g.node('ReduceMax', [z], { axes: ints([0]), keepdims: int(0) })])),
    ],
    [
      'Split in equal parts',
      old((g, z) => g.node('Concat', g.node('Split', [z], { axis: int(1) }, 4).reverse(), { axis: int(1) })),
    ],
    [
      'Split in parts of given sizes',
      old((g, z) =>
        g.node(
          'Concat',
          g
            .node('Split', [z, g.weight('sizes', BigInt64Array.of(3n, 1n), [2])], { axis: int(1) }, 2)
            .reverse(),
          {
            axis: int(1),
          },
        ),
      ),
    ],
    ['GridSample', old(resampled())],
    ['GridSample, bilinear', old(resampled('bilinear'))],
    ['GridSample, bicubic', old(resampled('bicubic'))],
    ['GridSample, nearest', old(resampled('nearest'))],
    ['DFT', old(fourier({}))],
    ['DFT of another axis', old(fourier({ axis: int(2) }))],
  ])('%s is said in the newest of them', async (_, part) => {
    const z = Float32Array.of(0.5, 1.25, 2, 0.75);
    const model = fuseMorphism(apply(newest, apply(part, input())));
    expect(described(model).opsets).toEqual({ 'ai.onnx': 21 });
    const { latent: expected } = await run(part.model, { latent_0: z }, 1);
    const { latent } = await run(model, { latent_0: z }, 1);
    for (const [at, value] of expected!.entries()) expect(latent![at]).toBeCloseTo(value, 5);
  });

  test('stay as they are where all are of one', () => {
    for (const opset of [17, 18, 19, 20, 21]) {
      const part = morphism(plain('same', { opset, steps: ['centre', 'swap'] }), 1);
      const model = fuseMorphism(apply(part, apply(part, input())));
      expect(described(model).opsets).toEqual({ 'ai.onnx': opset });
      expect(model.graph!.node[0]!.input).toHaveLength(opset < 18 ? 1 : 2);
    }
  });

  test('are refused where an operator cannot be said in the newest', () => {
    const g = graph('morphism');
    const image = shape(g, g.input('latent_0', [null, 4]), 'image', -1, 2, 2);
    const one = g.weight('one', Float32Array.of(1), [1]);
    const normal = g.node('GroupNormalization', [image, one, one], { num_groups: int(1) });
    g.output('latent', shape(g, normal, 'flat', -1, 4), [null, 4]);
    const part: Part = {
      name: 'grouped',
      model: g.build({ producer: 'test' }),
      where: 'grouped/morphism.onnx',
    };
    part.model.opsetImport[0]!.version = 18n;
    expect(fuseMorphism(apply(part, input())).graph!.node.length).toBeGreaterThan(1);
    expect(errorOf(() => fuseMorphism(apply(newest, apply(part, input()))))).toMatchObject({
      code: 'FUSION_OPSET',
      where: 'grouped/morphism.onnx',
      what: 'The node “GroupNormalization_1” is GroupNormalization of opset 18, which cannot be said in opset 21, the one of another part.',
    });
  });
});

describe('a fusion is refused', () => {
  const broken = (change: (model: Model) => void): DeepFunctorError => {
    const part = { ...morphism(plain('broken'), 1), where: 'broken/morphism.onnx' };
    change(part.model);
    const error = errorOf(() => fuse(chainOf(apply(part, input()))));
    expect([error.code, error.where]).toEqual(['WEIGHTS_BROKEN', 'broken/morphism.onnx']);
    return error;
  };

  test('where a value is used before it is there, is there twice, or an input is given nothing', () => {
    expect(broken(({ graph }) => void graph!.node.reverse()).what).toContain('is used before it is there');
    expect(broken(({ graph }) => void graph!.initializer.splice(0)).what).toContain(
      '“w0” is used before it is there',
    );
    expect(broken(({ graph }) => void graph!.initializer.push(graph!.initializer[0]!)).what).toContain(
      '“w0” is empty or there twice',
    );
    expect(broken(({ graph }) => void graph!.node.splice(1, 0, graph!.node[0]!)).what).toContain(
      'there twice',
    );
    expect(broken(({ graph }) => void Object.assign(graph!.input[0]!, { name: 'z' })).what).toContain(
      'its input “z” is given nothing',
    );
  });

  test('for an output that the chain does not have', () => {
    const chain = chainOf(deep(1));
    for (const port of ['before_1', 'latent_7', 'image', 'style'])
      expect(() => fuse(chain, { outputs: [port] })).toThrow(`the chain has no output “${port}”`);
    expect(() => fuseMorphism(input())).toThrow('a fused morphism applies at least one');
    expect(() => fuseMorphism(apply(next, input(1)))).toThrow('a fused morphism applies at least one');
    const other = { fused: next.model };
    expect(() => fuseMorphism({ kind: 'apply', morphism: other, sources: [input()] })).toThrow(
      'not made by fuseMorphism',
    );
  });
});

/** The same chain from the bytes of its models, no object shared. */
function reread({ inputs, result, output }: FuseChain): FuseChain {
  const part = ({ model, ...rest }: Part): Part => ({ ...rest, model: readModel(writeModel(model)) });
  const source = (each: FuseSource): FuseSource =>
    each.kind === 'input'
      ? each
      : { ...each, morphism: part(each.morphism as Part), sources: each.sources.map(source) };
  return {
    inputs: inputs.map(({ encode, probe: read }) => ({ encode: part(encode), probe: part(read!) })),
    result: source(result),
    output: { decode: part(output.decode), probe: part(output.probe!) },
  };
}

function errorOf(action: () => unknown): DeepFunctorError {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof DeepFunctorError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

/** Small parts to compose, and what they compute one after the other, each in a session of its own. */
import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  attribute,
  type FuseChain,
  type FuseSource,
  fuseMorphism,
  type GraphBuilder,
  graph,
  type Model,
  OPSET_MAX,
  OPSET_MIN,
  type Part,
  writeModel,
} from '../src/index.js';

/** Sides of the formats, latents, styles and beliefs of these parts. */
export const SIZES = { input: 3, latent: 4, style: 2, distribution: 5 };

type Step = (g: GraphBuilder, x: string, at: number, weights: Float32Array, opset: number) => string;
const ints = (...values: number[]) => BigInt64Array.from(values, BigInt);

/** What a part may do to rows of 4, in the form of its opset. Several parts give their values the same names. */
const STEPS: Readonly<Record<string, Step>> = {
  relu: (g, x) => g.node('Relu', [x]),
  tanh: (g, x) => g.node('Tanh', [x]),
  identity: (g, x) => g.node('Identity', [x]),
  matmul: (g, x, at, weights) => g.node('MatMul', [x, g.weight(`w${at}`, weights.subarray(0, 16), [4, 4])]),
  add: (g, x, at, weights) => g.node('Add', [x, g.weight(`w${at}`, weights.subarray(at, at + 4), [4])]),
  constant: (g, x, at, weights) =>
    g.node('Mul', [x, g.node('Constant', [], { value: attribute.tensor(weights.slice(at, at + 1), []) })]),
  centre(g, x, at, _, opset) {
    if (opset < 18)
      return g.node('Sub', [
        x,
        g.node('ReduceMean', [x], { axes: attribute.ints([1]), keepdims: attribute.int(1) }),
      ]);
    return g.node('Sub', [x, g.node('ReduceMean', [x, g.weight(`axes${at}`, ints(1), [1])])]);
  },
  swap(g, x, _, __, opset) {
    const parts = opset < 18 ? {} : { num_outputs: attribute.int(2) };
    const [a, b] = g.node('Split', [x], { axis: attribute.int(1), ...parts }, 2);
    return g.node('Concat', [b!, a!], { axis: attribute.int(1) });
  },
};

/** How a part is made; equal recipes give equal parts. */
export interface Recipe {
  name: string;
  opset: number;
  steps: string[];
  weights: Float32Array;
}

const recipe = (name: fc.Arbitrary<string>): fc.Arbitrary<Recipe> =>
  fc.record({
    name,
    opset: fc.integer({ min: OPSET_MIN, max: OPSET_MAX }),
    steps: fc.array(fc.constantFrom(...Object.keys(STEPS)), { maxLength: 5 }),
    weights: fc.float32Array({ min: -1, max: 1, noNaN: true, minLength: 24, maxLength: 24 }),
  });

function finished(g: GraphBuilder, opset: number): Model {
  const model = g.build({ producer: 'test' });
  model.opsetImport[0]!.version = BigInt(opset);
  return model;
}

function stepped(g: GraphBuilder, x: string, { steps, weights, opset }: Recipe): string {
  return steps.reduce((value, step, at) => STEPS[step]!(g, value, at, weights, opset), x);
}

function linear(g: GraphBuilder, name: string, x: string, weights: Float32Array, from: number, to: number) {
  return g.node('MatMul', [x, g.weight(name, weights.slice(0, from * to), [from, to])]);
}

/** latent_0 … → latent, `[n, 4]` each. */
export function morphism(made: Recipe, arity: number): Part {
  const g = graph('morphism');
  const inputs = Array.from({ length: arity }, (_, index) => g.input(`latent_${index}`, [null, 4]));
  const [first, ...rest] = inputs;
  const together = rest.reduce((a, b, index) => g.node(index % 2 ? 'Mul' : 'Sub', [a, b]), first!);
  g.output('latent', stepped(g, together, made), [null, 4]);
  return { name: made.name, model: finished(g, made.opset), about: { version: '1.0.0' } };
}

/** input → latent, and style. */
export function encoder(made: Recipe): Part {
  const g = graph('encode');
  const read = linear(g, 'read', g.input('input', [null, 3]), made.weights, 3, 4);
  const latent = g.node('Tanh', [stepped(g, read, made)]);
  g.output('latent', latent, [null, 4]);
  g.output('style', linear(g, 'hand', latent, made.weights, 4, 2), [null, 2]);
  return { name: made.name, model: finished(g, made.opset) };
}

/** latent, and style → output. */
export function decoder(made: Recipe, styled: boolean): Part {
  const g = graph('decode');
  const latent = g.input('latent', [null, 4]);
  const drawn = linear(g, 'write', stepped(g, latent, made), made.weights, 4, 3);
  const style = styled ? linear(g, 'hand', g.input('style', [null, 2]), made.weights, 2, 3) : undefined;
  g.output('output', style === undefined ? drawn : g.node('Add', [drawn, style]), [null, 3]);
  return { name: made.name, model: finished(g, made.opset) };
}

export function probe(made: Recipe): Part {
  const g = graph('probe');
  const logits = linear(g, 'read', g.input('latent', [null, 4]), made.weights, 4, 5);
  g.output('distribution', g.node('Softmax', [logits]), [null, 5]);
  return { name: 'probe', model: finished(g, made.opset) };
}

const morphisms = fc.array(
  fc.tuple(recipe(fc.constantFrom('add', 'carry', 'negate')), fc.integer({ min: 1, max: 3 })),
  {
    minLength: 1,
    maxLength: 4,
  },
);

/** Any composition of up to four different morphisms, repeated in any tree, whose inputs are counted from the left. */
export const anyChain: fc.Arbitrary<FuseChain & { styled: boolean }> = fc
  .record({
    encode: fc.array(recipe(fc.constantFrom('dots', 'words')), { minLength: 1, maxLength: 2 }),
    decode: recipe(fc.constantFrom('dots', 'words')),
    probe: recipe(fc.constant('probe')),
    styled: fc.boolean(),
    morphisms,
    shape: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
  })
  .map(({ encode, decode, probe: asked, styled, morphisms: made, shape }) => {
    const parts = made.map(([each, arity]) => ({ part: morphism(each, arity), arity }));
    const probed = probe(asked);
    const encoders = encode.map(encoder);
    let inputs = 0;
    const grow = (depth: number): FuseSource => {
      const choice = shape[(3 * inputs + depth) % shape.length]!;
      if (depth === 0 || choice % 4 === 0) return { kind: 'input', index: inputs++ };
      const { part, arity } = parts[choice % parts.length]!;
      return { kind: 'apply', morphism: part, sources: Array.from({ length: arity }, () => grow(depth - 1)) };
    };
    const result = grow(3);
    return {
      styled,
      inputs: Array.from({ length: inputs }, (_, i) => ({
        encode: encoders[i % encoders.length]!,
        probe: probed,
      })),
      result,
      output: { decode: decoder(decode, styled), probe: probed },
    };
  });

/** Fuse parts of a composition before the whole, where the next of `choices` says so. */
export function grouped(source: FuseSource, choices: () => boolean): FuseSource {
  if (source.kind === 'input') return source;
  const sources = source.sources.map((each) => grouped(each, choices));
  const whole: FuseSource = { ...source, sources };
  if (!choices()) return whole;
  const outside: FuseSource[] = [];
  const inside = (each: FuseSource): FuseSource => {
    if (each.kind === 'apply' && (each === whole || choices()))
      return { ...each, sources: each.sources.map(inside) };
    outside.push(each);
    return { kind: 'input', index: outside.length - 1 };
  };
  const fused = fuseMorphism(inside(whole));
  return { kind: 'apply', morphism: { fused }, sources: outside };
}

export type Rows = Readonly<Record<string, Float32Array>>;

const sessions = new WeakMap<Model, Promise<InferenceSession>>();

/** Run a model on float32 rows. */
export async function run(model: Model, feeds: Rows, rows: number): Promise<Record<string, Float32Array>> {
  const opened =
    sessions.get(model) ??
    InferenceSession.create(writeModel(model), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  sessions.set(model, opened);
  const tensors = Object.entries(feeds).map(([name, data]) => [
    name,
    new Tensor('float32', data, [rows, data.length / rows]),
  ]);
  const results = await (await opened).run(Object.fromEntries(tensors));
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

/** Everything that a chain computes, by the names of the fused outputs, each part in a session of its own. */
export async function apart(
  chain: FuseChain,
  inputs: readonly Float32Array[],
  style: Float32Array | number | undefined,
  rows: number,
): Promise<Record<string, Float32Array>> {
  const found: Record<string, Float32Array> = {};
  for (const [index, { encode, probe: read }] of chain.inputs.entries()) {
    const encoded = await run(encode.model, { input: inputs[index]! }, rows);
    found[`latent_${index}`] = encoded.latent!;
    found[`style_${index}`] = encoded.style!;
    found[`before_${index}`] = (await run(read!.model, { latent: encoded.latent! }, rows)).distribution!;
  }
  const evaluate = async (source: FuseSource): Promise<Float32Array> => {
    if (source.kind === 'input') return found[`latent_${source.index}`]!;
    if ('fused' in source.morphism) throw new Error('give the composition of single parts');
    const feeds: Record<string, Float32Array> = {};
    for (const [index, each] of source.sources.entries()) feeds[`latent_${index}`] = await evaluate(each);
    return (await run(source.morphism.model, feeds, rows)).latent!;
  };
  const latent = await evaluate(chain.result);
  const drawn = typeof style === 'number' ? found[`style_${style}`] : style;
  const feeds = drawn === undefined ? { latent } : { latent, style: drawn };
  const { output } = await run(chain.output.decode.model, feeds, rows);
  const { distribution } = await run(chain.output.probe!.model, { latent }, rows);
  return { ...found, latent, output: output!, distribution: distribution! };
}

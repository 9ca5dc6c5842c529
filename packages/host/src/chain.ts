/** A chain that fits together and can be run: codec → encode → morphisms → decode → codec. */
import { type Category, type Codec, DeepFunctorError, fail } from '@deepfunctor/core';
import { type ModelPort, writeModel } from '@deepfunctor/onnx';
import { decodeOutput, encodeInput, type Form, rowShape } from './codecs/index.js';
import { type Crossed, crossedIn, describePlan, type Plan, type Source } from './compose.js';
import type { Functor } from './discover.js';
import { fusedPorts, inputName } from './fused.js';
import type { Encoded, Models } from './models.js';
import { areFinite } from './network.js';
import { type ChainRecord, recordOf } from './record.js';
import { stacked } from './rows.js';
import type { Way } from './spaces.js';
import { type Streamed, type StreamOptions, type StreamQuestion, streamThrough } from './stream/index.js';
import { askerOf, chooseStyle, normals, type Style, type StyleOptions } from './style.js';

/** One end of a chain: what a person gives or gets there. */
export interface End {
  functor: string;
  category: string;
  codec: Codec;
  /** Names of the labels that the functor covers. */
  domain: readonly string[];
  /** S, where the format has variety. */
  style?: number;
}

/** A bridge that was put in because the chain goes from one space into another. */
export interface BridgeUse {
  bridge: string;
  /** Its npm package. */
  package: string;
  version: string | undefined;
  way: Way;
  from: { category: string; version: string; digest: string };
  to: { category: string; version: string; digest: string };
  /** Whose objects it carries, and to whom. */
  between: readonly [string, string];
}

/** What the probe reads from a latent: every label of the category in its order, with its probability. */
export type Distribution = readonly { label: string; p: number }[];

/** What a chain makes of one question. */
export interface Answer {
  /** A text of the output's codec, or the bytes of a PNG. */
  value: string | Uint8Array;
  /** Image formats: the same PNG. */
  png?: Uint8Array;
  /** Text formats: the output read symbol by symbol; it differs from `value` where it spells no value of the codec. */
  raw?: string;
  /** The row of the decoder's output tensor. */
  output: Float32Array;
  /** The likeliest label of the last latent among those that the output's functor covers. */
  label: string;
  /** What the probe reads from each input's latent. */
  before: Distribution[];
  /** What the probe reads from the last latent. */
  distribution: Distribution;
  /** Where the style came from; undefined where the format has none. */
  style?: Style;
}

export interface RunOptions extends StyleOptions {
  /** What each input is called in messages, for example its file. */
  where?: readonly string[] | undefined;
}

/** A batch through a chain, as it is: all arrays row-major with `rows` rows. */
export interface TensorAnswer {
  /** The output functor's tensor. */
  output: Float32Array;
  /** `[rows, D]`, the last latents. */
  latents: Float32Array;
  /** `[rows, K]`, what the probe reads from them. */
  distributions: Float32Array;
  /** `[rows, D]` for each input, its latents. */
  encoded: Float32Array[];
  /** `[rows, K]` for each input, what the probe reads from its latents. */
  before: Float32Array[];
  /** `[rows, S]`, the styles that were decoded with; undefined where the format has none. */
  styles: Float32Array | undefined;
}

/** An ONNX file and its ports, all float32; `null` is the dynamic axis. */
export interface OnnxFile {
  bytes: Uint8Array;
  inputs: readonly ModelPort[];
  outputs: readonly ModelPort[];
}

/** A chain of plugins. */
export interface Chain {
  /** As `compose` reads it. */
  text: string;
  /** The same with the bridges that were put in, in brackets: `digits -> [fuzzy-digits-1-to-2] -> roman`. */
  description: string;
  /** The bridges, in the order of the way; none where the chain stays in its spaces. */
  bridges: readonly BridgeUse[];
  inputs: End[];
  output: End;
  /** What the chain is made of. The same record gives the same answers. */
  record: ChainRecord;
  /**
   * Answer one question: one input, or as many as the chain takes in an array.
   * Errors: INPUT_COUNT, those of the codecs, STYLE_UNAVAILABLE, WEIGHTS_….
   */
  run(input: Form | readonly Form[], options?: RunOptions): Promise<Answer>;
  /** Answer many questions at once; each is an array of inputs. */
  runBatch(questions: readonly (readonly Form[])[], options?: RunOptions): Promise<Answer[]>;
  /**
   * Answer any number of questions in memory that does not grow with them, in their order: batches through the chain,
   * pictures read and decoded by other threads. Nothing is read before it is asked for, but for three batches. A
   * question that cannot be answered gives its error, and the rest goes on. What concerns all of them is thrown.
   * Errors: STYLE_UNAVAILABLE, WEIGHTS_…, ENGINE_MISSING, and what the questions themselves throw.
   */
  stream<Q extends StreamQuestion>(
    questions: Iterable<Q> | AsyncIterable<Q>,
    options?: StreamOptions,
  ): AsyncGenerator<Streamed<Q>>;
  /** The same on tensors `[rows, …]`, one for each input, without codecs. Errors: INPUT_TENSOR too. */
  runTensors(inputs: readonly Float32Array[], rows: number, options?: StyleOptions): Promise<TensorAnswer>;
  /**
   * The whole chain as one ONNX file, which any runtime takes: inputs `input` (several: `input_0` …) and, where the
   * answer has one, `style`; outputs `output` and, if asked for, `distribution`. The same plugins give the same bytes.
   * Errors: WEIGHTS_…, FUSION_OPSET.
   */
  toOnnx(options?: { distribution?: boolean | undefined }): Promise<OnnxFile>;
}

/** Make a planned chain runnable: as one graph, or (`fuse` false) model by model. */
export function chainOf(text: string, plan: Plan, models: Models, fuse = true): Chain {
  const { inputs, output } = plan;
  const expectCount = (given: number) => {
    if (given !== inputs.length) fail('INPUT_COUNT', { where: text, expected: inputs.length, given });
  };

  const sizes = inputs.map(({ manifest }) => rowShape(manifest.codec).reduce((a, b) => a * b, 1));
  const names = inputs.map((_, index) => ({
    input: inputName(plan, index),
    latent: `latent_${index}`,
    before: `before_${index}`,
  }));

  let together = fuse;

  /** `numbers` tells which draw each row gets; left out, row i gets the i-th. */
  const askTensors = async (
    tensors: readonly Float32Array[],
    rows: number,
    options: StyleOptions,
    numbers?: readonly number[],
  ): Promise<TensorAnswer> => {
    expectCount(tensors.length);
    const style = chooseStyle(plan, options, text);
    for (const [index, { name, manifest }] of inputs.entries())
      if (tensors[index]!.length !== rows * sizes[index]!)
        refuseTensor(tensors[index]!, rows, name, manifest.codec);
    const question: Question = { plan, names, text, tensors, rows, style, seed: options.seed ?? 0, numbers };
    if (!together) return askModels(question, models);
    try {
      const answer = await askChain(question, models);
      if (latentsOf(answer).every(areFinite)) return answer;
    } catch (error) {
      // One graph cannot tell which file is at fault; the models one by one do, or the fault is in the fusion.
      const answer = await askModels(question, models);
      if (!(error instanceof DeepFunctorError && error.code === 'FUSION_OPSET')) throw error;
      together = false;
      return answer;
    }
    return askModels(question, models);
  };
  const runTensors: Chain['runTensors'] = (tensors, rows, options = {}) => askTensors(tensors, rows, options);

  const runBatch: Chain['runBatch'] = async (questions, options = {}) => {
    const rows = questions.map((question, row) => {
      expectCount(question.length);
      return inputs.map(({ name, manifest }, index) =>
        encodeInput(manifest.codec, question[index]!, { functor: name, where: whereOf(options, row, index) }),
      );
    });
    const style = chooseStyle(plan, options, text);
    if (rows.length === 0) return [];
    const tensors = inputs.map((_, index) => stacked(rows.map((row) => row[index]!)));
    const result = await runTensors(tensors, rows.length, options);
    return rows.map((_, row) => answerOf(result, row, plan, style));
  };
  const whereOf = ({ where }: RunOptions, row: number, index: number) =>
    where?.[row * inputs.length + index] ?? where?.[index] ?? `input ${index + 1} of “${text}”`;

  return {
    text,
    description: describePlan(plan),
    bridges: crossedIn(plan.result).map(useOf),
    inputs: inputs.map(endOf),
    output: endOf(output),
    record: recordOf(text, plan),
    runTensors,
    runBatch,
    async run(input, options) {
      const question = Array.isArray(input) ? (input as readonly Form[]) : [input as Form];
      const [answer] = await runBatch([question], options);
      return answer!;
    },
    stream(questions, options = {}) {
      const style = chooseStyle(plan, options, text);
      const answer = async (tensors: readonly Float32Array[], numbers: readonly number[]) => {
        const result = await askTensors(tensors, numbers.length, options, numbers);
        return numbers.map((_, row) => answerOf(result, row, plan, style));
      };
      return streamThrough({ text, inputs: inputs.map(endOf), answer }, questions, options);
    },
    async toOnnx({ distribution = false } = {}) {
      const fusion = { outputs: ['output', ...(distribution ? ['distribution'] : [])] };
      return { bytes: writeModel(models.fuse(plan, fusion)), ...fusedPorts(plan, fusion) };
    },
  };
}

/** A batch for a chain. */
interface Question {
  plan: Plan;
  /** What each input, and what is told of it, is called in the fused chain. */
  names: readonly Record<'input' | 'latent' | 'before', string>[];
  text: string;
  tensors: readonly Float32Array[];
  rows: number;
  style: Style | undefined;
  seed: number;
  numbers?: readonly number[] | undefined;
}

/** Answer with one run of the fused chain. */
async function askChain(question: Question, models: Models): Promise<TensorAnswer> {
  const { plan, names, text, tensors, rows, style } = question;
  const asker = style === 'asker' ? askerOf(plan) : undefined;
  const given = asker === undefined ? drawnStyles(question) : undefined;
  const network = models.chain(plan, text, asker);
  const feeds: Record<string, Float32Array> = {};
  for (let index = 0; index < names.length; index++) feeds[names[index]!.input] = tensors[index]!;
  if (given !== undefined) feeds.style = given;
  const found = await network.run(feeds, rows);
  return {
    output: found.output!,
    latents: found.latent!,
    distributions: found.distribution!,
    encoded: names.map(({ latent }) => found[latent]!),
    before: names.map(({ before }) => found[before]!),
    styles: asker === undefined ? given : found[`style_${asker}`],
  };
}

/** Answer model by model. Every latent on the way is looked at, so faults are told with the file they come from. */
async function askModels(question: Question, models: Models): Promise<TensorAnswer> {
  const { plan, tensors, style } = question;
  const { inputs, output } = plan;
  const encoded: Encoded[] = [];
  for (const [index, functor] of inputs.entries())
    encoded.push(await models.encode(functor, tensors[index]!));
  const latents = await evaluate(plan.result, encoded, models);
  const styles = style === 'asker' ? encoded[askerOf(plan)]!.style : drawnStyles(question);
  const before: Float32Array[] = [];
  for (const [index, { category }] of inputs.entries())
    before.push(await models.probe(category, encoded[index]!.latent));
  return {
    output: await models.decode(output, latents, styles),
    latents,
    distributions: await models.probe(output.category, latents),
    encoded: encoded.map(({ latent }) => latent),
    before,
    styles,
  };
}

/** All latents that are told. One that is no number is told by the model that gives it. */
function latentsOf({ latents, encoded }: TensorAnswer): Float32Array[] {
  return [latents, ...encoded];
}

function endOf({ name, category, manifest }: Functor): End {
  const { codec, domain, style } = manifest;
  return { functor: name, category: category.name, codec, domain, ...(style === undefined ? {} : { style }) };
}

function useOf({ crossing: { bridge, way, from, to }, between }: Crossed): BridgeUse {
  const space = ({ name, version, digest }: Category) => ({ category: name, version, digest });
  const own = { bridge: bridge.name, package: bridge.package, version: bridge.version };
  return { ...own, way, from: space(from), to: space(to), between };
}

async function evaluate(
  source: Source,
  questions: readonly Encoded[],
  models: Models,
): Promise<Float32Array> {
  if (source.kind === 'input') return questions[source.index]!.latent;
  if (source.kind === 'cross') {
    const { bridge, way } = source.crossing;
    return models.cross(bridge, way, await evaluate(source.source, questions, models));
  }
  const latents: Float32Array[] = [];
  for (const each of source.sources) latents.push(await evaluate(each, questions, models));
  return models.apply(source.morphism, latents);
}

/** Styles that come from no question; undefined where the format has none. */
function drawnStyles({ plan, rows, style, seed, numbers }: Question): Float32Array | undefined {
  if (style === undefined) return undefined;
  const size = plan.output.manifest.style!;
  if (style !== 'sampled') return new Float32Array(rows * size);
  return numbers === undefined
    ? normals(rows * size, seed)
    : stacked(numbers.map((number) => normals(size, seed, number * size)));
}

function answerOf(result: TensorAnswer, row: number, plan: Plan, style: Style | undefined): Answer {
  const { inputs, output } = plan;
  const rowOf = (values: Float32Array, size: number) => values.slice(row * size, (row + 1) * size);
  const size = rowShape(output.manifest.codec).reduce((a, b) => a * b, 1);
  const values = rowOf(result.output, size);
  const belief = rowOf(result.distributions, output.category.labels.length);
  const likeliest = output.domain.reduce((best, label) => (belief[label]! > belief[best]! ? label : best));
  return {
    ...decodeOutput(output.manifest.codec, values),
    output: values,
    label: output.category.labels[likeliest]!.name,
    before: inputs.map(({ category }, index) =>
      distributionOf(category, rowOf(result.before[index]!, category.labels.length)),
    ),
    distribution: distributionOf(output.category, belief),
    ...(style === undefined ? {} : { style }),
  };
}

function distributionOf({ labels }: Category, belief: Float32Array): Distribution {
  return labels.map(({ name }, index) => ({ label: name, p: belief[index]! }));
}

function refuseTensor(values: Float32Array, rows: number, functor: string, codec: Codec): never {
  return fail('INPUT_TENSOR', {
    where: `the input of “${functor}”`,
    name: 'input',
    reason: `it has ${values.length} values`,
    shape: `[${[rows, ...rowShape(codec)].join(', ')}]`,
  });
}

/** Learning against the frozen space: from a table or examples to a plugin's package. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import {
  type BitsCodec,
  bitsProblem,
  type Category,
  fail,
  type ImageCodec,
  reasonOf,
} from '@deepfunctor/core';
import { type Host, openHost } from '@deepfunctor/host';
import { type EngineKind, openEngine } from '../engine.js';
import type { PluginPackage } from '../package.js';
import { type Contract, openContract, portOf } from './contract.js';
import { readPictures, readTexts, type Texts } from './examples.js';
import { measureFunctor, measureMorphism } from './measure.js';
import { type Learned, learnMorphism, type Progress } from './morphism.js';
import { learnPicture, measureShots, split } from './picture.js';
import { PICTURE_STYLE } from './picture-networks.js';
import { checkOut, publish, rangeOfCore } from './publish.js';
import { tableOfCsv, tableOfExpression } from './table.js';
import { learnText, symbolsOf } from './text.js';

export interface LearnOptions extends Progress {
  name: string;
  /** Folder of the package; must not exist, unless `replace`. */
  out: string;
  replace?: boolean | undefined;
  /** npm name; default: that of the folder. */
  package?: string | undefined;
  description?: string | undefined;
  /** Name of the category, with its version where several releases are installed; may be left out where there is one. */
  category?: string | undefined;
  /** Folders of categories besides those of the project and the built-in ones. */
  categories?: readonly string[] | undefined;
  /** Where the user's project is. Default: the working directory. */
  cwd?: string | undefined;
  seed?: number | undefined;
  steps?: number | undefined;
  /** Default: native where it loads. */
  engine?: EngineKind | undefined;
}

export interface LearnMorphismOptions extends LearnOptions {
  arity?: number | undefined;
  /** An expression, or the path of a CSV file. */
  table: string;
}

export interface LearnFunctorOptions extends LearnOptions {
  codec: 'symbols' | 'bits' | 'image';
  /** A CSV file of value and text, or a folder of labelled PNG files. */
  examples: string;
  /** Cover only the labels that there are examples of. */
  partial?: boolean | undefined;
  /** Pictures: side in pixels, and how a picture is fitted; see ImageCodec. */
  size?: number | undefined;
  fit?: ImageCodec['fit'] | undefined;
  empty?: ImageCodec['empty'] | undefined;
  /** Pictures: measure too how well it is learned from so many examples of each label. */
  shots?: readonly number[] | undefined;
}

/** What a learning came to. */
export interface LearnReport {
  name: string;
  out: string;
  kind: 'functor' | 'morphism' | 'bridge';
  category: string;
  space: string;
  engine: string;
  steps: number;
  measured: Record<string, number | string>;
}

/** Learn a morphism. Errors: OUTPUT_EXISTS, TABLE_INVALID, LEARNING_FAILED, CATEGORY_UNKNOWN, OUTPUT_UNWRITABLE. */
export async function learnMorphismPlugin(options: LearnMorphismOptions): Promise<LearnReport> {
  const { name, table: text, arity = 1 } = options;
  checkOut(options);
  return withContract(options, async (contract, host, seed) => {
    const { category } = contract;
    const inputs = Array.from({ length: arity }, () => contract);
    const isFile = text.endsWith('.csv');
    const task = { inputs: inputs.map(() => category), output: category, where: isFile ? text : '--table' };
    const table = isFile ? tableOfCsv(readCsv(text), task) : tableOfExpression(text, task);
    const tf = await openEngine(options.engine);
    const learned = await learnMorphism(
      tf,
      { name, inputs, output: contract, table, seed, steps: options.steps },
      options,
    );
    const port = portOf(category);
    return finish(options, host, category, tf.getBackend(), learned, seed, {
      description: options.description ?? `${category.title}: ${name}, learned against the frozen space.`,
      data: `The clear latents of the reference sample with noise, and the table ${isFile ? basename(text) : `“${text}”`}.`,
      recipe: `A belief layer: the probe of the contract, a table ${table.length} × ${category.labels.length} learned from random numbers by cross-entropy, and the space’s way of writing (${contract.writing.feature}) fitted to the reference sample.`,
      manifest: (card) => ({
        kind: 'morphism',
        name,
        inputs: inputs.map(() => port),
        output: port,
        table,
        card,
      }),
      measure: (opened) => measureMorphism(opened, name, inputs, contract, table, seed),
    });
  });
}

/** Learn a functor. Errors: OUTPUT_EXISTS, EXAMPLES_INVALID, INPUT_MISSING, LEARNING_FAILED, CATEGORY_UNKNOWN, OUTPUT_UNWRITABLE. */
export async function learnFunctorPlugin(options: LearnFunctorOptions): Promise<LearnReport> {
  const { name, examples, codec: kind, partial } = options;
  checkOut(options);
  return withContract(options, async (contract, host, seed) => {
    const { category } = contract;
    const port = portOf(category);
    const names = (domain: readonly number[]) => domain.map((label) => category.labels[label]!.name);
    const description =
      options.description ?? `${category.title} as ${name}, learned against the frozen space.`;
    const ends = `Its latents are written as the space writes (${contract.writing.feature}), fitted to the reference sample; decode sees what the probe of the contract reads.`;
    if (kind !== 'image') {
      const texts = readTexts(examples, category, partial);
      const codec = kind === 'bits' ? bitsOf(texts, examples) : symbolsOf(texts);
      const tf = await openEngine(options.engine);
      const learned = await learnText(
        tf,
        { name, contract, codec, texts, seed, steps: options.steps },
        options,
      );
      return finish(options, host, category, tf.getBackend(), learned, seed, {
        description,
        data: `${texts.values.length} texts (${basename(examples)}), and the clear latents of the reference sample with noise.`,
        recipe: `encode: a network of one hidden layer over the text; decode: a text for each label, mixed by the belief. ${ends}`,
        manifest: (card) => ({ kind: 'functor', name, port, domain: names(texts.domain), codec, card }),
        measure: (opened) => measureFunctor(opened, name, contract, seed),
      });
    }
    const side = options.size ?? 28;
    const codec: ImageCodec = {
      kind: 'image',
      version: 1,
      channels: 1,
      height: side,
      width: side,
      fit: options.fit ?? 'picture',
      empty: options.empty ?? 'refuse',
    };
    const pictures = readPictures(examples, category, codec, partial);
    const tf = await openEngine(options.engine);
    const task = { name, contract, codec, pictures, seed, steps: options.steps };
    const learned = await learnPicture(tf, task, options);
    const curve = await measureShots(tf, task, options.shots ?? [], options);
    const { kept } = split(pictures, seed);
    const size = side * side;
    const pixels = new Float32Array(kept.length * size);
    kept.forEach(
      (row, i) => void pixels.set(pictures.pixels.subarray(row * size, (row + 1) * size), i * size),
    );
    return finish(options, host, category, tf.getBackend(), learned, seed, {
      description,
      data: `${pictures.count} labelled pictures (${basename(resolve(examples))}), of which ${kept.length} were kept to measure by.`,
      recipe: `encode: a convolutional network taught on varied copies; decode: a conditional variational autoencoder whose pictures encode must read. ${ends}`,
      manifest: (card) => ({
        kind: 'functor',
        name,
        port,
        domain: names(pictures.domain),
        codec,
        style: PICTURE_STYLE,
        card,
      }),
      measure: async (opened) => ({
        ...(await measureFunctor(opened, name, contract, seed, {
          pixels,
          labels: kept.map((row) => pictures.domain[pictures.places[row]!]!),
        })),
        ...Object.fromEntries(
          curve.map(({ shots, accuracy }) => [
            `accuracy on the rest after ${shots} example(s) of each label`,
            Number(accuracy.toPrecision(6)),
          ]),
        ),
      }),
    });
  });
}

interface Finished {
  description: string;
  data: string;
  recipe: string;
  manifest: (card: PluginPackage['manifest']['card']) => PluginPackage['manifest'];
  measure: (host: Host) => Promise<Record<string, number | string>>;
}

async function finish(
  options: LearnOptions,
  host: Host,
  category: Category,
  engine: string,
  learned: Learned,
  seed: number,
  { description, data, recipe, manifest, measure }: Finished,
): Promise<LearnReport> {
  const { name, out } = options;
  const card = { mode: 'frozen', seed, steps: learned.steps, data, recipe, measured: {} } as const;
  const plugin = {
    package: options.package ?? basename(resolve(out)),
    description,
    manifest: manifest(card),
    files: learned.files,
    core: rangeOfCore(),
  };
  const categories = host.categories.map(({ directory }) => directory);
  const measured = await publish(
    plugin,
    { out, replace: options.replace, categories, signal: options.signal },
    measure,
  );
  const { kind } = plugin.manifest;
  return {
    name,
    out,
    kind,
    category: category.name,
    space: category.digest,
    engine,
    steps: learned.steps,
    measured,
  };
}

async function withContract<T>(
  options: LearnOptions,
  work: (contract: Contract, host: Host, seed: number) => Promise<T>,
): Promise<T> {
  const { cwd, categories } = options;
  const host = await openHost({
    ...(cwd === undefined ? {} : { cwd }),
    ...(categories === undefined ? {} : { categories }),
  });
  try {
    const installed = [...new Set(host.categories.map((each) => each.name))];
    const name = options.category ?? (installed.length === 1 ? installed[0]! : '');
    if (name === '')
      fail('CATEGORY_UNKNOWN', {
        where: '--category',
        category: '',
        installed: installed.join(', ') || 'none',
      });
    return await work(openContract(host, name), host, options.seed ?? 1);
  } finally {
    await host.close();
  }
}

function bitsOf({ values }: Texts, where: string): BitsCodec {
  const codec: BitsCodec = { kind: 'bits', version: 1, width: values[0]!.length, values };
  const wrong = values.find((value) => bitsProblem(value, codec) !== undefined);
  return wrong === undefined
    ? codec
    : fail('EXAMPLES_INVALID', {
        where,
        reason: `“${wrong}” ${bitsProblem(wrong, codec)}`,
        solution: 'Write every value with as many zeros and ones.',
      });
}

function readCsv(path: string): string {
  if (!existsSync(path)) fail('INPUT_MISSING', { where: path, reason: 'there is no such file' });
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    return fail('INPUT_MISSING', { where: path, reason: reasonOf(cause), cause });
  }
}

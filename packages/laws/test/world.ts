/**
 * A world for tests that is nothing like digits: tones (K = 3, D = 5, norm 2) and switches (K = 2, D = 3, norm 1), in
 * which every law holds. Tests then put one wrong model into one plugin.
 *
 * A belief p is the latent norm · √D · √p on the first K axes. The others are hidden from the probe; the support allows a
 * tenth of the square there, and the reference sample has a little on the last one.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type Category,
  type CategoryRelease,
  fileRef,
  readCategory,
  spaceDigest,
  writeReference,
} from '@deepfunctor/core';
import { attribute, type GraphBuilder, graph, type Model, writeModel } from '@deepfunctor/onnx';
import { onTestFinished } from 'vitest';

export interface Space {
  name: string;
  labels: string[];
  dimension: number;
  norm: number;
  /** Of its release; 1.4.0 if left out. */
  version?: string;
}
export const TONES: Space = { name: 'tones', labels: ['c', 'e', 'g'], dimension: 5, norm: 2 };
export const SWITCHES: Space = { name: 'switches', labels: ['off', 'on'], dimension: 3, norm: 1 };
export const scaleOf = ({ dimension, norm }: Space) => norm * Math.sqrt(dimension);

/** The share of a reference latent's square that lies on the last axis. */
export const FINGERPRINT = 0.01;
export const SIDE = 6;

export interface World {
  project: string;
  folder(name: string): string;
  /** Put another model into an installed plugin, and record it in its manifest. */
  replace(name: string, role: string, model: Model): void;
  /** Change an installed package.json. */
  edit(name: string, change: (json: PackageJson) => void): void;
}

/** A package.json, as loosely as tests need it. */
// biome-ignore lint/suspicious/noExplicitAny: tests write manifests that are wrong on purpose.
export type PackageJson = any;

/** Build the world in a new folder, removed when the test is over. */
export function buildWorld(): World {
  const project = mkdtempSync(join(tmpdir(), 'deepfunctor-laws-'));
  onTestFinished(() => rmSync(project, { recursive: true, force: true }));
  const folder = (name: string) => join(project, 'node_modules', name);
  const tones = writeCategory(folder('category-tones'), TONES);
  const switches = writeCategory(folder('category-switches'), SWITCHES);
  const functor = (category: Category, name: string, codec: object, models: Models, style?: number) => {
    const port = portOf(category);
    const domain = category.labels.map((label) => label.name);
    const manifest = { kind: 'functor', name, port, domain, codec: { version: 1, ...codec } };
    writePlugin(folder(name), { ...manifest, ...(style === undefined ? {} : { style }) }, models);
  };
  const morphism = (name: string, inputs: Category[], output: Category, table: number[], model: Model) =>
    writePlugin(
      folder(name),
      { kind: 'morphism', name, inputs: inputs.map(portOf), output: portOf(output), table },
      { morphism: model },
    );
  const image = { kind: 'image', channels: 1, height: SIDE, width: SIDE, fit: 'picture', empty: 'allow' };
  const words = { kind: 'symbols', length: 1, alphabet: ['', 'C', 'E', 'G'], values: ['C', 'E', 'G'] };
  functor(
    tones,
    'keys',
    { kind: 'bits', width: 2, values: ['00', '01', '10'] },
    {
      encode: keysIn(),
      decode: keysOut(),
    },
  );
  functor(tones, 'words', words, { encode: wordsIn(), decode: wordsOut() });
  functor(tones, 'bars', image, { encode: barsIn(), decode: barsOut() }, 2);
  functor(switches, 'lamp', { kind: 'bits', width: 1, values: ['0', '1'] }, lamp());
  morphism('stay', [tones], tones, [0, 1, 2], mapped(TONES, TONES, [0, 1, 2]));
  morphism('next', [tones], tones, [1, 2, 0], mapped(TONES, TONES, [1, 2, 0]));
  morphism('mirror', [tones], tones, [0, 2, 1], mapped(TONES, TONES, [0, 2, 1]));
  morphism('plus', [tones, tones], tones, [0, 1, 2, 1, 2, 0, 2, 0, 1], plus());
  morphism('sounds', [tones], switches, [0, 1, 1], mapped(TONES, SWITCHES, [0, 1, 1]));
  const names = ['keys', 'words', 'bars', 'lamp', 'stay', 'next', 'mirror', 'plus', 'sounds'];
  const all = ['category-tones', 'category-switches', ...names];
  writeJson(join(project, 'package.json'), {
    name: 'a-project',
    dependencies: Object.fromEntries(all.map((name) => [name, '*'])),
  });
  const edit: World['edit'] = (name, change) => {
    const file = join(folder(name), 'package.json');
    const json: PackageJson = JSON.parse(readFileSync(file, 'utf8'));
    change(json);
    writeJson(file, json);
  };
  return {
    project,
    folder,
    edit,
    replace(name, role, model) {
      write(join(folder(name), `${role}.onnx`), writeModel(model));
      edit(name, (json) => {
        json.deepfunctor.files[role] = fileRef(folder(name), `${role}.onnx`);
      });
    },
  };
}

type Models = Record<string, Model>;

export const portOf = ({ name, version, digest }: Category) => ({
  category: name,
  contract: `^${version}`,
  space: digest,
});

export function writePlugin(folder: string, manifest: Record<string, unknown>, models: Models): void {
  const files = Object.fromEntries(
    Object.entries(models).map(([role, model]) => {
      write(join(folder, `${role}.onnx`), writeModel(model));
      return [role, fileRef(folder, `${role}.onnx`)];
    }),
  );
  const card = { mode: 'founding', seed: 1, steps: 0, data: 'none', recipe: 'by hand', measured: {} };
  writeJson(join(folder, 'package.json'), {
    name: `${manifest.name}`,
    version: '1.0.0',
    keywords: ['deepfunctor-plugin'],
    exports: { './package.json': './package.json' },
    peerDependencies: { '@deepfunctor/core': '>=0.1.0' },
    deepfunctor: { manifest: 1, ...manifest, files, card },
  });
}

/** Clear latents of each label, and blends of each pair, all with a little on the last axis. */
export function writeCategory(folder: string, space: Space): Category {
  const { name, labels, dimension, norm, version = '1.4.0' } = space;
  // Each label certain and nearly certain, and blends of each pair.
  const beliefs = labels.flatMap((_, i) =>
    labels.flatMap((_, j) =>
      (i === j ? [1, 0.99] : [0.55, 0.7]).map((p) => {
        const other = i === j ? (i + 1) % labels.length : j;
        return labels.map((_, k) => (k === i ? p : k === other ? 1 - p : 0));
      }),
    ),
  );
  const latents = beliefs.map((p) =>
    Array.from(
      { length: dimension },
      (_, k) =>
        scaleOf(space) *
        Math.sqrt(k < labels.length ? p[k]! * (1 - FINGERPRINT) : k === dimension - 1 ? FINGERPRINT : 0),
    ),
  );
  write(join(folder, 'release/probe.onnx'), writeModel(probe(space)));
  write(join(folder, 'release/support.onnx'), writeModel(support(space)));
  const reference = writeReference({
    latents: Float32Array.from(latents.flat()),
    distributions: Float32Array.from(beliefs.flat()),
    clear: Uint8Array.from(beliefs, (p) => Number(Math.max(...p) > 0.9)),
    source: new Int32Array(beliefs.length),
    sources: ['by hand'],
    codes: matrix(labels.length, dimension, (i, j) => Number(i === j)),
  });
  write(join(folder, 'release/reference.safetensors'), reference);
  const file = (path: string) => fileRef(join(folder, 'release'), path);
  const release: CategoryRelease = {
    release: 1,
    name,
    title: name,
    version,
    labels: labels.map((label) => ({ name: label, factors: { value: label } })),
    dimension,
    norm: { kind: 'rms', value: norm, tolerance: 0.01 },
    support: { threshold: 0.1 },
    files: {
      probe: file('probe.onnx'),
      support: file('support.onnx'),
      reference: file('reference.safetensors'),
    },
    card: {},
    digest: '',
  };
  writeJson(join(folder, 'release/category.json'), { ...release, digest: spaceDigest(release) });
  writeJson(join(folder, 'package.json'), {
    name: `category-${name}`,
    version: '1.0.0',
    keywords: ['deepfunctor-plugin'],
    exports: { './package.json': './package.json' },
    deepfunctor: { manifest: 1, kind: 'category', name, path: 'release' },
  });
  return readCategory(join(folder, 'release'));
}

function writeJson(file: string, json: unknown): void {
  write(file, JSON.stringify(json, null, 2));
}

function write(file: string, content: Uint8Array | string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function matrix(rows: number, columns: number, at: (row: number, column: number) => number): Float32Array {
  return Float32Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));
}

// Pieces of models.

let weights = 0;
/** A constant. */
export const constant = (g: GraphBuilder, ...values: number[]) =>
  g.weight(`constant_${weights++}`, Float32Array.from(values), [values.length]);

/** `x · W + b` of rows, W given entry by entry. */
export function linear(
  g: GraphBuilder,
  x: string,
  [from, to]: [from: number, to: number],
  w: (i: number, j: number) => number,
  b: (j: number) => number = () => 0,
): string {
  const stem = `linear_${weights++}`;
  const bias = Float32Array.from({ length: to }, (_, j) => b(j));
  return g.node('Gemm', [
    x,
    g.weight(`${stem}_w`, matrix(from, to, w), [from, to]),
    g.weight(`${stem}_b`, bias, [to]),
  ]);
}

/** Rows divided by their sum. */
export function normalised(g: GraphBuilder, p: string): string {
  const axis = g.weight(`axis_${weights++}`, new BigInt64Array([-1n]), [1]);
  const sum = g.node('ReduceSum', [p, axis], { keepdims: attribute.int(1) });
  return g.node('Div', [p, g.node('Add', [sum, constant(g, 1e-6)])]);
}

/** The belief of latents: `[n, D]` → `[n, K]`. */
export function believed(g: GraphBuilder, z: string, space: Space): string {
  const { dimension, labels } = space;
  const axes = g.node('Relu', [
    linear(g, z, [dimension, labels.length], (i, j) => Number(i === j) / scaleOf(space)),
  ]);
  return normalised(g, g.node('Mul', [axes, axes]));
}

/** The latents of a belief; `hidden` of the square goes to the axis after the labels'. */
export function written(g: GraphBuilder, p: string, space: Space, { hidden = 0, scale = 1 } = {}): string {
  const { dimension, labels } = space;
  const size = scale * scaleOf(space);
  return linear(
    g,
    g.node('Sqrt', [p]),
    [labels.length, dimension],
    (i, j) => (i === j ? size * Math.sqrt(1 - hidden) : 0),
    (j) => (j === labels.length ? size * Math.sqrt(hidden) : 0),
  );
}

/** A belief carried through a table. */
export function carried(
  g: GraphBuilder,
  p: string,
  from: number,
  to: number,
  table: readonly number[],
): string {
  return linear(g, p, [from, to], (i, j) => Number(table[i] === j));
}

/** `(1 − w) p + w · next(p)` for the weight w `[n, 1]`: beliefs moved on where w is 1. */
export function movedOn(g: GraphBuilder, p: string, w: string): string {
  const next = carried(g, p, 3, 3, [1, 2, 0]);
  return g.node('Add', [p, g.node('Mul', [w, g.node('Sub', [next, p])])]);
}

/** How much of a latent lies on the axis, 0 … 1, made 1 above a tenth. */
export function onAxis(g: GraphBuilder, z: string, axis: number): string {
  const part = linear(
    g,
    z,
    [5, 1],
    (i) => (i === axis ? 20 / scaleOf(TONES) : 0),
    () => -1,
  );
  return clipped(g, part);
}

/** Values brought into 0 … 1. */
export function clipped(g: GraphBuilder, x: string): string {
  const [low, high] = [0, 1].map((v) => g.weight(`bound_${weights++}`, Float32Array.of(v), []));
  return g.node('Clip', [x, low!, high!]);
}

export const built = (g: GraphBuilder): Model => g.build({ producer: 'test' });

/** A model with a latent in and a latent out, given what it makes of it. */
export function morphismModel(make: (g: GraphBuilder, z: string) => string): Model {
  const g = graph('morphism');
  g.output('latent', make(g, g.input('latent_0', [null, 5])), [null, 5]);
  return built(g);
}

function probe(space: Space): Model {
  const g = graph('probe');
  const z = g.input('latent', [null, space.dimension]);
  g.output('distribution', believed(g, z, space), [null, space.labels.length]);
  return built(g);
}

/** The share of a latent's square that is not where beliefs are. */
function support(space: Space): Model {
  const { dimension, labels } = space;
  const g = graph('support');
  const z = g.input('latent', [null, dimension]);
  const axes = g.node('Relu', [
    linear(g, z, [dimension, labels.length], (i, j) => Number(i === j) / scaleOf(space)),
  ]);
  const inside = linear(
    g,
    g.node('Mul', [axes, axes]),
    [labels.length, 1],
    () => -1,
    () => 1,
  );
  const flat = g.weight('flat', new BigInt64Array([-1n]), [1]);
  g.output('distance', g.node('Reshape', [g.node('Abs', [inside]), flat]), [null]);
  return built(g);
}

/** `encode` of the keys: 00 → c, 01 → e, 10 → g. */
export function keysIn(write: Change = (g, p) => written(g, p, TONES)): Model {
  const g = graph('encode');
  const belief = linear(
    g,
    g.input('input', [null, 2]),
    [2, 3],
    (i, j) => (j === 0 ? -1 : Number(i + j === 2)),
    (j) => Number(j === 0),
  );
  g.output('latent', write(g, g.node('Relu', [belief])), [null, 5]);
  return built(g);
}

function keysOut(): Model {
  const g = graph('decode');
  const p = believed(g, g.input('latent', [null, 5]), TONES);
  g.output(
    'output',
    linear(g, p, [3, 2], (i, j) => Number(i > 0 && i + j === 2)),
    [null, 2],
  );
  return built(g);
}

function lamp(): Models {
  const encode = graph('encode');
  const belief = linear(
    encode,
    encode.input('input', [null, 1]),
    [1, 2],
    (_, j) => [-1, 1][j]!,
    (j) => [1, 0][j]!,
  );
  encode.output('latent', written(encode, encode.node('Relu', [belief]), SWITCHES), [null, 3]);
  const decode = graph('decode');
  const p = believed(decode, decode.input('latent', [null, 3]), SWITCHES);
  decode.output(
    'output',
    linear(decode, p, [2, 1], (i) => i),
    [null, 1],
  );
  return { encode: built(encode), decode: built(decode) };
}

type Change = (g: GraphBuilder, belief: string) => string;
const asIs: Change = (_, belief) => belief;

/** `encode` of the words; `change` may spoil the belief, `write` the latent. */
export function wordsIn(change: Change = asIs, write: Change = (g, p) => written(g, p, TONES)): Model {
  const g = graph('encode');
  const flat = g.node('Flatten', [g.input('input', [null, 1, 4])]);
  const belief = linear(g, flat, [4, 3], (i, j) => Number(i === j + 1));
  g.output('latent', write(g, change(g, belief)), [null, 5]);
  return built(g);
}

/** `decode` of the words; `change` may spoil the belief, knowing the latent, `show` the symbols. */
export function wordsOut(
  change: (g: GraphBuilder, belief: string, z: string) => string = asIs,
  show: Change = asIs,
): Model {
  const g = graph('decode');
  const z = g.input('latent', [null, 5]);
  const row = linear(g, change(g, believed(g, z, TONES), z), [3, 4], (i, j) => Number(j === i + 1));
  const shape = g.weight('shape', new BigInt64Array([-1n, 1n, 4n]), [3]);
  g.output('output', g.node('Reshape', [show(g, row), shape]), [null, 1, 4]);
  return built(g);
}

const PIXELS = SIDE * SIDE;
/** Bars of two columns in the upper rows; the halves of the last row are the style, 0 is mid-grey. */
const inBar = (label: number, pixel: number) =>
  pixel < SIDE * (SIDE - 1) && Math.floor((pixel % SIDE) / 2) === label;
const inStyle = (component: number, pixel: number) =>
  pixel >= SIDE * (SIDE - 1) && Math.floor((pixel % SIDE) / 3) === component;

/** How much grey a style of 1 makes. */
const GREY = 0.01;

/** `encode` of the bars. `change` may spoil the belief, knowing the style; `gain` multiplies the style. */
export function barsIn({
  change = asIs,
  write = (g, p) => written(g, p, TONES),
  gain = 1,
}: {
  change?: (g: GraphBuilder, belief: string, style: string) => string;
  write?: Change;
  gain?: number;
} = {}): Model {
  const g = graph('encode');
  const flat = g.node('Flatten', [g.input('input', [null, 1, SIDE, SIDE])]);
  const ink = linear(g, flat, [PIXELS, 3], (i, j) => (inBar(j, i) ? 1 / (2 * (SIDE - 1)) : 0));
  const style = linear(
    g,
    flat,
    [PIXELS, 2],
    (i, j) => (inStyle(j, i) ? gain / GREY / 3 : 0),
    () => (-0.5 * gain) / GREY,
  );
  g.output('latent', write(g, change(g, normalised(g, g.node('Relu', [ink])), style)), [null, 5]);
  g.output('style', style, [null, 2]);
  return built(g);
}

/** `decode` of the bars, of an ink 0 … 1, with a style that it shows or not. */
export function barsOut({ ink = 1, styled = true } = {}): Model {
  const g = graph('decode');
  const p = believed(g, g.input('latent', [null, 5]), TONES);
  const bars = linear(g, p, [3, PIXELS], (i, j) => (inBar(i, j) ? ink : 0));
  const style = g.input('style', [null, 2]);
  const hand = linear(
    g,
    style,
    [2, PIXELS],
    (i, j) => (styled && inStyle(i, j) ? GREY : 0),
    (j) => (inStyle(0, j) || inStyle(1, j) ? 0.5 : 0),
  );
  const shape = g.weight('shape', new BigInt64Array([-1n, 1n, BigInt(SIDE), BigInt(SIDE)]), [4]);
  g.output('output', g.node('Reshape', [clipped(g, g.node('Add', [bars, hand])), shape]), [
    null,
    1,
    SIDE,
    SIDE,
  ]);
  return built(g);
}

/** The belief layer of a table: read, carry, write. */
export function mapped(from: Space, to: Space, table: number[]): Model {
  const g = graph('morphism');
  const p = believed(g, g.input('latent_0', [null, from.dimension]), from);
  g.output('latent', written(g, carried(g, p, from.labels.length, to.labels.length, table), to), [
    null,
    to.dimension,
  ]);
  return built(g);
}

/** Addition modulo 3: the outer product of two beliefs, summed along its table. */
function plus(): Model {
  const g = graph('morphism');
  const [a, b] = [0, 1].map((i) => believed(g, g.input(`latent_${i}`, [null, 5]), TONES));
  const left = linear(g, a!, [3, 9], (i, j) => Number(i === Math.floor(j / 3)));
  const right = linear(g, b!, [3, 9], (i, j) => Number(i === j % 3));
  const sum = linear(g, g.node('Mul', [left, right]), [9, 3], (i, j) =>
    Number((Math.floor(i / 3) + (i % 3)) % 3 === j),
  );
  g.output('latent', written(g, sum, TONES), [null, 5]);
  return built(g);
}

/**
 * A world for tests that is nothing like digits: tones (K = 3, D = 5, norm 2) and switches (K = 2, D = 3, norm 1), with
 * plugins whose models are written by hand, installed in a project of its own.
 *
 * A belief p over the tones is the latent 2 √5 p, padded with zeros, so every model below is a small matrix.
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

/** Registers what is done when a test, or several of them, are over. */
export type AtEnd = (clean: () => void) => void;

/** A folder that is removed at the end. */
export function temporaryFolder(atEnd: AtEnd = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'deepfunctor-host-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The sides of the picture format: bars in the columns of its label, above a last row that is style. */
export const SIDE = 8;

export interface Space {
  name: string;
  labels: string[];
  dimension: number;
  norm: number;
  /** Of its release; 1.4.0 if left out. */
  version?: string;
  /** The axis of each label; by default the first ones in their order. */
  axes?: number[];
}
export const TONES: Space = { name: 'tones', labels: ['c', 'e', 'g'], dimension: 5, norm: 2 };
const SWITCHES: Space = { name: 'switches', labels: ['off', 'on'], dimension: 3, norm: 1 };
export const axisOf = ({ axes }: Space, label: number) => axes?.[label] ?? label;
export const scaleOf = ({ dimension, norm }: Space) => norm * Math.sqrt(dimension);

/** A project with every package of this world installed. */
export interface World {
  project: string;
  /** Folder of an installed package. */
  folder(name: string): string;
  /** Change an installed package.json. */
  edit(name: string, change: (json: PackageJson) => void): void;
  tones: Category;
  switches: Category;
}

/** A package.json, as loosely as tests need it. */
// biome-ignore lint/suspicious/noExplicitAny: tests write manifests that are wrong on purpose.
export type PackageJson = any;

/** Build the world in a new folder. */
export function buildWorld(atEnd?: AtEnd): World {
  const project = temporaryFolder(atEnd);
  const folder = (name: string) => join(project, 'node_modules', ...name.split('/'));
  const tones = writeCategory(folder('category-tones'), TONES);
  const switches = writeCategory(folder('category-switches'), SWITCHES);
  const port = (category: Category) => ({
    category: category.name,
    contract: `^${category.version}`,
    space: category.digest,
  });
  const functor = (
    space: Space,
    category: Category,
    name: string,
    codec: object,
    models: Models,
    style?: number,
  ) => ({
    folder: folder(`functor-${name}`),
    manifest: {
      kind: 'functor',
      name,
      port: port(category),
      domain: space.labels,
      codec: { version: 1, ...codec },
      ...(style === undefined ? {} : { style }),
    },
    models,
  });
  const morphism = (name: string, inputs: Category[], output: Category, table: number[], model: Model) => ({
    folder: folder(`morphism-${name}`),
    manifest: { kind: 'morphism', name, inputs: inputs.map(port), output: port(output), table },
    models: { morphism: model },
  });
  const image = { kind: 'image', channels: 1, height: SIDE, width: SIDE, fit: 'picture', empty: 'allow' };
  const words = { kind: 'symbols', length: 3, alphabet: ['', ...'domisl'], values: ['do', 'mi', 'sol'] };
  const packages = [
    functor(TONES, tones, 'keys', { kind: 'bits', width: 2, values: ['00', '01', '10'] }, keys()),
    functor(TONES, tones, 'words', words, sung()),
    functor(TONES, tones, 'bars', image, bars(), 2),
    functor(SWITCHES, switches, 'lamp', { kind: 'bits', width: 1, values: ['0', '1'] }, lamp()),
    morphism('next', [tones], tones, [1, 2, 0], mapped(TONES, TONES, [1, 2, 0])),
    morphism('plus', [tones, tones], tones, [0, 1, 2, 1, 2, 0, 2, 0, 1], plus()),
    morphism('sounds', [tones], switches, [0, 1, 1], mapped(TONES, SWITCHES, [0, 1, 1])),
  ];
  for (const each of packages) writePlugin(each.folder, each.manifest, each.models);
  const names = packages.map((each) => each.folder.slice(join(project, 'node_modules').length + 1));
  writeJson(join(project, 'package.json'), {
    name: 'a-project',
    dependencies: {
      'category-tones': '*',
      'plain-library': '*',
      ...Object.fromEntries(names.slice(0, 4).map((n) => [n, '*'])),
    },
    devDependencies: { 'category-switches': '*', ...Object.fromEntries(names.slice(4).map((n) => [n, '*'])) },
    optionalDependencies: { 'not-installed': '*' },
  });
  writeJson(join(folder('plain-library'), 'package.json'), { name: 'plain-library', version: '3.0.0' });
  const edit: World['edit'] = (name, change) => {
    const file = name === '' ? join(project, 'package.json') : join(folder(name), 'package.json');
    editJson(file, change);
  };
  return { project, folder, edit, tones, switches };
}

/** The package of a plugin: its models written, their files recorded. */
export function writePlugin(folder: string, manifest: Record<string, unknown>, models: Models): void {
  const files = Object.fromEntries(
    Object.entries(models).map(([role, model]) => {
      const path = `weights/${role}.onnx`;
      write(join(folder, path), model instanceof Uint8Array ? model : writeModel(model));
      return [role, fileRef(folder, path)];
    }),
  );
  const card = { mode: 'founding', seed: 1, steps: 0, data: 'none', recipe: 'by hand', measured: {} };
  writeJson(join(folder, 'package.json'), {
    name: `${manifest.kind}-${manifest.name}`,
    version: '1.0.0',
    keywords: ['deepfunctor-plugin'],
    exports: { './package.json': './package.json' },
    peerDependencies: { '@deepfunctor/core': '>=0.1.0' },
    deepfunctor: { manifest: 1, ...manifest, files, card },
  });
}

type Models = Record<string, Model | Uint8Array>;

/** The package of a category: release, probe, support and a sample of its clear latents. */
export function writeCategory(folder: string, space: Space): Category {
  const { name, labels, dimension, norm, version = '1.4.0' } = space;
  const count = labels.length;
  write(join(folder, 'release/probe.onnx'), writeModel(probe(space)));
  write(join(folder, 'release/support.onnx'), writeModel(support(space)));
  const clear = matrix(count, dimension, (row, column) =>
    axisOf(space, row) === column ? scaleOf(space) : 0,
  );
  const reference = writeReference({
    latents: clear,
    distributions: matrix(count, count, (row, column) => Number(row === column)),
    clear: new Uint8Array(count).fill(1),
    source: new Int32Array(count),
    sources: ['by hand'],
    codes: clear,
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

/** Write JSON, making its folder. */
export function writeJson(file: string, json: unknown): void {
  write(file, JSON.stringify(json, null, 2));
}

function editJson(file: string, change: (json: PackageJson) => void): void {
  const json = JSON.parse(readFileSync(file, 'utf8'));
  change(json);
  writeJson(file, json);
}

function write(file: string, content: Uint8Array | string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function matrix(rows: number, columns: number, at: (row: number, column: number) => number): Float32Array {
  return Float32Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));
}

/** `x · W + b` of a row of values, W given entry by entry. */
export function linear(
  g: GraphBuilder,
  x: string,
  sides: [from: number, to: number],
  w: (i: number, j: number) => number,
  b = (_: number) => 0,
): string {
  const [from, to] = sides;
  const stem = `linear_${x}_${to}`;
  const weights = g.weight(`${stem}_w`, matrix(from, to, w), [from, to]);
  const bias = g.weight(
    `${stem}_b`,
    Float32Array.from({ length: to }, (_, j) => b(j)),
    [to],
  );
  return g.node('Gemm', [x, weights, bias]);
}

function probe(space: Space): Model {
  const g = graph('probe');
  const { labels, dimension } = space;
  const z = g.input('latent', [null, dimension]);
  const logits = linear(g, z, [dimension, labels.length], (i, j) =>
    axisOf(space, j) === i ? 12 / scaleOf(space) : 0,
  );
  g.output('distribution', g.node('Softmax', [logits], { axis: attribute.int(-1) }), [null, labels.length]);
  return g.build({ producer: 'test' });
}

/** How far the sum of a latent is from that of a belief. */
function support(space: Space): Model {
  const g = graph('support');
  const z = g.input('latent', [null, space.dimension]);
  const sum = linear(
    g,
    z,
    [space.dimension, 1],
    (i) => (space.axes === undefined || space.axes.includes(i) ? 1 / scaleOf(space) : 0),
    () => -1,
  );
  const flat = g.node('Reshape', [g.node('Abs', [sum]), g.weight('flat', new BigInt64Array([-1n]), [1])]);
  g.output('distance', flat, [null]);
  return g.build({ producer: 'test' });
}

function keys(): Models {
  const scale = scaleOf(TONES);
  const encode = graph('encode');
  const x = encode.input('input', [null, 2]);
  // 00 → (1, 0, 0), 01 → (0, 1, 0), 10 → (0, 0, 1)
  const w = (i: number, j: number) =>
    [
      [-1, 0, 1],
      [-1, 1, 0],
    ][i]![j] ?? 0;
  const latent = linear(
    encode,
    x,
    [2, 5],
    (i, j) => scale * w(i, j),
    (j) => (j === 0 ? scale : 0),
  );
  encode.output('latent', encode.node('Relu', [latent]), [null, 5]);
  const decode = graph('decode');
  const z = decode.input('latent', [null, 5]);
  decode.output(
    'output',
    linear(decode, z, [5, 2], (i, j) => (i + j === 2 && i > 0 ? 1 / scale : 0)),
    [null, 2],
  );
  return { encode: encode.build({ producer: 'test' }), decode: decode.build({ producer: 'test' }) };
}

function sung(): Models {
  const scale = scaleOf(TONES);
  const spelled = ['do', 'mi', 'sol'].map((word) =>
    Array.from({ length: 3 }, (_, at) => ' domisl'.indexOf(word[at] ?? ' ')),
  );
  const encode = graph('encode');
  const flat = encode.node('Flatten', [encode.input('input', [null, 3, 7])]);
  encode.output(
    'latent',
    linear(encode, flat, [21, 5], (i, j) => (spelled[j]?.[0] === i ? scale : 0)),
    [null, 5],
  );
  const decode = graph('decode');
  const z = decode.input('latent', [null, 5]);
  const row = linear(decode, z, [5, 21], (i, j) =>
    spelled[i]?.[Math.floor(j / 7)] === j % 7 ? 1 / scale : 0,
  );
  const shape = decode.weight('shape', new BigInt64Array([-1n, 3n, 7n]), [3]);
  decode.output('output', decode.node('Reshape', [row, shape]), [null, 3, 7]);
  return { encode: encode.build({ producer: 'test' }), decode: decode.build({ producer: 'test' }) };
}

/** Whether a pixel is in the bar of a label: two columns with one free on each side, the upper six rows. */
export function inBar(label: number, pixel: number): boolean {
  const [x, y] = [pixel % SIDE, Math.floor(pixel / SIDE)];
  return label < 3 && y < 6 && Math.floor(x / 3) === label && x % 3 < 2;
}

/** Whether a pixel carries a component of the style: the halves of the last row. */
export function inStyle(component: number, pixel: number): boolean {
  return pixel >= SIDE * 7 && Math.floor((pixel % SIDE) / 4) === component;
}

function bars(): Models {
  const scale = scaleOf(TONES);
  const pixels = SIDE * SIDE;
  const encode = graph('encode');
  const flat = encode.node('Flatten', [encode.input('input', [null, 1, SIDE, SIDE])]);
  const latent = linear(encode, flat, [pixels, 5], (i, j) => (inBar(j, i) ? scale / 12 : 0));
  encode.output('latent', latent, [null, 5]);
  encode.output(
    'style',
    linear(encode, flat, [pixels, 2], (i, j) => (inStyle(j, i) ? 1 / 4 : 0)),
    [null, 2],
  );
  const decode = graph('decode');
  const bar = linear(decode, decode.input('latent', [null, 5]), [5, pixels], (i, j) =>
    inBar(i, j) ? 1 / scale : 0,
  );
  const row = linear(decode, decode.input('style', [null, 2]), [2, pixels], (i, j) =>
    inStyle(i, j) ? 1 : 0,
  );
  const shape = decode.weight('shape', new BigInt64Array([-1n, 1n, BigInt(SIDE), BigInt(SIDE)]), [4]);
  decode.output('output', decode.node('Reshape', [decode.node('Add', [bar, row]), shape]), [
    null,
    1,
    SIDE,
    SIDE,
  ]);
  return { encode: encode.build({ producer: 'test' }), decode: decode.build({ producer: 'test' }) };
}

function lamp(): Models {
  const scale = scaleOf(SWITCHES);
  const encode = graph('encode');
  const x = encode.input('input', [null, 1]);
  const latent = linear(
    encode,
    x,
    [1, 3],
    (_, j) => [-scale, scale, 0][j]!,
    (j) => (j === 0 ? scale : 0),
  );
  encode.output('latent', latent, [null, 3]);
  const decode = graph('decode');
  const z = decode.input('latent', [null, 3]);
  decode.output(
    'output',
    linear(decode, z, [3, 1], (i) => (i === 1 ? 1 / scale : 0)),
    [null, 1],
  );
  return { encode: encode.build({ producer: 'test' }), decode: decode.build({ producer: 'test' }) };
}

export function mapped(from: Space, to: Space, table: number[]): Model {
  const g = graph('morphism');
  const z = g.input('latent_0', [null, from.dimension]);
  const ratio = scaleOf(to) / scaleOf(from);
  const image = linear(g, z, [from.dimension, to.dimension], (i, j) => (table[i] === j ? ratio : 0));
  g.output('latent', image, [null, to.dimension]);
  return g.build({ producer: 'test' });
}

/** Addition modulo 3: the outer product of two beliefs, summed along its table. */
function plus(): Model {
  const scale = scaleOf(TONES);
  const g = graph('morphism');
  const a = linear(g, g.input('latent_0', [null, 5]), [5, 9], (i, j) =>
    i === Math.floor(j / 3) ? 1 / scale : 0,
  );
  const b = linear(g, g.input('latent_1', [null, 5]), [5, 9], (i, j) => (i === j % 3 ? 1 / scale : 0));
  const pairs = g.node('Mul', [a, b]);
  const sum = linear(g, pairs, [9, 5], (i, j) => ((Math.floor(i / 3) + (i % 3)) % 3 === j ? scale : 0));
  g.output('latent', sum, [null, 5]);
  return g.build({ producer: 'test' });
}

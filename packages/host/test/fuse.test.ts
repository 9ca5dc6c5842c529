/** A chain as one graph against the same chain model by model: in a world of its own, and with the plugins that are here. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileRef } from '@deepfunctor/core';
import {
  attribute,
  describe as described,
  graph,
  type Model,
  readModel,
  writeModel,
} from '@deepfunctor/onnx';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type Chain,
  type Engine,
  type Host,
  type HostOptions,
  openHost,
  rowShape,
  type StyleOptions,
  uniforms,
} from '../src/index.js';
import { codedError } from './errors.js';
import { buildWorld, SIDE, type World } from './world.js';

vi.setConfig({ testTimeout: 120_000 });

const opened = async (options: HostOptions): Promise<Host> => {
  const host = await openHost(options);
  onTestFinished(() => host.close());
  return host;
};
/** The same plugins twice: chains as one graph, and model by model. */
const pair = async (options: HostOptions): Promise<[Host, Host]> => [
  await opened(options),
  await opened({ ...options, fuse: false }),
];

/** Rows of numbers between 0 and 1 for every input of a chain. */
function anyRows({ inputs }: Chain, rows: number, seed: number): Float32Array[] {
  const uniform = uniforms(seed);
  return inputs.map(({ codec }) => {
    const size = rowShape(codec).reduce((a, b) => a * b, 1);
    return Float32Array.from({ length: rows * size }, uniform);
  });
}

/** The greatest difference between what two hosts compute of a chain; every array must be of the same size. */
async function difference(
  [one, two]: [Host, Host],
  text: string,
  rows = 5,
  options: StyleOptions = {},
): Promise<number> {
  const inputs = anyRows(one.compose(text), rows, 7);
  const [a, b] = [
    await one.compose(text).runTensors(inputs, rows, options),
    await two.compose(text).runTensors(inputs, rows, options),
  ];
  const arrays = ({ output, latents, distributions, encoded, before, styles }: typeof a) => [
    ...[output, latents, distributions, ...encoded, ...before],
    ...(styles === undefined ? [] : [styles]),
  ];
  expect(arrays(a).map(({ length }) => length)).toEqual(arrays(b).map(({ length }) => length));
  return Math.max(
    ...arrays(a).flatMap((values, i) =>
      values.reduce((most, v, at) => Math.max(most, Math.abs(v - arrays(b)[i]![at]!)), 0),
    ),
  );
}

/** Every chain of a functor that reads, a morphism, and a functor that writes, whose ends meet. */
function triples({ plugins }: Host): string[] {
  const functors = plugins.filter((each) => each.kind === 'functor');
  const chains: string[] = [];
  for (const morphism of plugins)
    if (morphism.kind === 'morphism')
      for (const from of functors)
        for (const to of functors)
          if (
            morphism.inputs.every(({ name }) => name === from.category.name) &&
            morphism.output.name === to.category.name
          ) {
            const given = Array(morphism.inputs.length).fill(from.name);
            chains.push(
              `${given.length === 1 ? given[0] : `(${given.join(', ')})`} -> ${morphism.name} -> ${to.name}`,
            );
          }
  return chains;
}

describe.each<Engine>(['node', 'web'])(
  'one graph computes what the models compute, on the engine “%s”',
  (engine) => {
    test('for every functor, morphism and functor, for tuples, and from one category to another', async () => {
      const hosts = await pair({ cwd: buildWorld().project, engine });
      const chains = triples(hosts[0]);
      expect(chains).toHaveLength(9 + 9 + 3);
      for (const text of [
        ...chains,
        'keys -> words',
        '((keys, words) -> plus, keys -> next) -> plus -> sounds -> lamp',
        `keys -> ${'next -> '.repeat(40)}words`,
      ])
        expect(await difference(hosts, text), text).toBeLessThanOrEqual(1e-6);
    });

    test('for every style, and batches of any size', async () => {
      const hosts = await pair({ cwd: buildWorld().project, engine });
      for (const text of ['bars -> next -> bars', '(keys, bars) -> plus -> bars'])
        for (const style of ['asker', 'sampled', 'canonical'] as const)
          expect(
            await difference(hosts, text, 5, { style, seed: 3 }),
            `${text} ${style}`,
          ).toBeLessThanOrEqual(1e-6);
      for (const rows of [0, 1, 256, 600])
        expect(await difference(hosts, 'bars -> next -> bars', rows)).toBeLessThanOrEqual(1e-6);
    });
  },
);

describe('a fused chain', () => {
  const text = 'keys -> next -> words';

  test('reads no file before it runs and none again, and opens no model by itself', async () => {
    const world = buildWorld();
    const host = await opened({ cwd: world.project });
    const chain = host.compose(text);
    const weights = join(world.folder('morphism-next'), 'weights/morphism.onnx');
    expect((await chain.run('00')).value).toBe('mi');
    rmSync(weights);
    expect((await host.compose('keys', 'next -> words').run('01')).value).toBe('sol');
    const missing = ['WEIGHTS_MISSING', world.folder('morphism-next')];
    const alone = await codedError(() => host.apply('next', new Float32Array(5)));
    expect([alone.code, alone.where]).toEqual(missing);
    await host.close();
    const error = await codedError(() => chain.run('00'));
    expect([error.code, error.where]).toEqual(missing);
  });

  test('more of them than stay open can take turns', async () => {
    const host = await opened({ cwd: buildWorld().project });
    const chains = Array.from({ length: 20 }, (_, i) => host.compose(`keys -> ${'next -> '.repeat(i)}words`));
    for (let round = 0; round < 2; round++) {
      const answers = await Promise.all(chains.map((chain) => chain.run('00')));
      expect(answers.map(({ label }) => label)).toEqual(chains.map((_, i) => ['c', 'e', 'g'][i % 3]));
    }
  });

  test('is told with the file that is at fault where a latent on the way is no number', async () => {
    const world = buildWorld();
    reseal(world, 'morphism-next', 'morphism', (model) => {
      for (const tensor of model.graph!.initializer) tensor.rawData.fill(0xff);
      return model;
    });
    const host = await opened({ cwd: world.project });
    const error = await codedError(() => host.compose(text).run('00'));
    // Whoever is given the latent first refuses it.
    expect([error.code, error.what]).toEqual([
      'INPUT_TENSOR',
      expect.stringContaining('“latent” does not fit'),
    ]);
    expect(error.where).toContain('.onnx');
  });

  test('runs model by model where its parts cannot be one graph, and only its file is refused', async () => {
    const world = buildWorld();
    reseal(world, 'morphism-next', 'morphism', normalised);
    reseal(
      world,
      'functor-words',
      'decode',
      ({ opsetImport }) => void Object.assign(opsetImport[0]!, { version: 21n }),
    );
    const hosts = await pair({ cwd: world.project });
    const chain = hosts[0].compose(text);
    for (let round = 0; round < 2; round++) expect((await chain.run('00')).label).toBe('c');
    expect(await difference(hosts, text)).toBe(0);
    const error = await codedError(() => chain.toOnnx());
    expect([error.code, error.where]).toEqual([
      'FUSION_OPSET',
      join(world.folder('morphism-next'), 'weights/morphism.onnx'),
    ]);
  });
});

describe('a chain as an ONNX file', () => {
  test('is the same bytes however the chain is put together', async () => {
    const host = await opened({ cwd: buildWorld().project });
    const file = await host.compose('keys -> next -> next -> next -> words').toOnnx({ distribution: true });
    for (const parts of [
      ['keys -> next', 'next', 'next -> words'],
      ['keys', 'next -> next', 'next', 'words'],
    ] as const)
      expect(await host.compose(...(parts as unknown as [string])).toOnnx({ distribution: true })).toEqual(
        file,
      );
    expect(await host.compose('keys -> next -> next -> words').toOnnx()).not.toEqual(file);
  });

  test('has ports in order, and tells its plugins, their files and the spaces they meet in', async () => {
    const world = buildWorld();
    const host = await opened({ cwd: world.project });
    const file = await host.compose('(bars, words) -> plus -> bars').toOnnx({ distribution: true });
    const { inputs, outputs, metadata } = described(readModel(file.bytes));
    const withTypes = (ports: readonly object[]) => ports.map((port) => ({ ...port, type: 'float' }));
    expect([inputs, outputs]).toEqual([withTypes(file.inputs), withTypes(file.outputs)]);
    const float = (name: string, ...shape: (number | null)[]) => ({ name, type: 'float', shape });
    expect(inputs).toEqual([
      float('input_0', null, 1, SIDE, SIDE),
      float('input_1', null, 3, 7),
      float('style', null, 2),
    ]);
    expect(outputs).toEqual([float('output', null, 1, SIDE, SIDE), float('distribution', null, 3)]);
    expect(metadata['deepfunctor.chain']).toBe('(bars, words) -> plus -> bars');
    expect(JSON.parse(metadata['deepfunctor.spaces']!)).toEqual([
      { category: 'tones', version: '1.4.0', digest: world.tones.digest },
    ]);
    const { sha256 } = fileRef(world.folder('morphism-plus'), 'weights/morphism.onnx');
    const parts = JSON.parse(metadata['deepfunctor.parts']!);
    expect(parts.map(({ name }: { name: string }) => name).sort()).toEqual([
      'bars',
      'bars',
      'plus',
      'probe',
      'words',
    ]);
    expect(parts).toContainEqual({
      name: 'plus',
      package: 'morphism-plus',
      version: '1.0.0',
      file: 'weights/morphism.onnx',
      sha256,
    });
  });

  test('is refused with the file that is at fault', async () => {
    const world = buildWorld();
    const file = join(world.folder('functor-words'), 'weights/decode.onnx');
    writeFileSync(file, new Uint8Array(fileRef(world.folder('functor-words'), 'weights/decode.onnx').bytes));
    const host = await opened({ cwd: world.project });
    const error = await codedError(() => host.compose('keys -> words').toOnnx());
    expect([error.code, error.where]).toEqual(['WEIGHTS_DIGEST', world.folder('functor-words')]);
  });
});

describe('the plugins that are here', async () => {
  const root = fileURLToPath(new URL('../../../plugins/', import.meta.url));
  const folders = readdirSync(root)
    .map((name) => join(root, name))
    .filter((folder) => ['morphism.onnx', 'decode.onnx'].some((file) => existsSync(join(folder, file))));
  const { plugins } = await openHost({ plugins: folders });
  const morphisms = plugins
    .filter((each) => each.kind === 'morphism' && each.inputs.length === 1)
    .map(({ name }) => name);
  const functors = plugins.filter((each) => each.kind === 'functor').map(({ name }) => name);

  test('are the founding ones at least', () => {
    expect(functors.length).toBeGreaterThanOrEqual(3);
    expect(morphisms.length).toBeGreaterThanOrEqual(3);
  });

  test('compute in one graph what they compute one by one: every functor, morphism and functor', async () => {
    const hosts = await pair({ plugins: folders });
    for (const text of triples(hosts[0]))
      expect(await difference(hosts, text, 3), text).toBeLessThanOrEqual(1e-6);
  });

  test.each([1, 10, 100])('and chains of %i morphisms between any two functors', async (count) => {
    const hosts = await pair({ plugins: folders });
    for (const [at, from] of functors.entries()) {
      const to = functors[(at + 1) % functors.length]!;
      const steps = Array.from({ length: count }, (_, i) => morphisms[(at + i * i) % morphisms.length]);
      const text = [from, ...steps, to].join(' -> ');
      expect(await difference(hosts, text, 3), text).toBeLessThanOrEqual(1e-6);
    }
  });
});

/** Change a model of an installed plugin and record it, as its author would. */
function reseal(world: World, name: string, role: string, change: (model: Model) => Model | undefined): void {
  const path = `weights/${role}.onnx`;
  const file = join(world.folder(name), path);
  const model = readModel(readFileSync(file));
  writeFileSync(file, writeModel(change(model) ?? model));
  world.edit(name, (json) => {
    json.deepfunctor.files[role] = fileRef(world.folder(name), path);
  });
}

/** A morphism with an operator of opset 18 that opset 21 reads in another way; it leaves the likeliest label. */
function normalised(): Model {
  const g = graph('morphism');
  const shape = (name: string, ...sides: bigint[]) =>
    g.weight(name, BigInt64Array.from(sides), [sides.length]);
  const image = g.node('Reshape', [g.input('latent_0', [null, 5]), shape('image', -1n, 5n, 1n)]);
  const one = g.weight('one', new Float32Array([1]), [1]);
  const normal = g.node('GroupNormalization', [image, one, one], { num_groups: attribute.int(1) });
  g.output('latent', g.node('Reshape', [normal, shape('flat', -1n, 5n)]), [null, 5]);
  const model = g.build({ producer: 'test' });
  model.opsetImport[0]!.version = 18n;
  return model;
}

/** Two foundings of one category installed side by side, and a bridge between them. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readModel } from '@deepfunctor/onnx';
import { describe, expect, onTestFinished, test } from 'vitest';
import { discover, type HostOptions, openHost, sortBySpace, wayBetween } from '../src/index.js';
import { codedError } from './errors.js';
import { carrying, foundAgain, foundOnceMore, portOf, SECOND } from './second.js';
import { buildWorld, TONES, type World, writeCategory, writePlugin } from './world.js';

async function hostOf({ project }: World, options: HostOptions = {}) {
  const host = await openHost({ cwd: project, ...options });
  onTestFinished(() => host.close());
  return host;
}

describe('two releases of a category', () => {
  test('are both installed, and plugins are sorted by the space that they live in', () => {
    const world = buildWorld();
    const { second } = foundAgain(world);
    const { setAside, categories, plugins, bridges } = discover({ cwd: world.project });
    expect(setAside).toEqual([]);
    const spaces = Object.fromEntries(
      sortBySpace(categories, plugins).map((space) => [
        space.category.digest,
        space.plugins.map(({ name }) => name).sort(),
      ]),
    );
    expect(spaces[world.tones.digest]).toEqual(['bars', 'keys', 'next', 'plus', 'sounds', 'words']);
    expect(spaces[second.digest]).toEqual(['signs']);
    expect(bridges.map(({ name, from, to }) => [name, from.version, to.version])).toEqual([
      ['tones-1-to-2', '1.4.0', '2.0.0'],
    ]);
  });

  test('are meant by name and version; the name alone is refused', async () => {
    const world = buildWorld();
    const { second } = foundAgain(world);
    const host = await hostOf(world);
    const latents = await host.encode('signs', Float32Array.of(0, 1));
    const read = await host.probe('tones@2.0.0', latents.latent);
    expect(read[1]).toBeGreaterThan(0.99);
    expect(await host.probe(second, latents.latent)).toEqual(read);
    await expect(host.probe('tones', latents.latent)).rejects.toMatchObject({
      code: 'CATEGORY_AMBIGUOUS',
      what: '“tones” is installed in several releases: tones@1.4.0, tones@2.0.0.',
    });
    await expect(host.support('tones@9.0.0', latents.latent)).rejects.toMatchObject({
      code: 'CATEGORY_UNKNOWN',
    });
  });

  test('of one version are refused: a new founding is a new version', () => {
    const world = buildWorld();
    foundAgain(world, false);
    writeCategory(world.folder('category-switches'), { ...SECOND, version: '1.4.0' });
    const { setAside, categories } = discover({ cwd: world.project });
    const told = setAside.find(({ name }) => name === 'tones')!.error;
    expect([told.code, told.what]).toEqual([
      'PLUGIN_DUPLICATE',
      `The name “tones@1.4.0” is already taken by ${categories.find(({ version }) => version === '1.4.0')!.directory}.`,
    ]);
  });

  test('and a plugin of a third is set aside with what is installed', () => {
    const world = buildWorld();
    const { second } = foundAgain(world);
    const space = `sha256-${'0'.repeat(64)}`;
    world.edit('functor-signs', (json) => {
      json.deepfunctor.port.space = space;
    });
    world.edit('functor-keys', (json) => {
      json.deepfunctor.port.contract = '^3.0.0';
    });
    const { setAside } = discover({ cwd: world.project });
    expect(Object.fromEntries(setAside.map(({ name, error }) => [name, error.what]))).toEqual({
      signs: `The plugin was learned against the space ${space}, but “tones” has ${second.digest}.`,
      keys: 'The plugin needs version ^3.0.0 of the contract of “tones”, but 1.4.0, 2.0.0 is installed.',
    });
  });
});

describe('a chain from one space into another', () => {
  test('is refused without a bridge, and told which plugins fit which space', async () => {
    const world = buildWorld();
    foundAgain(world, false);
    const host = await hostOf(world);
    const error = await codedError(() => host.compose('signs -> next -> words'));
    expect(error.code).toBe('CHAIN_SPACES');
    expect(error.what).toMatch(
      /^“signs” lives in tones@2\.0\.0 \(sha256-.{12}…\), but “next” in tones@1\.4\.0 \(sha256-.{12}…\), which is another space, and no bridge is installed\.$/,
    );
    expect(error.todo).toBe(
      'Use plugins of one space (tones@1.4.0: bars, keys, words, next, plus, sounds; tones@2.0.0: signs), or install a bridge, or learn one: deepfunctor learn bridge --from tones@2.0.0 --to tones@1.4.0 --name NAME --out DIR.',
    );
    expect(error.where).toContain('signs -> next -> words');
  });

  test('is refused where the bridge that is installed leads elsewhere', async () => {
    const world = buildWorld();
    foundAgain(world, false);
    foundOnceMore(world);
    const host = await hostOf(world);
    expect((await codedError(() => host.compose('signs -> keys'))).what).toContain(
      'no installed bridge leads there: “tones-2-to-3” (tones@2.0.0 ↔ tones@3.0.0)',
    );
  });

  test.each([true, false])(
    'goes over an installed bridge in either direction, and says so (fused: %s)',
    async (fuse) => {
      const world = buildWorld();
      const { second } = foundAgain(world);
      const host = await hostOf(world, { fuse });
      const back = host.compose('signs -> next -> words');
      expect(back.description).toBe('signs -> [tones-1-to-2] -> next -> words');
      expect(back.text).toBe('signs -> next -> words');
      const end = ({ version, digest }: { version: string; digest: string }) => ({
        category: 'tones',
        version,
        digest,
      });
      expect(back.bridges).toEqual([
        {
          bridge: 'tones-1-to-2',
          package: 'bridge-tones-1-to-2',
          version: '1.0.0',
          way: 'back',
          from: end(second),
          to: end(world.tones),
          between: ['signs', 'next'],
        },
      ]);
      const answers = await back.runBatch([['00'], ['01'], ['10']]);
      expect(answers.map(({ value }) => value)).toEqual(['mi', 'sol', 'do']);
      // What is told of the question is read in its own space.
      expect(answers[0]!.before[0]![0]!.p).toBeGreaterThan(0.99);

      const there = host.compose('keys -> next -> signs');
      expect(there.bridges).toMatchObject([{ way: 'there', between: ['next', 'signs'] }]);
      expect((await there.runBatch([['00'], ['10']])).map(({ value }) => value)).toEqual(['01', '00']);
    },
  );

  test('carries each object of a tuple that needs it, and no other', async () => {
    const world = buildWorld();
    foundAgain(world);
    const host = await hostOf(world);
    const chain = host.compose('(signs, keys) -> plus -> signs');
    expect(chain.description).toBe('(signs -> [tones-1-to-2], keys) -> plus -> [tones-1-to-2] -> signs');
    expect(chain.bridges.map(({ way, between }) => [way, ...between])).toEqual([
      ['back', 'signs', 'plus'],
      ['there', 'plus', 'signs'],
    ]);
    expect((await chain.run(['01', '01'])).value).toBe('10');
  });

  test('goes over several bridges where no single one leads there', async () => {
    const world = buildWorld();
    const { second } = foundAgain(world);
    const third = foundOnceMore(world);
    const { bridges } = await hostOf(world);
    const names = (from = world.tones, to = third) =>
      wayBetween(from, to, bridges)?.map(({ bridge, way }) => `${bridge.name} ${way}`);
    expect(names()).toEqual(['tones-1-to-2 there', 'tones-2-to-3 there']);
    expect(names(third, world.tones)).toEqual(['tones-2-to-3 back', 'tones-1-to-2 back']);
    expect(names(second, second)).toEqual([]);
    expect(names(third, world.switches)).toBeUndefined();
  });

  test('is one graph too, whose metadata list the bridge and both spaces', async () => {
    const world = buildWorld();
    foundAgain(world);
    const host = await hostOf(world);
    const chain = host.compose('signs -> next -> signs');
    const { bytes } = await chain.toOnnx({ distribution: true });
    const metadata = Object.fromEntries(
      readModel(bytes, 'chain').metadataProps.map(({ key, value }) => [key, value]),
    );
    expect(metadata['deepfunctor.chain']).toBe('signs -> tones-1-to-2 -> next -> tones-1-to-2 -> signs');
    const files = JSON.parse(metadata['deepfunctor.parts']!)
      .filter(({ package: from }: { package?: string }) => from === 'bridge-tones-1-to-2')
      .map(({ file, version }: { file: string; version: string }) => [file, version]);
    expect(files.sort()).toEqual([
      ['weights/back.onnx', '1.0.0'],
      ['weights/there.onnx', '1.0.0'],
    ]);
    const versions = JSON.parse(metadata['deepfunctor.spaces']!).map(
      ({ version }: { version: string }) => version,
    );
    expect(versions.sort()).toEqual(['1.4.0', '2.0.0']);
  });
});

describe('a bridge', () => {
  test('is no part of a chain by name', async () => {
    const world = buildWorld();
    foundAgain(world);
    const host = await hostOf(world);
    expect(await codedError(() => host.compose('signs -> tones-1-to-2 -> words'))).toMatchObject({
      code: 'CHAIN_ENDS',
      what: expect.stringContaining('“tones-1-to-2” is a bridge, which is put in by itself'),
    });
  });

  test('carries latents by itself, and back', async () => {
    const world = buildWorld();
    foundAgain(world);
    const host = await hostOf(world);
    const { latent } = await host.encode('keys', Float32Array.of(0, 1, 1, 0));
    const away = await host.cross('tones-1-to-2', 'there', latent);
    const other = await host.encode('signs', Float32Array.of(0, 1, 1, 0));
    for (const [i, v] of away.entries()) expect(v).toBeCloseTo(other.latent[i]!, 5);
    const home = await host.cross('tones-1-to-2', 'back', away);
    for (const [i, v] of home.entries()) expect(v).toBeCloseTo(latent[i]!, 5);
    await expect(host.cross('tones-9', 'back', away)).rejects.toMatchObject({ code: 'CHAIN_UNKNOWN_NAME' });
  });

  test.each<[string, string, (world: World) => void]>([
    [
      'a release that is not installed',
      'CONTRACT_RANGE',
      ({ folder }) => rmSync(join(folder('category-tones-2'), 'package.json')),
    ],
    [
      'another space than the installed one',
      'SPACE_MISMATCH',
      ({ edit }) =>
        edit('bridge-tones-1-to-2', (json) => {
          json.deepfunctor.to.space = `sha256-${'1'.repeat(64)}`;
        }),
    ],
    [
      'another category',
      'MANIFEST_INVALID',
      ({ edit, switches }) =>
        edit('bridge-tones-1-to-2', (json) => {
          json.deepfunctor.to = portOf(switches);
        }),
    ],
    [
      'the space that it begins in',
      'MANIFEST_INVALID',
      ({ edit, tones }) =>
        edit('bridge-tones-1-to-2', (json) => {
          json.deepfunctor.to = portOf(tones);
        }),
    ],
    [
      'a missing file',
      'WEIGHTS_MISSING',
      ({ folder }) => rmSync(join(folder('bridge-tones-1-to-2'), 'weights/back.onnx')),
    ],
    [
      'the name of a plugin',
      'PLUGIN_DUPLICATE',
      ({ edit }) =>
        edit('functor-keys', (json) => {
          json.deepfunctor.name = 'tones-1-to-2';
        }),
    ],
  ])('with %s is set aside', (_, code, spoil) => {
    const world = buildWorld();
    foundAgain(world);
    spoil(world);
    const { setAside } = discover({ cwd: world.project });
    expect(setAside.find(({ name }) => name === 'tones-1-to-2')?.error.code).toBe(code);
  });

  test('between spaces of other labels is set aside', () => {
    const world = buildWorld();
    const { second } = foundAgain(world);
    const other = writeCategory(world.folder('category-tones-4'), {
      ...SECOND,
      labels: ['c', 'g', 'e'],
      version: '4.0.0',
    });
    world.edit('', (json) => {
      json.dependencies['category-tones-4'] = '*';
    });
    world.edit('bridge-tones-1-to-2', (json) => {
      json.deepfunctor.from = portOf(second);
      json.deepfunctor.to = portOf(other);
    });
    const { setAside } = discover({ cwd: world.project });
    expect(setAside.map(({ error }) => error.what)).toEqual([
      'The manifest is invalid: deepfunctor.to: tones@4.0.0 has other labels than tones@2.0.0, or another order of them.',
    ]);
  });

  test('whose file was changed is told by verify, and by the chain that needs it', async () => {
    const world = buildWorld();
    const { second } = foundAgain(world);
    const folder = world.folder('bridge-tones-1-to-2');
    writePlugin(
      folder,
      { kind: 'bridge', name: 'tones-1-to-2', from: portOf(world.tones), to: portOf(second) },
      { there: carrying(TONES, SECOND), back: carrying(TONES, SECOND) },
    );
    const host = await hostOf(world);
    const wrong = (await host.verify()).filter(({ error }) => error !== undefined);
    expect(wrong.map(({ name, where, error }) => [name, where, error!.code])).toEqual([
      ['tones-1-to-2', join(host.bridges[0]!.directory, 'weights/back.onnx'), 'WEIGHTS_PORTS'],
    ]);
    await expect(host.compose('signs -> next -> words').run('01')).rejects.toMatchObject({
      code: 'WEIGHTS_PORTS',
    });
    writeFileSync(join(folder, 'weights/there.onnx'), 'changed');
    expect((await hostOf(world)).setAside.map(({ error }) => error.code)).toEqual(['WEIGHTS_SIZE']);
  });
});

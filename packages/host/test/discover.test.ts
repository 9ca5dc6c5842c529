import {
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { FILE_LIMIT } from '@deepfunctor/core';
import { describe, expect, test } from 'vitest';
import { discover, openHost } from '../src/index.js';
import { buildWorld, type PackageJson, temporaryFolder, type World, writeJson } from './world.js';

const ALL = ['bars', 'keys', 'lamp', 'next', 'plus', 'sounds', 'words'];
const namesOf = (found: { plugins: readonly { name: string }[] }) =>
  found.plugins.map(({ name }) => name).sort();

describe('what is installed', () => {
  test('is what the project depends on and carries a manifest', () => {
    const { project } = buildWorld();
    const found = discover({ cwd: project });
    expect(found.setAside).toEqual([]);
    expect(namesOf(found)).toEqual(ALL);
    expect(found.categories.map(({ name }) => name)).toEqual(expect.arrayContaining(['tones', 'switches']));
  });

  test('is found from any folder inside the project', () => {
    const { project } = buildWorld();
    const cwd = join(project, 'some', 'where');
    mkdirSync(cwd, { recursive: true });
    expect(namesOf(discover({ cwd }))).toEqual(ALL);
  });

  test('is not what lies in node_modules without being a dependency', () => {
    const { project, edit } = buildWorld();
    edit('', (json) => {
      delete json.dependencies['functor-words'];
    });
    expect(namesOf(discover({ cwd: project }))).toEqual(ALL.filter((name) => name !== 'words'));
  });

  test('is nothing where there is no project', () => {
    const found = discover({ cwd: temporaryFolder() });
    expect([found.plugins, found.setAside]).toEqual([[], []]);
  });

  test('is the explicit list, names and folders, where there is one', () => {
    const { project, folder } = buildWorld();
    const plugins = [
      'category-tones',
      'functor-keys',
      folder('morphism-next'),
      './node_modules/functor-words',
    ];
    const found = discover({ cwd: project, plugins });
    expect(found.setAside).toEqual([]);
    expect(namesOf(found)).toEqual(['keys', 'next', 'words']);
  });

  test('a category may be given as a folder', () => {
    const { project, folder } = buildWorld();
    const found = discover({
      cwd: project,
      plugins: ['functor-keys'],
      categories: [join(folder('category-tones'), 'release')],
    });
    expect([namesOf(found), found.setAside]).toEqual([['keys'], []]);
  });

  test('a package that is a link, as package managers make them, is as good', () => {
    const { project, folder } = buildWorld();
    const store = join(project, 'store');
    renameSync(folder('functor-keys'), store);
    symlinkSync(store, folder('functor-keys'));
    expect(namesOf(discover({ cwd: project }))).toEqual(ALL);
  });

  test('a project whose own package.json is broken is an error', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'package.json'), '{');
    await expect(openHost({ cwd })).rejects.toMatchObject({ code: 'PLUGIN_UNRESOLVED' });
  });
});

describe('what cannot be used is set aside, and the rest loads', () => {
  const weights = 'weights/encode.onnx';
  const manifest = (change: (manifest: PackageJson) => void) => (world: World) =>
    world.edit('functor-keys', (json) => change(json.deepfunctor));
  const cases: [string, string, RegExp, (world: World) => void][] = [
    [
      'an invalid manifest',
      'MANIFEST_INVALID',
      /deepfunctor\.kind: must be “functor”/,
      manifest((m) => {
        m.kind = 'thing';
      }),
    ],
    [
      'a manifest that is no object',
      'MANIFEST_INVALID',
      /deepfunctor: /,
      ({ edit }) =>
        edit('functor-keys', (json) => {
          json.deepfunctor = 7;
        }),
    ],
    [
      'a missing manifest behind the keyword',
      'MANIFEST_INVALID',
      /deepfunctor: must be “functor”/,
      ({ edit }) =>
        edit('functor-keys', (json) => {
          delete json.deepfunctor;
        }),
    ],
    [
      'a hidden package.json',
      'MANIFEST_INVALID',
      /^The manifest is invalid: exports: must have “\.\/package\.json”\.$/,
      ({ edit, folder }) => {
        edit('functor-keys', (json) => {
          json.exports = { '.': './index.js' };
        });
        writeFileSync(
          join(folder('functor-keys'), 'index.js'),
          'throw new Error("code of a plugin was run");',
        );
      },
    ],
    [
      'a hidden package.json of a package without an entry',
      'MANIFEST_INVALID',
      /exports: must have “\.\/package\.json”/,
      ({ edit }) =>
        edit('functor-keys', (json) => {
          json.exports = { './weights/*': './weights/*' };
        }),
    ],
    [
      'another core',
      'CORE_RANGE',
      /^The plugin needs @deepfunctor\/core \^1000\.0\.0, but \d+\.\d+\.\d+ is installed\.$/,
      ({ edit }) =>
        edit('functor-keys', (json) => {
          json.peerDependencies = { '@deepfunctor/core': '^1000.0.0' };
        }),
    ],
    [
      'a file over the limit',
      'WEIGHTS_LIMIT',
      /^The file “weights\/encode\.onnx” has 67108865 bytes; the limit is 67108864\.$/,
      (world) => {
        // A file with a hole: it takes no room.
        truncateSync(join(world.folder('functor-keys'), weights), FILE_LIMIT + 1);
        manifest((m) => {
          m.files.encode.bytes = FILE_LIMIT + 1;
        })(world);
      },
    ],
    [
      'a package.json that is no JSON',
      'PLUGIN_UNRESOLVED',
      /^The package cannot be opened: /,
      ({ folder }) => writeFileSync(join(folder('functor-keys'), 'package.json'), '{"name":'),
    ],
    [
      'another contract',
      'CONTRACT_RANGE',
      /^The plugin needs version \^2\.0\.0 of the contract of “tones”, but 1\.4\.0 is installed\.$/,
      manifest((m) => {
        m.port.contract = '^2.0.0';
      }),
    ],
    [
      'another space',
      'SPACE_MISMATCH',
      /^The plugin was learned against the space sha256-0{64}, but “tones” has sha256-/,
      manifest((m) => {
        m.port.space = `sha256-${'0'.repeat(64)}`;
      }),
    ],
    [
      'a category that is not installed',
      'CATEGORY_UNKNOWN',
      /^No category named “hats” is installed\.$/,
      manifest((m) => {
        m.port.category = 'hats';
      }),
    ],
    [
      'a label that is none',
      'MANIFEST_INVALID',
      /deepfunctor\.domain\[2\]: “h” is no label of “tones”/,
      manifest((m) => {
        m.domain = ['c', 'e', 'h'];
      }),
    ],
    [
      'a path that leaves the package',
      'MANIFEST_INVALID',
      /deepfunctor\.files\.encode\.path: the path has “\.\.”/,
      manifest((m) => {
        m.files.encode.path = '../functor-words/weights/encode.onnx';
      }),
    ],
    [
      'an absolute path',
      'MANIFEST_INVALID',
      /deepfunctor\.files\.encode\.path: the path is absolute/,
      manifest((m) => {
        m.files.encode.path = '/etc/passwd';
      }),
    ],
    [
      'a link for a file',
      'WEIGHTS_OUTSIDE',
      /^The file “weights\/encode\.onnx” is refused: “weights\/encode\.onnx” is a link\.$/,
      ({ folder }) => {
        rmSync(join(folder('functor-keys'), weights));
        symlinkSync(join(folder('functor-words'), weights), join(folder('functor-keys'), weights));
      },
    ],
    [
      'a link for the folder of its files',
      'WEIGHTS_OUTSIDE',
      /^The file “weights\/encode\.onnx” is refused: “weights” is a link\.$/,
      ({ folder }) => {
        rmSync(join(folder('functor-keys'), 'weights'), { recursive: true });
        symlinkSync(join(folder('functor-words'), 'weights'), join(folder('functor-keys'), 'weights'));
      },
    ],
    [
      'a missing file',
      'WEIGHTS_MISSING',
      /^The file “weights\/encode\.onnx” is missing or cannot be read: ENOENT/,
      ({ folder }) => rmSync(join(folder('functor-keys'), weights)),
    ],
    [
      'a file that is cut short',
      'WEIGHTS_SIZE',
      /^The file “weights\/encode\.onnx” has 20 bytes, but \d+ are recorded\.$/,
      ({ folder }) => truncateSync(join(folder('functor-keys'), weights), 20),
    ],
    [
      'a package that is not there',
      'PLUGIN_UNRESOLVED',
      /^The package cannot be opened: functor-keys: Cannot find module/,
      ({ folder }) => rmSync(folder('functor-keys'), { recursive: true }),
    ],
  ];
  test.each(cases)('%s', (_, code, text, spoil) => {
    const world = buildWorld();
    spoil(world);
    const found = discover({ cwd: world.project });
    expect(found.setAside.map(({ error }) => error.code)).toEqual([code]);
    expect(found.setAside[0]!.error.what).toMatch(text);
    expect(found.setAside[0]!.name).toMatch(/^(functor-)?keys$/);
    expect(namesOf(found)).toEqual(ALL.filter((name) => name !== 'keys'));
  });

  test('the second of two packages with one name', () => {
    const { project, edit } = buildWorld();
    edit('functor-words', (json) => {
      json.deepfunctor.name = 'keys';
    });
    const found = discover({ cwd: project });
    expect(found.setAside.map(({ error }) => error.code)).toEqual(['PLUGIN_DUPLICATE']);
    expect(found.setAside[0]!.error.what).toMatch(/^The name “keys” is already taken by .*functor-keys\.$/);
    expect(found.setAside[0]!.error.todo).toBe('Remove one of the two packages from your project.');
    expect(namesOf(found)).toEqual(ALL.filter((name) => name !== 'words'));
  });

  test('the second of two versions of one plugin, one of them under an alias', () => {
    const { project, folder, edit } = buildWorld();
    cpSync(folder('functor-keys'), folder('keys-of-old'), { recursive: true });
    edit('keys-of-old', (json) => {
      json.version = '0.9.0';
    });
    edit('', (json) => {
      json.dependencies['keys-of-old'] = 'npm:functor-keys@0.9.0';
    });
    const found = discover({ cwd: project });
    expect(found.setAside).toMatchObject([
      { name: 'keys', version: '0.9.0', error: { code: 'PLUGIN_DUPLICATE' } },
    ]);
    expect(found.setAside[0]!.where).toBe(folder('keys-of-old'));
    expect(found.setAside[0]!.error.what).toMatch(/^The name “keys” is already taken by .*functor-keys\.$/);
    expect(namesOf(found)).toEqual(ALL);
    expect(found.plugins.find(({ name }) => name === 'keys')!.version).toBe('1.0.0');
  });

  test('but not a library whose package.json is hidden', () => {
    const { project, edit } = buildWorld();
    edit('plain-library', (json) => {
      json.exports = { './part': './part.js' };
    });
    expect(discover({ cwd: project }).setAside).toEqual([]);
  });

  test('a broken category, and with it the plugins that live there', () => {
    const { project, folder } = buildWorld();
    const file = join(folder('category-switches'), 'release/category.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"dimension": 3', '"dimension": 4'));
    const found = discover({ cwd: project });
    const codes = Object.fromEntries(found.setAside.map(({ name, error }) => [name, error.code]));
    expect(codes).toEqual({
      switches: 'CATEGORY_BROKEN',
      lamp: 'CATEGORY_UNKNOWN',
      sounds: 'CATEGORY_UNKNOWN',
    });
    expect(namesOf(found)).toEqual(['bars', 'keys', 'next', 'plus', 'words']);
  });

  test('a name of the explicit list that leads nowhere, or to no plugin', () => {
    const { project } = buildWorld();
    writeJson(join(project, 'bare', 'package.json'), { name: 'bare' });
    const found = discover({
      cwd: project,
      plugins: ['category-tones', 'functor-keys', 'functor-none', './bare', './none'],
    });
    expect(found.setAside.map(({ error }) => error.code)).toEqual([
      'PLUGIN_UNRESOLVED',
      'PLUGIN_UNRESOLVED',
      'MANIFEST_INVALID',
    ]);
    expect(namesOf(found)).toEqual(['keys']);
  });
});

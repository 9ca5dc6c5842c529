import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtinCategories, NAME, readCategory } from '@deepfunctor/core';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nameProblem, starterTexts } from '../src/answers.js';

const program = fileURLToPath(new URL('../bin/create-deepfunctor.js', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** Where an author works; nobody is there to answer. */
function author() {
  const folder = mkdtempSync(join(tmpdir(), 'deepfunctor-create-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const create = (...flags: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...flags], {
      cwd: folder,
      encoding: 'utf8',
      input: '',
    });
    return { status, stdout, stderr };
  };
  const read = (path: string) => readFileSync(join(folder, path), 'utf8');
  return { folder, create, read };
}

describe('with flags', () => {
  test('a morphism gets the command that learns it, and a test that holds it to the laws', () => {
    const { create, read } = author();
    const { status, stdout } = create(
      ...['--kind', 'morphism', '--name', 'largest', '--arity', '2', '--table', 'max(a, b)', '--yes'],
    );
    expect(status).toBe(0);
    expect(stdout).toContain('"(binary, binary) -> largest -> binary" --input … --input …');
    const json = JSON.parse(read('morphism-largest/package.json'));
    expect(json).toMatchObject({ name: 'morphism-largest', version: '0.1.0', type: 'module' });
    expect(json.scripts.learn).toBe(
      'deepfunctor learn morphism --name largest --arity 2 --table "max(a, b)" --replace --out .',
    );
    expect(Object.keys(json.devDependencies)).toEqual(
      expect.arrayContaining(['deepfunctor', '@deepfunctor/laws', '@deepfunctor/train', 'vitest']),
    );
    expect(read('morphism-largest/test/plugin.test.js')).toContain("from '@deepfunctor/laws/vitest'");
  });

  test('a functor gets its examples copied, or made-up ones: a text for each label', () => {
    const { folder, create, read } = author();
    writeFileSync(join(folder, 'morse.csv'), '0,-----\n');
    expect(create('--name', 'morse', '--examples', 'morse.csv', '--dir', 'my-morse', '--yes').status).toBe(0);
    expect(read('my-morse/examples.csv')).toBe('0,-----\n');
    expect(JSON.parse(read('my-morse/package.json')).scripts.learn).toContain('--examples examples.csv');

    expect(create('--codec', 'bits', '--name', 'gray', '--yes').status).toBe(0);
    const { labels } = readCategory(builtinCategories()[0]!);
    const rows = read('functor-gray/examples.csv').trim().split('\n');
    expect(rows.map((row) => row.split(',')[0])).toEqual(labels.map(({ name }) => name));
  });

  test('a functor of pictures gets them with their folders, and nothing that is no picture', () => {
    const { folder, create } = author();
    mkdirSync(join(folder, 'signs/0'), { recursive: true });
    for (const name of ['0/a.png', '1-b.PNG', 'notes.txt']) writeFileSync(join(folder, 'signs', name), name);
    expect(create('--codec', 'image', '--name', 'signs', '--examples', 'signs', '--yes').status).toBe(0);
    expect(readdirSync(join(folder, 'functor-signs/examples'), { recursive: true }).sort()).toEqual([
      '0',
      '0/a.png',
      '1-b.PNG',
    ]);
  });

  test('help and version are told with exit code 0', () => {
    const { create } = author();
    expect(create('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--kind <kind>') });
    expect(create('--version')).toMatchObject({ status: 0, stdout: `${version}\n` });
  });
});

describe('what cannot be made is told with exit code 2, and nothing is written', () => {
  test.each<[string, string[], string]>([
    ['nobody to ask', ['--name', 'morse'], 'nobody is there to answer questions: give --yes'],
    [
      'a wrong name',
      ['--name', 'My Plugin', '--yes'],
      '“My Plugin” is not lower-case letters and digits joined',
    ],
    [
      'a folder that npm refuses',
      ['--dir', 'Mine!', '--yes'],
      '“Mine!” cannot be the name of an npm package',
    ],
    ['pictures without pictures', ['--codec', 'image', '--yes'], 'pictures cannot be made up'],
    [
      'examples that are not there',
      ['--examples', 'none.csv', '--yes'],
      'no such file or folder. [INPUT_MISSING]',
    ],
    [
      'a morphism with a codec',
      ['--kind', 'morphism', '--codec', 'bits', '--yes'],
      'a morphism has no codec',
    ],
    ['a functor with a table', ['--table', 'a', '--yes'], 'a functor is learned from its --examples'],
    ['another kind', ['--kind', 'monad'], 'Allowed choices are functor, morphism'],
    [
      'a folder for a CSV file',
      ['--examples', '.', '--yes'],
      'it is a folder, and a CSV file is needed. [INPUT_MISSING]',
    ],
    [
      'a file for a folder of pictures',
      ['--codec', 'image', '--examples', program, '--yes'],
      'it is a file, and a folder of PNG files is needed. [INPUT_MISSING]',
    ],
    [
      'a folder without pictures',
      ['--codec', 'image', '--examples', '.', '--yes'],
      'no PNG file is in it. [INPUT_MISSING]',
    ],
    [
      'a table that is not there',
      ['--kind', 'morphism', '--table', 'none.csv', '--yes'],
      'there is no such file or folder. [INPUT_MISSING]',
    ],
    ['no arity', ['--kind', 'morphism', '--arity', '0'], 'It must be a whole number from 1 to 9.'],
  ])('%s', (_, flags, text) => {
    const { folder, create } = author();
    const { status, stderr } = create(...flags);
    expect(stderr).toContain(text);
    expect(status).toBe(2);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a folder that has something in it', () => {
    const { folder, create } = author();
    mkdirSync(join(folder, 'functor-mine'));
    expect(create('--yes').status).toBe(0);
    const { status, stderr } = create('--yes');
    expect(stderr).toContain('[OUTPUT_EXISTS]\n  where: functor-mine\n');
    expect(status).toBe(2);
    expect(existsSync(join(folder, 'functor-mine/package.json'))).toBe(true);
  });

  test('a file of that name', () => {
    const { folder, create, read } = author();
    writeFileSync(join(folder, 'functor-mine'), 'a file');
    const { status, stderr } = create('--yes');
    expect(stderr).toContain('[OUTPUT_EXISTS]\n  where: functor-mine\n');
    expect(status).toBe(2);
    expect(read('functor-mine')).toBe('a file');
  });
});

test('a package that cannot be written whole is not written at all', () => {
  const { folder, create } = author();
  writeFileSync(join(folder, 'file'), '');
  const { status, stderr } = create('--dir', 'file/functor-mine', '--yes');
  expect(stderr).toContain('[OUTPUT_UNWRITABLE]');
  expect(status).toBe(1);
  mkdirSync(join(folder, 'signs/0'), { recursive: true });
  writeFileSync(join(folder, 'signs/0/a.png'), 'a');
  symlinkSync(join(folder, 'signs/nowhere'), join(folder, 'signs/0/b.png'));
  const pictures = create('--codec', 'image', '--name', 'signs', '--examples', 'signs', '--yes');
  expect(pictures.stderr).toContain('[INPUT_MISSING]\n  where: signs/0/b.png\n');
  expect(pictures.status).toBe(2);
  expect(readdirSync(folder).sort()).toEqual(['file', 'signs']);
});

test('a name is taken where it can stand in a chain, and else the reason is told', () => {
  fc.assert(fc.property(fc.stringMatching(NAME), (name) => nameProblem(name) === undefined));
  fc.assert(fc.property(fc.string(), (name) => (nameProblem(name) === undefined) === NAME.test(name)));
});

test('made-up texts are distinct and of one length, for any number of labels', () => {
  const category = readCategory(builtinCategories()[0]!);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.constantFrom('symbols', 'bits'), (count, codec) => {
      const labels = Array.from({ length: count }, (_, i) => ({ name: `l${i}`, factors: {} }));
      const texts = starterTexts(codec, { ...category, labels });
      expect(new Set(texts).size).toBe(count);
      expect(new Set(texts.map((text) => text.length)).size).toBe(1);
    }),
  );
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PNG } from 'pngjs';
import { describe, expect, inject, test } from 'vitest';
import { call, deepfunctor, folder, root, seven, temporary, told, written } from './project.js';

const SIX = ['add-one', 'binary', 'digits', 'dots', 'identity', 'times-two'];

test('list names every plugin, and sets none aside', () => {
  const { categories, plugins, setAside } = told('list');
  const names = plugins.map(({ name }: { name: string }) => name).sort();
  expect(names).toEqual([...inject('plugins')].sort());
  expect(names).toEqual(expect.arrayContaining(SIX));
  expect(setAside).toEqual([]);
  for (const plugin of plugins) {
    expect(plugin.directory).toContain(folder);
    const [{ category, space }] = plugin.ports;
    expect(categories).toContainEqual(expect.objectContaining({ name: category, digest: space }));
  }
});

test('a handwritten digit goes through two morphisms to dots', () => {
  const out = temporary('answers');
  const { answers } = told('run', 'digits -> add-one -> times-two -> dots', '--input', seven, '--out', out);
  expect(answers).toMatchObject([{ inputs: [seven], value: '6', file: `${out}/seven-1-dots.png` }]);
  expect(answers[0].before[0][7].p).toBeGreaterThan(0.9);
  expect(answers[0].distribution[6].p).toBeGreaterThan(0.9);
  expect(readdirSync(out).sort()).toEqual(['contact-sheet.png', 'seven-1-dots.png']);
  expect(PNG.sync.read(readFileSync(answers[0].file))).toMatchObject({ width: 28, height: 28 });
});

test('a binary number becomes a handwritten digit, through npx too', () => {
  const out = temporary('six-plus-one.png');
  const chain = ['run', 'binary -> add-one -> digits', '--input', '0110', '--out', out];
  expect(call('npx', '--no-install', 'deepfunctor', ...chain)).toMatchObject({
    status: 0,
    stdout: `7  (${out})\n`,
  });
  expect(deepfunctor('run', 'digits -> identity -> binary', '-i', out).stdout).toBe('0111\n');
});

test('help is told with exit code 0, a call that is not known with 2', () => {
  for (const ask of [['--help'], ['run', '--help']])
    expect(deepfunctor(...ask)).toMatchObject({ status: 0, stdout: expect.stringContaining('Usage:') });
  expect(deepfunctor('--version')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+/) });
  expect(deepfunctor('rum')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('Did you mean run?'),
  });
});

test('the README lists every command', () => {
  const readme = readFileSync(join(root, 'apps/cli/README.md'), 'utf8');
  const commands = [...deepfunctor('--help').stdout.matchAll(/^ {2}([a-z]+) \[?/gm)].map(([, name]) => name);
  expect(commands).toEqual(expect.arrayContaining(['list', 'run', 'evaluate', 'help']));
  for (const name of commands) expect(readme).toContain(`\`deepfunctor ${name}`);
});

test('the trainer is loaded where it is needed', () => {
  const { status, stderr } = deepfunctor('evaluate', '--data', 'nowhere');
  expect(stderr).toContain('[DATA_MISSING]\n  where: nowhere\n  do: Download the four MNIST files');
  expect(status).toBe(2);
});

describe('a wrong input is told with exit code 2, and leaves nothing', () => {
  test.each<[string, string, () => string[], RegExp]>([
    ['none', 'digits -> add-one -> dots', () => [], /takes 1 input\(s\) and was given 0\. \[INPUT_COUNT\]/],
    [
      'a file that is not there',
      'digits -> add-one -> dots',
      () => [temporary('none.png')],
      /cannot be opened: ENOENT.* \[INPUT_MISSING\]\n {2}where: .*none\.png\n/,
    ],
    [
      'no image',
      'digits -> add-one -> dots',
      () => [written('text.png', 'this is no picture')],
      /does not begin as a PNG file does\. \[IMAGE_UNREADABLE\]\n {2}where: .*text\.png\n {2}do: Give a PNG file/,
    ],
    [
      'an empty picture',
      'digits -> add-one -> dots',
      () => [written('empty.png', PNG.sync.write(new PNG({ width: 40, height: 40 })))],
      /The image is empty.* \[IMAGE_EMPTY\]\n {2}where: .*empty\.png\n {2}do: Give an image with something drawn/,
    ],
    [
      'five bits',
      'binary -> add-one -> dots',
      () => ['10110'],
      /^“10110” is not a binary number of 4 bits\. \[BITS_INVALID\]\n {2}where: 10110\n {2}do: Write exactly 4 /,
    ],
    [
      'another notation',
      'binary -> add-one -> dots',
      () => ['0x7'],
      /^“0x7” is not a binary number of 4 bits\. \[BITS_INVALID\]/,
    ],
    [
      'a number outside the domain',
      'binary -> add-one -> dots',
      () => ['1010'],
      /^“1010” is outside the domain of “binary”\. \[VALUE_OUTSIDE_DOMAIN\]\n {2}where: 1010\n {2}do: Use one of: 0000, /,
    ],
    [
      'a name that is not installed',
      'digits -> ad-one -> dots',
      () => [seven],
      /^No plugin named “ad-one” is installed\. \[CHAIN_UNKNOWN_NAME\]\n.*nearest first: add-one, /s,
    ],
  ])('%s', (_, chain, inputs, text) => {
    const out = temporary('never');
    const asked = ['run', chain, ...inputs().flatMap((input) => ['--input', input]), '--out', out];
    const { status, stdout, stderr } = deepfunctor(...asked);
    expect(stderr).toMatch(text);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(existsSync(out)).toBe(false);
    const { error } = JSON.parse(deepfunctor(...asked, '--json').stdout);
    expect(stderr).toContain(`${error.what} [${error.code}]`);
  });
});

test('an output that cannot be written is told with exit code 1, and leaves nothing', () => {
  const file = written('file', 'in the way');
  for (const out of [`${file}/answers`, `${file}/answer.png`]) {
    const { status, stdout, stderr } = deepfunctor(
      'run',
      'binary -> add-one -> dots',
      '-i',
      '0001',
      '-o',
      out,
    );
    expect(stderr).toMatch(
      /^The output cannot be written: (ENOTDIR|EEXIST): .* \[OUTPUT_UNWRITABLE\]\n {2}where: .*file\//,
    );
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  }
  expect(readdirSync(dirname(file))).toEqual(['file']);
  expect(readFileSync(file, 'utf8')).toBe('in the way');
});

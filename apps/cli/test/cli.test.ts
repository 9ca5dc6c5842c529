import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { call, root } from './command.js';

vi.setConfig({ testTimeout: 60_000 });
const folder = mkdtempSync(join(tmpdir(), 'cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const seven = join(root, 'examples/digits/seven-1.png');

/** The real command in a process of its own, in the root of the repository, where the plugins are installed. */
function deepfunctor(...args: string[]) {
  return call(args);
}

describe('list', () => {
  test('tells what is installed, for people and for machines', () => {
    const { status, stdout } = deepfunctor('list');
    expect(status).toBe(0);
    for (const name of ['dots', 'digits', 'binary', 'identity', 'add-one', 'times-two'])
      expect(stdout).toContain(name);
    const told = JSON.parse(deepfunctor('list', '--json').stdout);
    expect(told.plugins.length).toBeGreaterThanOrEqual(6);
    expect(told.setAside).toEqual([]);
    expect(told.plugins[0].ports[0].space).toBe(told.categories[0].digest);
  });
});

describe('run', () => {
  test('answers with a text', () => {
    expect(deepfunctor('run', 'digits -> add-one -> binary', '--input', seven)).toMatchObject({
      status: 0,
      stdout: '1000\n',
    });
  });

  test('leaves nothing behind of what a slow reader has not got yet', () => {
    const many = Array.from({ length: 100 }, () => `--input ${seven}`).join(' ');
    const command = `"${process.execPath}" apps/cli/bin/deepfunctor.js run "digits -> add-one -> binary" ${many} --json`;
    const { stdout } = spawnSync('sh', ['-c', `${command} | (sleep 5; cat)`], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stdout.length).toBeGreaterThan(2 * 65_536);
    expect(JSON.parse(stdout).answers).toHaveLength(100);
  });

  test('answers as JSON, with the distributions before and after', () => {
    const { stdout } = deepfunctor(
      'run',
      'binary -> times-two -> binary',
      '-i',
      '0011',
      '-i',
      '1001',
      '--json',
    );
    const { answers } = JSON.parse(stdout);
    expect(answers.map(({ value }: { value: string }) => value)).toEqual(['0110', '1000']);
    expect(answers[0].before[0]).toHaveLength(10);
    expect(answers[0].before[0][3].p).toBeGreaterThan(0.99);
    expect(answers[0].distribution[6].p).toBeGreaterThan(0.99);
  });

  test('writes a picture, the same for the same seed', () => {
    const pictures = [1, 1, 2].map((seed, i) => {
      const out = join(folder, `seven-${i}.png`);
      const { status, stdout } = deepfunctor(
        'run',
        'binary -> add-one -> digits',
        '-i',
        '0110',
        '--out',
        out,
        '--seed',
        `${seed}`,
      );
      expect(status).toBe(0);
      expect(stdout).toMatch(/^7 /);
      return readFileSync(out);
    });
    expect(PNG.sync.read(pictures[0]!)).toMatchObject({ width: 28, height: 28 });
    expect(pictures[1]).toEqual(pictures[0]);
    expect(pictures[2]).not.toEqual(pictures[0]);
  });

  test('writes several answers into a folder, with a contact sheet', () => {
    const out = join(folder, 'answers');
    const chain = 'digits -> add-one -> times-two -> dots';
    expect(
      deepfunctor('run', chain, '-i', seven, '-i', join(root, 'examples/digits/two-1.png'), '--out', out)
        .status,
    ).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['contact-sheet.png', 'seven-1-dots.png', 'two-1-dots.png']);
    expect(PNG.sync.read(readFileSync(join(out, 'contact-sheet.png'))).width).toBeGreaterThan(200);
  });
});

describe('a wrong input is a coded error that says what to do, and nothing is written', () => {
  const text = join(folder, 'text.png');
  writeFileSync(text, 'this is no picture');
  const cut = join(folder, 'cut.png');
  writeFileSync(cut, readFileSync(seven).subarray(0, 60));
  const empty = join(folder, 'empty.png');
  writeFileSync(empty, PNG.sync.write(new PNG({ width: 40, height: 40 })));
  const huge = Buffer.from(readFileSync(seven));
  huge.writeUInt32BE(20_000, 16);
  const large = join(folder, 'large.png');
  writeFileSync(large, huge);
  const none = Buffer.from(readFileSync(seven));
  none.writeUInt32BE(0, 16);
  const nothing = join(folder, 'nothing.png');
  writeFileSync(nothing, none);

  test.each([
    ['IMAGE_UNREADABLE', 'digits -> identity -> binary', text],
    ['IMAGE_UNREADABLE', 'digits -> identity -> binary', cut],
    ['IMAGE_SIZE', 'digits -> identity -> binary', large],
    ['IMAGE_SIZE', 'digits -> identity -> binary', nothing],
    ['IMAGE_EMPTY', 'digits -> identity -> binary', empty],
    ['INPUT_MISSING', 'digits -> identity -> binary', join(folder, 'absent.png')],
    ['BITS_INVALID', 'binary -> identity -> binary', '10110'],
    ['BITS_INVALID', 'binary -> identity -> binary', '0x7'],
    ['VALUE_OUTSIDE_DOMAIN', 'binary -> identity -> binary', '1100'],
    ['CHAIN_UNKNOWN_NAME', 'digits -> ad-one -> binary', seven],
    ['CHAIN_SYNTAX', 'digits -> -> binary', seven],
    ['CHAIN_ENDS', 'add-one -> binary', '0001'],
  ])('%s: %s of %s', (code, chain, input) => {
    const out = join(folder, 'never');
    const { status, stderr, stdout } = deepfunctor('run', chain, '--input', input, '--out', out);
    expect(stderr).toContain(`[${code}]`);
    expect(stderr).toMatch(/\n {2}do: \S/);
    expect(stdout).toBe('');
    expect(status).toBe(2);
    expect(existsSync(out)).toBe(false);
    const told = JSON.parse(deepfunctor('run', chain, '--input', input, '--json').stdout);
    expect(told.error.code).toBe(code);
  });

  test('an empty picture is zero dots', () => {
    expect(deepfunctor('run', 'dots -> identity -> binary', '-i', empty).stdout).toMatch(/^0000/);
  });

  test('a call that is not known tells the usage and exits with 2; help exits with 0', () => {
    expect(deepfunctor('rum').status).toBe(2);
    expect(deepfunctor('run', '--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Examples:'),
    });
    expect(deepfunctor('evaluate', '--data', join(folder, 'no-data')).stderr).toContain('[DATA_MISSING]');
  });
});

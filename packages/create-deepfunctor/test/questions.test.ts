/** The questions, answered on a real terminal: Python’s pseudo-terminal types the keys. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { leftOut } from '../../../scripts/judges.js';

const program = fileURLToPath(new URL('../bin/create-deepfunctor.js', import.meta.url));
const terminal = fileURLToPath(new URL('terminal.py', import.meta.url));
const absent = spawnSync('python3', ['-c', 'import pty']).status !== 0;
const [ENTER, DOWN, CTRL_C, CLEAR] = ['\r', '\x1b[B', '\x03', '\x15'];

/** What is waited for, and then typed. */
type Steps = [text: string, keys: string][];

function author() {
  const folder = mkdtempSync(join(tmpdir(), 'deepfunctor-create-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const answer = (steps: Steps, ...flags: string[]) => {
    const { stdout, stderr } = spawnSync(
      'python3',
      [terminal, JSON.stringify(steps), process.execPath, program, ...flags],
      { cwd: folder, encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    const told = JSON.parse(stdout) as { shown: string; status: number; missed: string | null };
    expect(told.missed, told.shown).toBe(null);
    return told;
  };
  const read = (path: string) => readFileSync(join(folder, path), 'utf8');
  return { folder, answer, read };
}

const MORPHISM: Steps = [
  ['What is it to be?', DOWN + ENTER],
  ['What is it called', `largest${ENTER}`],
  ['How many objects', `${CLEAR}2${ENTER}`],
  ['What does it compute?', ENTER],
];

describe.skipIf(leftOut(absent))('on a terminal (python3 types)', { timeout: 180_000 }, () => {
  beforeAll(() => {
    if (absent) throw new Error('python3 is missing');
  });

  test('a morphism is asked for its name, arity, table and folder', () => {
    const { answer, read } = author();
    const { status, shown } = answer([...MORPHISM, ['Into which folder?', ENTER]]);
    expect(status).toBe(0);
    expect(shown).toContain('The morphism “largest” is in morphism-largest. Next:');
    expect(JSON.parse(read('morphism-largest/package.json')).scripts.learn).toBe(
      'deepfunctor learn morphism --name largest --arity 2 --table "max(a, b)" --replace --out .',
    );
  });

  test('a functor is asked for its name, codec, examples and folder', () => {
    const { folder, answer, read } = author();
    writeFileSync(join(folder, 'bits.csv'), '0,0000\n');
    const { status } = answer([
      ['What is it to be?', ENTER],
      ['What is it called', `gray${ENTER}`],
      ['What does a value look like?', DOWN + ENTER],
      ['Where are examples?', `bits.csv${ENTER}`],
      ['Into which folder?', ENTER],
    ]);
    expect(status).toBe(0);
    expect(read('functor-gray/examples.csv')).toBe('0,0000\n');
    expect(JSON.parse(read('functor-gray/package.json')).scripts.learn).toContain('--codec bits');
  });

  test('what a flag says is not asked', () => {
    const { folder, answer } = author();
    const { status, shown } = answer(
      [['Where are examples?', ENTER]],
      ...['--kind', 'functor', '--name', 'letters', '--codec', 'symbols', '--dir', 'mine'],
    );
    expect(status).toBe(0);
    expect(shown).not.toContain('What is it');
    expect(readdirSync(join(folder, 'mine')).sort()).toEqual([
      '.gitignore',
      'examples.csv',
      'package.json',
      'test',
    ]);
  });

  test('a wrong answer is told at once, and the question stays', () => {
    const { folder, answer } = author();
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'taken/mine'), '');
    const { status } = answer([
      ['What is it to be?', ENTER],
      ['What is it called', `My Plugin${ENTER}`],
      ['is not lower-case letters and digits', `${CLEAR}signs${ENTER}`],
      ['What does a value look like?', DOWN + DOWN + ENTER],
      ['Where are labelled pictures?', `none${ENTER}`],
      ['there is no such file or folder', CLEAR + ENTER],
      ['Pictures cannot be made up.', `taken${ENTER}`],
      ['no PNG file is in it', CTRL_C],
    ]);
    expect(status).toBe(130);
    const again = answer([
      ...MORPHISM,
      ['Into which folder?', `${CLEAR}taken${ENTER}`],
      ['exists already', CTRL_C],
    ]);
    expect(again.status).toBe(130);
    expect(readdirSync(folder)).toEqual(['taken']);
  });

  test.each(MORPHISM.map((_, i) => i))('Ctrl-C after %i answers leaves nothing', (count) => {
    const { folder, answer } = author();
    const { status, shown } = answer([...MORPHISM.slice(0, count), [MORPHISM[count]![0], CTRL_C]]);
    expect(shown).toContain('[INTERRUPTED]');
    expect(shown).toContain('nothing was written.');
    expect(status).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
  });
});

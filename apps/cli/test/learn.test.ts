import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, test, vi } from 'vitest';
import { bin, call, root } from './command.js';

vi.setConfig({ testTimeout: 180_000 });
const project = mkdtempSync(join(tmpdir(), 'learn-'));
afterAll(() => rmSync(project, { recursive: true, force: true }));
writeFileSync(join(project, 'package.json'), '{"name": "a-project", "dependencies": {}}');

function deepfunctor(...args: string[]) {
  return call(args, { cwd: project });
}

/** Make a package a dependency of the project. */
function install(from: string): void {
  const file = join(project, 'package.json');
  const json = JSON.parse(readFileSync(file, 'utf8'));
  const { name } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  json.dependencies[name] = '*';
  mkdirSync(join(project, 'node_modules', name), { recursive: true });
  cpSync(from, join(project, 'node_modules', name), {
    recursive: true,
    filter: (path) => !path.endsWith('node_modules'),
  });
  writeFileSync(file, JSON.stringify(json));
}

const roman = ['N', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX'];
const csv = `value,text\n${roman.map((text, value) => `${value},${text}`).join('\n')}\n`;

test('a morphism and a functor are learned from the command line, and compose with founding plugins', () => {
  writeFileSync(join(project, 'roman.csv'), csv);
  const functor = deepfunctor(
    ...[
      'learn',
      'functor',
      '--name',
      'roman',
      '--codec',
      'symbols',
      '--examples',
      'roman.csv',
      '--out',
      'functor-roman',
    ],
  );
  expect(functor.stderr + functor.stdout).toContain('Learned the functor “roman” of fuzzy-digits');
  const morphism = deepfunctor(
    ...[
      'learn',
      'morphism',
      '--name',
      'integer-division',
      '--arity',
      '2',
      '--table',
      'b == 0 ? 0 : floor(a / b)',
    ],
    ...['--out', 'morphism-integer-division', '--json'],
  );
  expect(morphism.status).toBe(0);
  expect(JSON.parse(morphism.stdout).measured['right on noised latents that were kept']).toBeGreaterThan(
    0.9995,
  );
  for (const folder of ['functor-roman', 'morphism-integer-division']) {
    install(join(project, folder));
    expect(readdirSync(join(project, folder)).sort()).toEqual(
      expect.arrayContaining(['README.md', 'index.d.ts', 'index.js', 'package.json', 'test']),
    );
  }
  install(join(root, 'plugins/functor-binary'));
  const answers = deepfunctor(
    'run',
    '(binary, roman) -> integer-division -> roman',
    '-i',
    '1001',
    '-i',
    'II',
  );
  expect(answers.stderr).toBe('');
  expect(answers.stdout.trim()).toBe('IV');
});

test('a wrong table, wrong examples and a taken folder are told with exit code 2, and nothing is written', () => {
  const before = readdirSync(project).sort();
  const learn = (table: string, ...more: string[]) =>
    deepfunctor('learn', 'morphism', '--name', 'wrong', '--table', table, '--out', 'wrong', ...more);
  for (const [table, text] of [
    ['a + 1', 'it gives 10 at a = 9, which is no label of “fuzzy-digits”. [TABLE_INVALID]'],
    ['a / 0', 'it divides by zero, at a = 0. [TABLE_INVALID]'],
    ['b', 'it has an unknown variable “b”, at a = 0. [TABLE_INVALID]'],
    ['a +', 'is no expression'],
  ] as const) {
    const { status, stderr } = learn(table);
    expect(stderr).toContain(text);
    expect(status).toBe(2);
  }
  writeFileSync(join(project, 'less.csv'), csv.replace('7,VII\n', ''));
  const less = deepfunctor(
    ...[
      'learn',
      'functor',
      '--name',
      'less',
      '--codec',
      'symbols',
      '--examples',
      'less.csv',
      '--out',
      'less',
    ],
  );
  expect(less.status).toBe(2);
  expect(less.stderr).toContain('there is none of 7. [EXAMPLES_INVALID]');
  mkdirSync(join(project, 'taken'));
  const taken = deepfunctor('learn', 'morphism', '--name', 'x', '--table', 'a', '--out', 'taken');
  expect(taken.status).toBe(2);
  expect(taken.stderr).toContain('[OUTPUT_EXISTS]');
  expect(readdirSync(project).sort()).toEqual([...before, 'less.csv', 'taken'].sort());
});

test('a learning that does not converge says so, writes nothing, and exits with 1', () => {
  const { status, stderr } = deepfunctor(
    ...['learn', 'morphism', '--name', 'hasty', '--table', 'a', '--steps', '3', '--out', 'hasty'],
  );
  expect(stderr).toMatch(/The learning has not converged: after 3 steps .*\[LEARNING_FAILED\]/);
  expect(status).toBe(1);
  expect(existsSync(join(project, 'hasty'))).toBe(false);
});

test('an interrupted learning leaves nothing and exits with 130', async () => {
  const before = readdirSync(project).sort();
  const child = spawn(
    process.execPath,
    [
      bin,
      'learn',
      'morphism',
      '--name',
      'long',
      '--arity',
      '3',
      '--table',
      'mod(a + b + c, 10)',
      '--out',
      'long',
    ],
    { cwd: project },
  );
  let told = '';
  child.stderr.on('data', (text) => {
    const learns = told.includes('steps');
    told += text;
    // The bar is there, maybe after a warning: it learns.
    if (!learns && told.includes('steps')) child.kill('SIGINT');
  });
  const [status] = await once(child, 'close');
  expect(told).toContain('[INTERRUPTED]');
  expect(status).toBe(130);
  expect(readdirSync(project).sort()).toEqual(before);
});

test('an interrupt while it measures what it has learned, and a second one, leave nothing either', async () => {
  const before = readdirSync(project).sort();
  const child = spawn(
    process.execPath,
    [bin, 'learn', 'morphism', '--name', 'late', '--arity', '2', '--table', 'max(a, b)', '--out', 'late'],
    { cwd: project },
  );
  let told = '';
  child.stderr.on('data', (text) => {
    told += text;
  });
  const ended = once(child, 'close');
  // What is measured lies beside the place where it is to go.
  while (!readdirSync(project).some((name) => name.startsWith('.late.')) && child.exitCode === null)
    await setTimeout(2);
  child.kill('SIGINT');
  await setTimeout(20);
  child.kill('SIGINT');
  const [status] = await ended;
  expect(told).toContain('[INTERRUPTED]');
  expect(status).toBe(130);
  expect(readdirSync(project).sort()).toEqual(before);
});

/** examples/pytorch: plugins learned in PyTorch from the published files are plugins like any other. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { leftOut } from '../../../scripts/judges.js';
import { call, root } from './command.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
const python = process.env.DEEPFUNCTOR_TORCH_PYTHON ?? join(root, 'node_modules/.cache/torch/bin/python');
const judge = join(root, 'node_modules/.cache/python/bin/python');
const absent = [python, judge].find((path) => !existsSync(path));
const LEARNED = { square: 'morphism-square', tally: 'functor-tally' };

describe.skipIf(leftOut(absent))('PyTorch (scripts/torch-env.sh installs it)', () => {
  const project = mkdtempSync(join(tmpdir(), 'pytorch-'));
  const core = join(project, 'node_modules/@deepfunctor/core');
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  const learn = (script: string, ...flags: string[]) =>
    spawnSync(python, [join(root, 'examples/pytorch', `${script}.py`), ...flags], {
      cwd: project,
      encoding: 'utf8',
    });
  const deepfunctor = (...args: string[]) => call(args, { cwd: project });

  beforeAll(() => {
    if (absent) throw new Error(`${absent} is missing: run scripts/torch-env.sh`);
    // Of the contract, what is published and nothing else.
    cpSync(join(root, 'packages/core/categories'), join(core, 'categories'), { recursive: true });
    cpSync(join(root, 'packages/core/package.json'), join(core, 'package.json'));
    for (const [script, folder] of Object.entries(LEARNED)) {
      const { status, stderr, stdout } = learn(script);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain(`The package is in ${folder}.`);
    }
    const dependencies: Record<string, string> = {};
    const install = (name: string, from: string) => {
      dependencies[name] = '*';
      const to = join(project, 'node_modules', name);
      mkdirSync(to, { recursive: true });
      cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('node_modules') });
    };
    for (const folder of Object.values(LEARNED)) install(folder, join(project, folder));
    for (const name of ['functor-digits', 'functor-roman', 'morphism-add-one', 'morphism-identity'])
      install(`@deepfunctor/${name}`, join(root, 'plugins', name));
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'a-project', dependencies }));
  });

  test('what it writes is a manifest and weights, and nothing more', () => {
    expect(readdirSync(join(project, LEARNED.square)).sort()).toEqual(['morphism.onnx', 'package.json']);
    expect(readdirSync(join(project, LEARNED.tally)).sort()).toEqual([
      'decode.onnx',
      'encode.onnx',
      'package.json',
    ]);
  });

  test('onnx.checker accepts its files', () => {
    const files = Object.values(LEARNED).flatMap((folder) =>
      readdirSync(join(project, folder))
        .filter((name) => name.endsWith('.onnx'))
        .map((name) => join(project, folder, name)),
    );
    const program =
      'import onnx, sys\nfor path in sys.argv[1:]: onnx.checker.check_model(path, full_check=True)';
    execFileSync(judge, ['-c', program, ...files], { stdio: 'pipe' });
  });

  test('every law holds of both', () => {
    const { status, stdout } = deepfunctor('verify', 'square', 'tally', '--json');
    const { findings } = JSON.parse(stdout);
    expect(findings.filter(({ holds }: { holds: boolean }) => !holds)).toEqual([]);
    const measured = findings.filter(({ figure }: { figure: number | null }) => figure !== null);
    expect(measured.map(({ law }: { law: string }) => law)).toEqual(
      expect.arrayContaining(['lands', 'agrees', 'table', 'steady', 'fuzzy', 'natural', 'swap']),
    );
    expect(status).toBe(0);
  });

  test('they compose with each other and with what was learned elsewhere', () => {
    const answer = (chain: string, input: string) => deepfunctor('run', chain, '--input', input).stdout;
    expect(answer('tally -> square -> roman', '#||')).toBe('IX\n');
    expect(answer('digits -> square -> add-one -> tally', join(root, 'examples/digits/seven-1.png'))).toBe(
      '-\n',
    );
  });

  test('it writes over nothing', () => {
    const { status, stderr } = learn('square');
    expect(stderr).toContain('morphism-square exists already');
    expect(status).toBe(1);
  });

  test('a contract that was changed is refused, and nothing is written', () => {
    const changed = join(project, 'changed');
    cpSync(core, changed, { recursive: true });
    writeFileSync(join(changed, 'categories/fuzzy-digits/probe.onnx'), 'another probe');
    const { status, stderr } = learn('square', '--core', changed, '--out', 'of-another');
    expect(stderr).toContain('probe.onnx is not the file that category.json names.');
    expect(status).toBe(1);
    expect(existsSync(join(project, 'of-another'))).toBe(false);
  });
});

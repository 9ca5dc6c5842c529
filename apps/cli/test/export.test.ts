import { execFileSync, spawnSync } from 'node:child_process';
import {
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
import { sha256 } from '@deepfunctor/core';
import { openHost, rowShape, uniforms } from '@deepfunctor/host';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { leftOut, python } from '../../../scripts/judges.js';
import { bin, call, root } from './command.js';

vi.setConfig({ testTimeout: 120_000 });
const folder = mkdtempSync(join(tmpdir(), 'export-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The real command in a process of its own, in the root of the repository, where the plugins are installed. */
function deepfunctor(...args: string[]) {
  return call(args);
}

describe('export', () => {
  test('writes one file, tells its ports, and writes the same bytes again', () => {
    const chain = 'digits -> add-one -> digits';
    const [first, second] = ['first.onnx', 'new/second.onnx'].map((name) => join(folder, name));
    const { status, stdout } = deepfunctor('export', chain, '--out', first!);
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(
        /^.*first\.onnx {2}\(digits -> add-one -> digits, \d+\.\d MB\)\n {2}in {3}input \[n, 1, 28, 28\]\n {2}in {3}style \[n, 8\]\n {2}out {2}output \[n, 1, 28, 28\]\n$/,
      ),
    ]);
    const json = JSON.parse(deepfunctor('export', chain, '-o', second!, '--json').stdout);
    const bytes = readFileSync(second!);
    expect(bytes).toEqual(readFileSync(first!));
    expect(json).toEqual({
      chain,
      description: chain,
      bridges: [],
      file: second,
      bytes: bytes.length,
      sha256: sha256(bytes),
      inputs: [
        { name: 'input', shape: [null, 1, 28, 28] },
        { name: 'style', shape: [null, 8] },
      ],
      outputs: [{ name: 'output', shape: [null, 1, 28, 28] }],
    });
  });

  test.each([
    ['a name without .onnx', 'chain.png', 'the file of a model ends with .onnx'],
    ['a folder', '', 'this is a folder, but a chain becomes one file'],
  ])('refuses %s', (_, name, reason) => {
    const out = join(folder, name);
    const before = readdirSync(folder);
    const { status, stderr } = deepfunctor('export', 'digits -> binary', '--out', out);
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining(`${reason}. [USAGE]\n  where: --out ${out}`),
    ]);
    expect(readdirSync(folder)).toEqual(before);
  });

  test.each([
    ['CHAIN_UNKNOWN_NAME', 'digits -> ad-one -> binary', 'nearest first: add-one'],
    ['CHAIN_ENDS', 'digits -> add-one', 'it ends with the morphism “add-one”'],
    ['CHAIN_SYNTAX', 'digits -> (', 'cannot be read'],
  ])('refuses a chain that does not fit: %s', (code, chain, message) => {
    const out = join(folder, 'never.onnx');
    const { status, stderr } = deepfunctor('export', chain, '--out', out);
    expect([status, stderr]).toEqual([2, expect.stringContaining(`[${code}]`)]);
    expect(stderr).toContain(message);
    expect(JSON.parse(deepfunctor('export', chain, '--out', out, '--json').stdout).error.code).toBe(code);
    expect(existsSync(out)).toBe(false);
  });

  test('leaves nothing, and an older file as it was, where the disk has no room', () => {
    const place = join(folder, 'full');
    mkdirSync(place);
    const out = join(place, 'chain.onnx');
    writeFileSync(out, 'older');
    // No file may grow beyond 64 blocks: what a full disk is to a program.
    const { status, stderr } = spawnSync(
      'sh',
      [
        '-c',
        'ulimit -f 64 && exec "$@"',
        'sh',
        process.execPath,
        bin,
        'export',
        'digits -> binary',
        '--out',
        out,
      ],
      { cwd: root, encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([1, expect.stringContaining(`[OUTPUT_UNWRITABLE]\n  where: ${out}\n`)]);
    expect(stderr).toMatch(/The output cannot be written: E[A-Z]+: /);
    expect(readdirSync(place)).toEqual(['chain.onnx']);
    expect(readFileSync(out, 'utf8')).toBe('older');
  });

  test('tells where it may not write', () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const { status, stderr } = deepfunctor('export', 'digits -> binary', '--out', join(file, 'chain.onnx'));
    expect([status, stderr]).toEqual([1, expect.stringContaining('[OUTPUT_UNWRITABLE]')]);
    expect(readFileSync(file, 'utf8')).toBe('');
  });

  test('needs a file to write to', () => {
    expect(deepfunctor('export', 'digits -> binary').status).toBe(2);
  });
});

const absent = !existsSync(python);

describe.skipIf(leftOut(absent))('Python’s judges (scripts/python-env.sh installs them)', () => {
  beforeAll(() => {
    if (absent) throw new Error('Python’s judges are not installed: run scripts/python-env.sh');
  });

  test.each([
    'digits -> add-one -> digits',
    'dots -> times-two -> add-one -> binary',
    'binary -> binary',
    `binary -> ${'add-one -> times-two -> '.repeat(50)}dots`,
  ])('accept the file of %s, and compute what the host computes', async (text) => {
    const out = join(folder, 'judged.onnx');
    expect(deepfunctor('export', text, '--out', out, '--with-distribution').status).toBe(0);
    const host = await openHost({ cwd: root });
    const chain = host.compose(text);
    const rows = 6;
    const uniform = uniforms(5);
    const size = rowShape(chain.inputs[0]!.codec).reduce((a, b) => a * b, rows);
    const input = Float32Array.from({ length: size }, () => Math.round(uniform()));
    const { output, distributions, styles } = await chain.runTensors([input], rows, { seed: 2 });
    await host.close();
    const feeds = { input: [...input], ...(styles === undefined ? {} : { style: [...styles] }) };
    const question = join(folder, 'question.json');
    writeFileSync(question, JSON.stringify({ feeds, output: [...output], distribution: [...distributions] }));
    const program = `
import json, sys, numpy, onnx, onnxruntime
onnx.checker.check_model(sys.argv[1], full_check=True)
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
asked = json.load(open(sys.argv[2]))
feeds = {port.name: numpy.array(asked["feeds"][port.name], numpy.float32).reshape([${rows}] + port.shape[1:]) for port in session.get_inputs()}
names = [port.name for port in session.get_outputs()]
print(json.dumps([names, *(float(numpy.abs(found.ravel() - asked[name]).max()) for name, found in zip(names, session.run(None, feeds)))]))`;
    const [names, ...farthest] = JSON.parse(
      execFileSync(python, ['-c', program, out, question], { encoding: 'utf8' }),
    );
    expect(names).toEqual(['output', 'distribution']);
    for (const each of farthest) expect(each).toBeLessThanOrEqual(1e-6);
  });
});

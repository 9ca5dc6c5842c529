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
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { leftOut, python } from '../../../scripts/judges.js';
import { bin, call, root } from './command.js';

vi.setConfig({ testTimeout: 120_000 });
const folder = mkdtempSync(join(tmpdir(), 'triton-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `deepfunctor export` in a process of its own, in the root of the repository, where the plugins are installed. */
function exported(...args: string[]) {
  return call(['export', ...args]);
}

const everything = (place: string) => readdirSync(place, { recursive: true }).sort();

describe('export --triton', () => {
  test('writes a folder of its configuration and version 1 of the file that --out writes', () => {
    const models = join(folder, 'new/models');
    const { status, stdout } = exported('digits -> add-one -> binary', '--triton', models);
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining(`${join(models, 'digits-add-one-binary')}  (digits -> add-one -> binary, `),
    ]);
    expect(everything(models)).toEqual(
      ['', '/1', '/1/model.onnx', '/config.pbtxt'].map((path) => `digits-add-one-binary${path}`),
    );
    const file = join(folder, 'same.onnx');
    exported('digits -> add-one -> binary', '--out', file);
    const model = readFileSync(join(models, 'digits-add-one-binary/1/model.onnx'));
    expect(model).toEqual(readFileSync(file));

    // A second model goes beside it; --json tells what was written.
    const args = ['--triton', models, '--name', 'second', '--max-batch', '7', '--json'];
    const json = JSON.parse(exported('digits -> add-one -> binary', ...args).stdout);
    expect(json).toMatchObject({
      model: 'second',
      folder: join(models, 'second'),
      maxBatch: 7,
      sha256: sha256(model),
    });
    expect(readdirSync(models).sort()).toEqual(['digits-add-one-binary', 'second']);
  });

  test('refuses a model that is there, and leaves it as it was', () => {
    const models = join(folder, 'taken');
    mkdirSync(join(models, 'mine'), { recursive: true });
    writeFileSync(join(models, 'mine/config.pbtxt'), 'older');
    const { status, stderr } = exported('digits -> binary', '--triton', models, '--name', 'mine');
    expect([status, stderr]).toEqual([
      2,
      `The output exists already. [OUTPUT_EXISTS]\n  where: ${join(models, 'mine')}\n  do: Choose another name, or remove it.\n`,
    ]);
    expect(everything(models)).toEqual(['mine', 'mine/config.pbtxt']);
    expect(readFileSync(join(models, 'mine/config.pbtxt'), 'utf8')).toBe('older');
  });

  test.each([
    ['a name with a slash', ['--name', '../up'], 'the name of a model begins with a letter or digit'],
    ['a hidden name', ['--name', '.hidden'], 'the name of a model begins with a letter or digit'],
    ['a name that ends a string', ['--name', 'a"b'], 'the name of a model begins with a letter or digit'],
    ['a long name', ['--name', 'a'.repeat(129)], 'at most 128 characters, and this one 129'],
    ['a batch of nothing', ['--max-batch', '0'], 'It must be at least 1.'],
    ['a batch beyond the format', ['--max-batch', '2147483648'], 'a batch has at most 2147483647 rows'],
    ['a file as well', ['--out', 'chain.onnx'], 'give either --out or --triton'],
  ])('refuses %s', (_, args, reason) => {
    const models = join(folder, 'never');
    const { status, stderr } = exported('digits -> binary', '--triton', models, ...args);
    expect([status, stderr]).toEqual([2, expect.stringContaining(reason)]);
    expect(existsSync(models)).toBe(false);
  });

  test('refuses the options of a repository for a file', () => {
    const { status, stderr } = exported('digits -> binary', '--out', join(folder, 'a.onnx'), '--name', 'a');
    expect([status, stderr]).toEqual([2, expect.stringContaining('belong to --triton. [USAGE]')]);
  });

  test('leaves nothing where the disk has no room', () => {
    const models = join(folder, 'full');
    // No file may grow beyond 64 blocks: what a full disk is to a program.
    const { status, stderr } = spawnSync(
      'sh',
      [
        ...['-c', 'ulimit -f 64 && exec "$@"', 'sh'],
        ...[process.execPath, bin, 'export', 'digits -> binary', '--triton', models],
      ],
      { cwd: root, encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining(`[OUTPUT_UNWRITABLE]\n  where: ${join(models, 'digits-binary')}\n`),
    ]);
    expect(readdirSync(models)).toEqual([]);
  });

  test('tells where it may not write', () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, 'mine');
    const { status, stderr } = exported('digits -> binary', '--triton', file);
    expect([status, stderr]).toEqual([1, expect.stringContaining('[OUTPUT_UNWRITABLE]')]);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });
});

const absent = !existsSync(python);

describe.skipIf(leftOut(absent))('Triton’s own messages (scripts/python-env.sh installs them)', () => {
  beforeAll(() => {
    if (absent) throw new Error('Python’s judges are not installed: run scripts/python-env.sh');
  });

  test.each([
    ['digits -> add-one -> binary', []],
    ['digits -> add-one -> times-two -> dots', ['--with-distribution']],
    ['(digits, roman) -> integer-division -> digits', ['--with-distribution', '--max-batch', '64']],
  ])('read the configuration of %s, and its ports are those of the file', (chain, args) => {
    const models = mkdtempSync(join(folder, 'judged-'));
    const { model, folder: place } = JSON.parse(
      exported(chain, '--triton', models, '--json', ...args).stdout,
    );
    // Where a model takes batches, Triton puts the batch's axis before the dims of every port.
    const program = `
import json, sys, onnx
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as triton
config = text_format.Parse(open(sys.argv[1] + "/config.pbtxt").read(), triton.ModelConfig())
onnx.checker.check_model(sys.argv[1] + "/1/model.onnx", full_check=True)
graph = onnx.load(sys.argv[1] + "/1/model.onnx").graph
def of_triton(port): return [port.name, triton.DataType.Name(port.data_type), [config.max_batch_size] + list(port.dims)]
def of_onnx(port):
    first, *rest = port.type.tensor_type.shape.dim
    assert first.dim_param and not first.HasField("dim_value"), first
    assert port.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    return [port.name, "TYPE_FP32", [config.max_batch_size] + [side.dim_value for side in rest]]
print(json.dumps(dict(
    name=config.name, platform=config.platform, batch=config.max_batch_size,
    scheduler=config.WhichOneof("scheduling_choice"), delay=config.dynamic_batching.max_queue_delay_microseconds,
    policy=config.version_policy.WhichOneof("policy_choice"), versions=config.version_policy.latest.num_versions,
    groups=[[triton.ModelInstanceGroup.Kind.Name(group.kind), group.count] for group in config.instance_group],
    triton=[[of_triton(p) for p in config.input], [of_triton(p) for p in config.output]],
    onnx=[[of_onnx(p) for p in graph.input], [of_onnx(p) for p in graph.output]])))`;
    const read = JSON.parse(execFileSync(python, ['-c', program, place], { encoding: 'utf8' }));
    expect(read).toMatchObject({
      name: model,
      platform: 'onnxruntime_onnx',
      batch: args.includes('--max-batch') ? 64 : 256,
      scheduler: 'dynamic_batching',
      delay: 100,
      policy: 'latest',
      versions: 1,
      groups: [['KIND_CPU', 1]],
    });
    expect(read.triton).toEqual(read.onnx);
    expect(read.triton[1]).toHaveLength(args.includes('--with-distribution') ? 2 : 1);
  });
});

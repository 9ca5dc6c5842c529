/** Judges from outside: the reference implementations of ONNX in Python. `scripts/python-env.sh` installs them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { leftOut, python } from '../../../scripts/judges.js';
import { fuse, writeModel } from '../src/index.js';
import { OPSET_MAX, OPSET_MIN, STANDARD_OPERATORS } from '../src/operators.js';
import { CHANGES } from '../src/raise.js';
import { everyAttribute, everyAttributeByHand, perceptron } from './models.js';
import { anyChain, run } from './parts.js';

const absent = !existsSync(python);

describe.skipIf(leftOut(absent))('Python’s judges (scripts/python-env.sh installs them)', () => {
  beforeAll(() => {
    if (absent) throw new Error('Python’s judges are not installed: run scripts/python-env.sh');
  });

  test.each([
    ['a perceptron', perceptron({ seed: '7' })],
    ['every attribute', everyAttribute()],
  ])('onnx.checker accepts %s, with shapes inferred strictly', (_, model) => {
    const path = stored(writeModel(model));
    ask('import onnx; onnx.checker.check_model(sys.argv[1], full_check=True); print("null")', path);
  });

  test('the reference evaluator and onnxruntime compute the same as by hand', () => {
    const rows = [
      [1, -2, 3, 4],
      [0.5, 6, -7, 8],
    ];
    const program = `
import numpy, onnx.reference, onnxruntime
x = {"input": numpy.array(json.loads(sys.argv[2]), numpy.float32)}
reference = onnx.reference.ReferenceEvaluator(sys.argv[1]).run(None, x)[0]
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
print(json.dumps([reference.tolist(), session.run(None, x)[0].tolist()]))`;
    const expected = rows.map(everyAttributeByHand);
    expect(ask(program, stored(writeModel(everyAttribute())), JSON.stringify(rows))).toEqual([
      expected,
      expected,
    ]);
  });

  test('onnx.checker accepts fusions, and Python’s onnxruntime computes the same', async () => {
    const rows = 4;
    const chains = fc.sample(anyChain, { numRuns: 25, seed: 3 });
    const asked = await Promise.all(
      chains.map(async (chain) => {
        const model = fuse(chain, { outputs: ['output', 'distribution', 'latent', 'before_0'] });
        const feeds = Object.fromEntries(
          model.graph!.input.map(({ name }, at) => {
            const values = Float32Array.from({ length: rows * (name === 'style' ? 2 : 3) }, (_, i) =>
              Math.sin(7 * i + at),
            );
            return [name, values];
          }),
        );
        const expected = await run(model, feeds, rows);
        const lists = (of: Record<string, Float32Array>) =>
          Object.fromEntries(Object.entries(of).map(([name, values]) => [name, [...values]]));
        return { path: stored(writeModel(model)), feeds: lists(feeds), expected: lists(expected) };
      }),
    );
    const program = `
import numpy, onnx, onnxruntime
farthest = 0
for each in json.load(open(sys.argv[1])):
    onnx.checker.check_model(each["path"], full_check=True)
    session = onnxruntime.InferenceSession(each["path"], providers=["CPUExecutionProvider"])
    feeds = {name: numpy.array(values, numpy.float32).reshape(${rows}, -1) for name, values in each["feeds"].items()}
    for port, found in zip(session.get_outputs(), session.run(None, feeds)):
        farthest = max(farthest, float(numpy.abs(found.ravel() - each["expected"][port.name]).max()))
print(json.dumps(farthest))`;
    const list = stored(new TextEncoder().encode(JSON.stringify(asked)));
    expect(ask(program, list)).toBeLessThanOrEqual(1e-6);
  });

  test('every operator that lost an attribute, or changed a default, can be raised to the newest opset', () => {
    const program = `
import onnx.defs
low, high = int(sys.argv[1]), int(sys.argv[2])
history = {}
for schema in onnx.defs.get_all_schemas_with_history():
    if schema.domain == "" and schema.since_version <= high:
        history.setdefault(schema.name, []).append(schema)
changed = set()
for name, versions in history.items():
    versions.sort(key=lambda schema: schema.since_version)
    for old, new in zip(versions, versions[1:]):
        if new.since_version > low:
            for key, value in old.attributes.items():
                if key not in new.attributes or str(new.attributes[key].default_value) != str(value.default_value):
                    changed.add(name)
print(json.dumps(sorted(changed)))`;
    // Of these two no attribute went away: one is required now, and one reads its inputs in another way.
    const others = ['Split', 'GroupNormalization'];
    expect([...CHANGES.keys()].filter((name) => !others.includes(name)).sort()).toEqual(
      ask(program, String(OPSET_MIN), String(OPSET_MAX)),
    );
  });

  test('the list of standard operators is that of onnx', () => {
    const program = `
import onnx.defs
low, high = int(sys.argv[1]), int(sys.argv[2])
since, last = {}, {}
for schema in onnx.defs.get_all_schemas_with_history():
    if schema.domain == "" and schema.since_version <= high:
        since[schema.name] = min(since.get(schema.name, high), schema.since_version)
        last[schema.name] = max(last.get(schema.name, (0, False)), (schema.since_version, schema.deprecated))
print(json.dumps({name: max(low, version) for name, version in since.items() if not last[name][1]}))`;
    expect(Object.fromEntries(STANDARD_OPERATORS)).toEqual(
      ask(program, String(OPSET_MIN), String(OPSET_MAX)),
    );
  });
});

/** Run a Python program; it prints JSON. */
function ask(program: string, ...parameters: string[]): unknown {
  return JSON.parse(
    execFileSync(python, ['-c', `import json, sys\n${program}`, ...parameters], { encoding: 'utf8' }),
  );
}

function stored(bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'deepfunctor-onnx-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'model.onnx');
  writeFileSync(path, bytes);
  return path;
}

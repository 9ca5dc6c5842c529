/** A judge from outside: the reference implementation of safetensors. `scripts/python-env.sh` installs it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { leftOut, python } from '../../../scripts/judges.js';
import { readSafetensors, type Tensor, writeSafetensors } from '../src/index.js';
import { temporaryFolder } from './support.js';

const absent = !existsSync(python);

describe.skipIf(leftOut(absent))('Python’s judge (scripts/python-env.sh installs it)', () => {
  beforeAll(() => {
    if (absent) throw new Error('Python’s judge is not installed: run scripts/python-env.sh');
  });

  test('safetensors reads what is written here, and writes what is read here', () => {
    const given: Record<string, Tensor> = {
      marks: { data: new Uint8Array([1, 0, 255]), shape: [3] },
      latents: { data: new Float32Array([1.5, -2, 0, 4]), shape: [2, 2] },
      source: { data: new Int32Array([-1, 7]), shape: [2] },
    };
    const folder = temporaryFolder();
    const [mine, theirs] = [join(folder, 'mine'), join(folder, 'theirs')];
    writeFileSync(mine, writeSafetensors(given, { made: 'here' }));
    const program = `
import json, sys
from safetensors import safe_open
from safetensors.numpy import save_file
with safe_open(sys.argv[1], "np") as file:
    tensors = {name: file.get_tensor(name) for name in file.keys()}
    save_file(tensors, sys.argv[2], file.metadata())
print(json.dumps({name: [str(t.dtype), list(t.shape), t.ravel().tolist()] for name, t in tensors.items()}))`;
    expect(JSON.parse(execFileSync(python, ['-c', program, mine, theirs], { encoding: 'utf8' }))).toEqual({
      marks: ['uint8', [3], [1, 0, 255]],
      latents: ['float32', [2, 2], [1.5, -2, 0, 4]],
      source: ['int32', [2], [-1, 7]],
    });
    const read = readSafetensors(readFileSync(theirs), theirs);
    expect({ ...read.tensors }).toEqual(given);
    expect(read.metadata).toEqual({ made: 'here' });
  });
});

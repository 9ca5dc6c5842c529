/** Judged by the protocol's own client, and by Python's onnxruntime on the exported file. */
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openHost } from '@deepfunctor/host';
import { expect, test } from 'vitest';
import { leftOut, python } from '../../../scripts/judges.js';
import { temporaryFolder } from '../../host/test/world.js';
import { served } from './client.js';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const script = fileURLToPath(new URL('triton.py', import.meta.url));

// Without it the tests are left out, except on CI: see scripts/python-env.sh.
const judged = test.skipIf(leftOut(!existsSync(python)));

judged.each(['digits -> add-one -> roman', '(digits, roman) -> multiply -> digits'])(
  'tritonclient has health, metadata and numbers of “%s” as onnxruntime has them',
  async (chain) => {
    const host = await openHost({ cwd: project });
    const file = join(temporaryFolder(), 'chain.onnx');
    writeFileSync(file, (await host.compose(chain).toOnnx({ distribution: true })).bytes);
    await host.close();
    const { url } = await served({ project }, { withDistribution: true });
    const { stdout } = await promisify(execFile)(python, [script, new URL(url).host, chain, file, '3']);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ live: true, ready: true, modelReady: true, otherReady: false });
    expect(told.server).toMatchObject({ name: 'deepfunctor', extensions: ['binary_tensor_data'] });
    const { name, inputs, outputs } = told.metadata;
    expect(name).toBe(chain);
    expect(
      [...inputs, ...outputs].map(({ name, shape }: { name: string; shape: number[] }) => [
        name,
        shape.slice(1),
      ]),
    ).toEqual(told.ports);
    expect(told.index).toMatchObject([{ name: chain, state: 'READY' }]);
    expect(Object.keys(told.worst)).toHaveLength(7);
    for (const [how, off] of Object.entries(told.worst)) expect(off, how).toBeLessThan(2e-5);
    expect(told.wrongShape).toMatchObject({
      status: '400',
      message: expect.stringContaining('[INPUT_TENSOR]'),
    });
    expect(told.wrongModel).toMatchObject({
      status: '404',
      message: expect.stringContaining('[CHAIN_UNKNOWN_NAME]'),
    });
    expect(told.wrongOutput).toMatchObject({
      status: '400',
      message: expect.stringContaining('no such output'),
    });
  },
  60_000,
);

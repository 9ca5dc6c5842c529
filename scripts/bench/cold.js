// The command from a cold start against a bare script that opens the runtime and runs the exported file.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHAIN, hostOf, root } from './lib/chains.js';
import { figure, turns } from './lib/turns.js';

export default async function ({ smoke, progress }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-cold-'));
  try {
    const host = await hostOf();
    const file = join(folder, 'chain.onnx');
    writeFileSync(file, (await host.compose(CHAIN).toOnnx()).bytes);
    await host.close();
    const side =
      (...parameters) =>
      () => {
        const from = performance.now();
        const { status, stdout, stderr } = spawnSync(process.execPath, parameters, {
          cwd: root,
          encoding: 'utf8',
        });
        const milliseconds = performance.now() - from;
        if (status !== 0) throw new Error(stderr || stdout);
        return milliseconds;
      };
    const picture = join(root, 'examples/digits/eight-1.png');
    const command = side(join(root, 'apps/cli/bin/deepfunctor.js'), 'run', CHAIN, '--input', picture);
    const bare = side(join(root, 'scripts/bench/lib/bare.js'), file, picture);
    command();
    bare();
    progress('starting processes');
    const pair = await turns(command, bare, smoke ? 2 : 25);
    return {
      title: 'The command from a cold start',
      how: `\`deepfunctor run "${CHAIN}" --input eight-1.png\` against a script that reads the picture, opens onnxruntime-node and runs the exported file: processes from start to end.`,
      figures: [
        figure('time of deepfunctor run, one picture', pair, {
          limit: { most: 1.5 },
          names: ['command', 'bare script'],
        }),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

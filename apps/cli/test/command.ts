/** The real command, in a process of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const bin = join(root, 'apps/cli/bin/deepfunctor.js');

/** How it runs: where (default: the root of the repository, where the plugins are installed), and what it is given. */
export interface Calling {
  cwd?: string;
  input?: string;
}

/** Run the command to its end. */
export function call(parameters: readonly string[], { cwd = root, input }: Calling = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...parameters], {
    cwd,
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
  });
  return { status, stdout, stderr };
}

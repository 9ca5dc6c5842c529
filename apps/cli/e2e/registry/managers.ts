/** The package managers that people use, each as its user calls it, in a folder of its own. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plainEnvironment } from '../install.js';

export interface Result {
  status: number;
  stdout: string;
  stderr: string;
}

/** Run a program to its end; the test runner goes on meanwhile. */
export function call(
  program: string,
  parameters: readonly string[],
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<Result> {
  return new Promise((resolve) => {
    execFile(program, parameters, { cwd, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve({
        status: error === null ? 0 : typeof error.code === 'number' ? error.code : 1,
        stdout,
        stderr,
      }),
    );
  });
}

const PNPM = ['npx', '-y', 'pnpm@12.21.0'];
const YARN = ['npx', '-y', '-p', '@yarnpkg/cli-dist@4.18.1', 'yarn'];

/** The words before the names of packages, and before those of a command. */
export const MANAGERS = {
  npm: { add: ['npm', 'install'], remove: ['npm', 'uninstall'], exec: ['npx', '--no-install'] },
  pnpm: { add: [...PNPM, 'add'], remove: [...PNPM, 'remove'], exec: [...PNPM, 'exec'] },
  'yarn, Plug’n’Play': { add: [...YARN, 'add'], remove: [...YARN, 'remove'], exec: [...YARN, 'run'] },
};

export type ManagerName = keyof typeof MANAGERS;

/** Someone's project, with what is installed in it. */
export class Project {
  constructor(
    readonly folder: string,
    readonly manager: ManagerName,
    readonly registry: string,
  ) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'a-project', private: true }));
  }

  add = (...names: string[]) => this.#call('add', names);
  remove = (...names: string[]) => this.#call('remove', names);
  deepfunctor = (...parameters: string[]) => this.#call('exec', ['deepfunctor', ...parameters]);

  #call(what: 'add' | 'remove' | 'exec', parameters: string[]): Promise<Result> {
    const [program, ...first] = MANAGERS[this.manager][what];
    return call(program!, [...first, ...parameters], {
      cwd: this.folder,
      env: environmentOfUser(this.registry, `${this.folder}.caches`),
    });
  }
}

/** A user whose registry is the one of the test, and who takes what was published a moment ago. */
export function environmentOfUser(registry: string, caches: string): NodeJS.ProcessEnv {
  return {
    ...plainEnvironment(),
    npm_config_registry: registry,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_loglevel: 'error',
    pnpm_config_registry: registry,
    pnpm_config_minimum_release_age: '0',
    YARN_NPM_REGISTRY_SERVER: registry,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    YARN_NPM_MINIMAL_AGE_GATE: '0',
    // Yarn keeps what it has fetched by name and version, and these versions are those of the test.
    YARN_GLOBAL_FOLDER: caches,
    YARN_ENABLE_TELEMETRY: 'false',
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
  };
}

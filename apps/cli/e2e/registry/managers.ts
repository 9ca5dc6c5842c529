/** The package managers that people use, each as its user calls it, in a folder of its own. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { plainEnvironment } from '../install.js';
import { type Page, translated } from './quick-start.js';

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

/** Run a line of a shell. */
export const shell = (line: string, where: { cwd: string; env: NodeJS.ProcessEnv }) =>
  call('sh', ['-c', line], where);

/** Their columns in the table of the quick start, what comes before the first command, and settings. */
export const MANAGERS = {
  npm: { column: 'npm', begin: undefined, env: {} },
  pnpm: { column: 'pnpm', begin: undefined, env: {} },
  'yarn, Plug’n’Play': { column: 'Yarn', begin: 'yarn init -y', env: { YARN_NODE_LINKER: 'pnp' } },
  'yarn, node_modules': {
    column: 'Yarn',
    begin: 'yarn init -y',
    env: { YARN_NODE_LINKER: 'node-modules' },
  },
} satisfies Record<string, { column: string; begin: string | undefined; env: NodeJS.ProcessEnv }>;

export type ManagerName = keyof typeof MANAGERS;

/** Someone's project: at first an empty folder with the files that the page offers. */
export class Project {
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #words: Page['words'][string];
  #begin: string | undefined;

  constructor(parent: string, manager: ManagerName, registry: string, page: Page) {
    const { column, begin, env } = MANAGERS[manager];
    this.folder = join(parent, `project-${manager.replaceAll(/\W+/g, '-')}`);
    this.#env = { ...environmentOfUser(registry, join(parent, 'caches')), ...env };
    this.#words = page.words[column]!;
    this.#begin = begin;
    mkdirSync(this.folder, { recursive: true });
    for (const [name, path] of page.files) cpSync(path, join(this.folder, name));
  }

  /** A command as the page has it, with npm's words. */
  async run(command: string): Promise<Result> {
    const line = [this.#begin, translated(command, this.#words)].filter(Boolean).join(' >&2 && ');
    this.#begin = undefined;
    return shell(line, { cwd: this.folder, env: this.#env });
  }

  add = (...names: string[]) => this.run(`npm install ${quoted(names)}`);
  remove = (...names: string[]) => this.run(`npm uninstall ${quoted(names)}`);
  deepfunctor = (...parameters: string[]) => this.run(`npx deepfunctor ${quoted(parameters)}`);
}

const quoted = (words: readonly string[]) =>
  words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');

/**
 * A user whose registry is the one of the test, and who takes what was published a moment ago. Nothing else can be
 * reached: every other address leads to a proxy that is not there.
 */
export function environmentOfUser(registry: string, caches: string): NodeJS.ProcessEnv {
  const nowhere = 'http://127.0.0.1:9';
  return {
    ...plainEnvironment(),
    http_proxy: nowhere,
    https_proxy: nowhere,
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    no_proxy: '127.0.0.1',
    NO_PROXY: '127.0.0.1',
    npm_config_registry: registry,
    // These versions are those of the test: no cache of the user may keep them.
    npm_config_cache: join(caches, 'npm'),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_loglevel: 'error',
    npm_config_update_notifier: 'false',
    pnpm_config_registry: registry,
    pnpm_config_store_dir: join(caches, 'pnpm-store'),
    pnpm_config_cache_dir: join(caches, 'pnpm'),
    pnpm_config_minimum_release_age: '0',
    YARN_NPM_REGISTRY_SERVER: registry,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    YARN_NPM_MINIMAL_AGE_GATE: '0',
    YARN_GLOBAL_FOLDER: join(caches, 'yarn'),
    YARN_ENABLE_TELEMETRY: 'false',
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
  };
}

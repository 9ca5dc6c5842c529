/** Packs every package that is published and installs the tarballs, with plain npm, into an empty project. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the user's project. */
    folder: string;
    /** What the plugins of this repository are called in a chain. */
    plugins: string[];
  }
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const jsonOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const temporary = mkdtempSync(join(tmpdir(), 'deepfunctor-e2e-'));
  // Half a gigabyte: while it goes, the test runner must go on.
  const remove = () => rm(temporary, { recursive: true, force: true });
  try {
    const { folder, plugins } = install(temporary);
    project.provide('folder', folder);
    project.provide('plugins', plugins);
    return remove;
  } catch (error) {
    await remove();
    throw error;
  }
}

function install(temporary: string): { folder: string; plugins: string[] } {
  const published = ['packages', 'plugins', 'apps']
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name)))
    .filter((from) => existsSync(join(from, 'package.json')) && !isUnlearned(from));
  const tarballs: Record<string, string> = {};
  for (const from of published) tarballs[jsonOf(from).name] = `file:${pack(from, temporary)}`;
  const plugins = published.map(jsonOf).filter(({ deepfunctor }) => deepfunctor !== undefined);

  // What a user names; the packages that only these need come from tarballs by way of overrides.
  const named = [
    'deepfunctor',
    '@deepfunctor/host',
    '@deepfunctor/train',
    ...plugins.map(({ name }) => name),
  ];
  const { typescript, '@types/node': types } = jsonOf(root).devDependencies;
  const folder = join(temporary, 'project');
  mkdirSync(folder);
  const json = {
    name: 'a-project',
    private: true,
    type: 'module',
    dependencies: Object.fromEntries(named.map((name) => [name, tarballs[name]])),
    devDependencies: { typescript, '@types/node': types },
    overrides: Object.fromEntries(
      Object.entries(tarballs).map(([name, file]) => [name, named.includes(name) ? `$${name}` : file]),
    ),
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(json, null, 2));
  // With install scripts: those of the native engines may fail, and the install must not.
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    env: plainEnvironment(),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { folder, plugins: plugins.map(({ deepfunctor }) => deepfunctor.name) };
}

/** A plugin that nobody has learned yet has no manifest. */
const isUnlearned = (from: string) =>
  basename(dirname(from)) === 'plugins' && jsonOf(from).deepfunctor === undefined;

function pack(from: string, destination: string): string {
  const told = execFileSync('pnpm', ['pack', '--json', '--pack-destination', destination], {
    cwd: from,
    encoding: 'utf8',
  });
  return JSON.parse(told).filename;
}

/** Without what the package manager that started the tests says of this repository. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const ofTheUser = /^npm_config_(registry|cache|userconfig|globalconfig)$/;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^p?npm_/.test(name) || ofTheUser.test(name)),
  );
}

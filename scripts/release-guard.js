// Where would a publish go? A rehearsal of a release may reach a registry on this machine, and nothing else.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a registry has an address of this machine itself. Names, `localhost` too, may lead elsewhere. */
export function isLoopback(url) {
  try {
    const { protocol, hostname } = new URL(url);
    return /^https?:$/.test(protocol) && (hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname));
  } catch {
    return false;
  }
}

/** The environment in which npm, pnpm and changesets use this registry. */
export function environmentOf(registry, env = process.env) {
  return { ...env, npm_config_registry: registry, pnpm_config_registry: registry };
}

/**
 * Throw unless `registry` is a loopback address, and is the one place that npm and pnpm would publish these packages to:
 * by their settings (user, project, environment, scopes), by `.npmrc` files, and by `publishConfig`.
 *
 * @param {{ registry: string | undefined, root: string, folders: string[], env?: NodeJS.ProcessEnv }} options
 *   `folders` are those of the packages; `env` is what the publishing program will be started with.
 */
export function assertLoopback({ registry, root, folders, env = process.env }) {
  const elsewhere = [];
  if (registry === undefined || !isLoopback(registry))
    elsewhere.push(`--registry is ${registry ?? 'not given'}: it must be http://127.0.0.1:PORT`);
  const check = (where, url) => {
    if (!isLoopback(url) || !sameRegistry(url, registry)) elsewhere.push(`${where}: ${url}`);
  };
  const scopes = folders.map((folder) => /^@[^/]+/.exec(jsonOf(folder).name ?? '')?.[0]);
  const keys = ['registry', ...new Set(scopes.filter(Boolean).map((scope) => `${scope}:registry`))];

  for (const program of ['npm', 'pnpm']) {
    const settings = settingsOf(program, root, env);
    check(`${program} config get registry`, settings.registry ?? 'nothing');
    for (const key of keys.slice(1))
      if (settings[key] !== undefined) check(`${program} config get ${key}`, settings[key]);
    // pnpm also has a table of registries, by address; the scope “@” is every package.
    for (const [url, { scopes = [] }] of Object.entries(settings.registries ?? {}))
      if (scopes.some((scope) => scope === '@' || keys.includes(`${scope}:registry`)))
        check(`${program}: registries`, url);
  }
  for (const folder of [root, ...folders]) {
    const file = join(folder, '.npmrc');
    for (const [, key, url] of existsSync(file) ? readFileSync(file, 'utf8').matchAll(NPMRC) : [])
      if (keys.includes(key)) check(`${file}: ${key}`, url);
    const { publishConfig = {} } = jsonOf(folder);
    for (const key of keys)
      if (publishConfig[key] !== undefined)
        check(`${join(folder, 'package.json')}: publishConfig.${key}`, publishConfig[key]);
  }
  if (elsewhere.length > 0)
    throw new Error(
      `Nothing is published: this is a rehearsal, and it would reach another registry than the one on this machine.\n${elsewhere
        .map((line) => `  ${line}\n`)
        .join('')}Start one (verdaccio) and name it with --registry http://127.0.0.1:PORT.`,
    );
}

const NPMRC = /^[ \t]*((?:@[^\s:=]+:)?registry)[ \t]*=[ \t]*"?([^\s"]+)/gm;

const sameRegistry = (a, b) => {
  try {
    const [x, y] = [new URL(a), new URL(b)];
    return x.origin === y.origin && x.pathname.replace(/\/$/, '') === y.pathname.replace(/\/$/, '');
  } catch {
    return false;
  }
};

function jsonOf(folder) {
  const file = join(folder, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

/** Every setting of a package manager, as it sees them in this folder and environment. */
function settingsOf(program, cwd, env) {
  const { status, stdout, stderr, error } = spawnSync(program, ['config', 'list', '--json'], {
    cwd,
    env,
    encoding: 'utf8',
  });
  if (status !== 0)
    throw new Error(`Nothing is published: \`${program} config list\` failed: ${error ?? stderr}`);
  return JSON.parse(stdout);
}

// Builds, checks and publishes every package that has changed; a plugin whose laws fail stops all of it.
//
//   pnpm release --dry-run                          what would be released, after every check; nothing is written
//   pnpm release                                    versions, changelogs, and publishing, with provenance in CI
//   pnpm release --registry http://127.0.0.1:4873   a rehearsal: it can reach a registry on this machine only
//
// Changed is what a changeset names or depends on, and what has a version that the registry does not know.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { getReleasePlan } from '@changesets/get-release-plan';
import { assertLoopback, environmentOf } from './release-guard.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'deepfunctor-release-'));
process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));

try {
  await release();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function release() {
  const { values } = parseArgs({
    options: { 'dry-run': { type: 'boolean', default: false }, registry: { type: 'string' } },
  });
  const packages = publishable();
  const env = environment(values.registry, packages);
  const unlearned = packages.filter(({ plugin, learned }) => plugin && !learned);
  if (unlearned.length > 0)
    throw new Error(
      `Nothing is released: no manifest yet in ${unlearned.map(({ name }) => name).join(', ')}. Learn them (pnpm learn:plugins), or keep them out of the release ("private": true).`,
    );

  step('build', 'turbo', ['run', 'build', '--filter=!site', '--output-logs=errors-only'], env);
  const releases = await planned(packages, env);
  if (releases.length === 0) {
    console.log('Nothing is to be released: the registry knows every version, and there is no changeset.');
    return;
  }
  for (const { name, from, to } of releases)
    console.log(`to be released: ${name} ${to}${from === to ? '' : ` (now ${from})`}`);
  await laws(packages, releases);
  const filters = releases.map(({ name }) => `--filter=${name}`);
  step('packages', 'turbo', ['run', 'check:package', '--output-logs=errors-only', ...filters], env);
  if (values['dry-run']) {
    console.log('\nEvery check passed. This was a dry run: nothing was written or published.');
    return;
  }
  if (releases.some(({ from, to }) => from !== to)) step('versions', 'changeset', ['version'], env);
  step('publish', 'changeset', ['publish'], env);
}

/** The packages that are published: name, version, folder, and whether they are plugins. */
function publishable() {
  return ['packages', 'plugins', 'apps'].flatMap((parent) =>
    readdirSync(join(root, parent))
      .map((name) => join(root, parent, name))
      .filter((folder) => existsSync(join(folder, 'package.json')))
      .map((folder) => ({ folder, ...json(join(folder, 'package.json')) }))
      .filter((each) => !each.private)
      .map(({ folder, name, version, deepfunctor }) => {
        return { folder, name, version, plugin: parent === 'plugins', learned: deepfunctor !== undefined };
      }),
  );
}

/** What the programs are started with. In a rehearsal, and in every test, only a registry on this machine passes. */
function environment(registry, packages) {
  const bin = join(root, 'node_modules/.bin');
  const env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    TURBO_TELEMETRY_DISABLED: '1',
  };
  if (registry === undefined && process.env.VITEST === undefined) {
    // GitHub's and GitLab's ways of saying who runs this; without one of them, provenance cannot be had.
    const identity = process.env.ACTIONS_ID_TOKEN_REQUEST_URL ?? process.env.SIGSTORE_ID_TOKEN;
    if (process.env.CI === undefined || identity === undefined) return env;
    return { ...env, NPM_CONFIG_PROVENANCE: 'true', PNPM_CONFIG_PROVENANCE: 'true' };
  }
  // The registry lets anybody publish, but the package managers want a token before they ask.
  const user = join(temporary, 'npmrc');
  if (URL.canParse(registry)) {
    const { host, pathname } = new URL(registry);
    writeFileSync(user, `//${host}${pathname.replace(/\/?$/, '/')}:_authToken=rehearsal\n`);
  }
  const rehearsal = {
    ...environmentOf(registry, env),
    NPM_CONFIG_USERCONFIG: user,
    PNPM_CONFIG_USERCONFIG: user,
    NPM_CONFIG_PROVENANCE: 'false',
    PNPM_CONFIG_PROVENANCE: 'false',
  };
  assertLoopback({ registry, root, folders: packages.map(({ folder }) => folder), env: rehearsal });
  return rehearsal;
}

/** What would be published, with the version it has now and the one it will have. */
async function planned(packages, env) {
  const file = join(temporary, 'plan.json');
  step('plan', 'changeset', ['publish-plan', '--output', file], env);
  const unpublished = json(file)
    .plan.flat()
    .map(({ name }) => name);
  const pending = new Map(
    (await getReleasePlan(root)).releases
      .filter(({ type }) => type !== 'none')
      .map(({ name, newVersion }) => [name, newVersion]),
  );
  return packages
    .filter(({ name }) => unpublished.includes(name) || pending.has(name))
    .map(({ name, version }) => ({ name, from: version, to: pending.get(name) ?? version }));
}

async function laws(packages, releases) {
  console.log('== laws');
  const plugins = packages.filter(({ plugin }) => plugin);
  const changed = plugins
    .map(({ name }) => name)
    .filter((name) => releases.some((each) => each.name === name));
  if (changed.length === 0) return;
  // Loaded only now: it is what was just built.
  const { faultsOf } = await import('./release-laws.js');
  const faults = await faultsOf({ folders: plugins.map(({ folder }) => folder), changed });
  if (faults.length > 0)
    throw new Error(
      `Nothing is released: laws do not hold.\n${faults.map((fault) => `  ${fault}\n`).join('')}Mend these plugins, or keep them out of the release ("private": true).`,
    );
  console.log(`All laws hold for ${changed.length} plugin(s).`);
}

function step(name, program, parameters, env) {
  console.log(`== ${name}`);
  const { status, error } = spawnSync(program, parameters, {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0)
    throw new Error(
      `Nothing more was done: “${name}” failed (${error ?? `${program}, exit code ${status}`}).`,
    );
}

function json(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

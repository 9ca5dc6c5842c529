import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { getReleasePlan } from '@changesets/get-release-plan';
import { assertLoopback, environmentOf } from './release-guard.js';
import { nameRepository, provenanceOf } from './release-provenance.js';

const HELP = `Builds, checks and publishes every package that has changed; a plugin whose laws fail stops all of it.

  pnpm release --dry-run                          what would be released, after every check; nothing is written
  pnpm release                                    versions, changelogs, and publishing, with provenance in CI
  pnpm release --registry http://127.0.0.1:4873   a rehearsal: it can reach a registry on this machine only

Changed is what a changeset names or depends on (pnpm changeset writes one), and what has a version that the registry
does not know.`;
const root = fileURLToPath(new URL('..', import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'deepfunctor-release-'));
process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));

try {
  await release();
} catch (error) {
  const usage = error.code?.startsWith('ERR_PARSE_ARGS') ? '. See pnpm release --help.' : '';
  console.error(`${error.message}${usage}`);
  process.exitCode = usage ? 2 : 1;
}

async function release() {
  const { values } = parseArgs({
    options: {
      'dry-run': { type: 'boolean', default: false },
      registry: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const packages = publishable();
  const env = environment(values.registry, packages);
  const unlearned = packages.filter(({ plugin, learned }) => plugin && !learned);
  if (unlearned.length > 0)
    throw new Error(
      `Nothing is released: no manifest yet in ${unlearned.map(({ name }) => name).join(', ')}. Learn them (pnpm learn:plugins), or keep them out of the release ("private": true).`,
    );

  if (values.registry !== undefined) await assertAnswers(values.registry);
  await step('build', 'turbo', ['run', 'build', '--filter=!site', '--output-logs=errors-only'], env);
  const releases = await planned(packages, env);
  if (releases.length === 0) {
    console.log(
      'Nothing is to be released: the registry knows every version, and there is no changeset (pnpm changeset writes one).',
    );
    return;
  }
  for (const { name, from, to } of releases)
    console.log(`to be released: ${name} ${to}${from === to ? '' : ` (now ${from})`}`);
  // The laws keep one core busy, the checks of packages the others.
  const filters = releases.map(({ name }) => `--filter=${name}`);
  const parameters = ['run', 'check:package', '--output-logs=errors-only', '--concurrency=50%', ...filters];
  const stop = new AbortController();
  const checks = step('packages', 'turbo', parameters, env, stop.signal);
  // Its failure is told after that of the laws.
  checks.catch(() => {});
  try {
    await laws(packages, releases);
  } catch (error) {
    stop.abort();
    throw error;
  }
  await checks;
  if (values['dry-run']) {
    console.log('Every check passed. This was a dry run: nothing was written or published.');
    return;
  }
  if (releases.some(({ from, to }) => from !== to)) await step('versions', 'changeset', ['version'], env);
  nameRepository({ root, folders: packages.map(({ folder }) => folder), env });
  await step('publish', 'changeset', ['publish'], env);
  for (const { name, to } of releases) console.log(`released: ${name} ${to}`);
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
    return { ...env, ...provenanceOf(env) };
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

/** A registry that is not there would be asked for each package, for minutes. */
async function assertAnswers(registry) {
  try {
    await fetch(new URL('-/ping', registry.replace(/\/?$/, '/')), { signal: AbortSignal.timeout(10_000) });
  } catch (error) {
    throw new Error(
      `Nothing is published: no registry answers at ${registry} (${error.cause?.message ?? error.message}). Start one, for example with \`npx verdaccio\`.`,
    );
  }
}

/** What would be published, with the version it has now and the one it will have. */
async function planned(packages, env) {
  const file = join(temporary, 'plan.json');
  await step('plan', 'changeset', ['publish-plan', '--output', file], env);
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
  const plugins = packages.filter(({ plugin }) => plugin);
  const changed = plugins
    .map(({ name }) => name)
    .filter((name) => releases.some((each) => each.name === name));
  if (changed.length === 0) return;
  console.log('== laws');
  // Loaded only now: it is what was just built.
  const { faultsOf } = await import('./release-laws.js');
  const faults = await faultsOf({ folders: plugins.map(({ folder }) => folder), changed });
  if (faults.length > 0)
    throw new Error(
      `Nothing is released: laws do not hold.\n${faults.map((fault) => `  ${fault}\n`).join('')}Mend these plugins, or keep them out of the release ("private": true).`,
    );
  console.log(`All laws hold for ${changed.length} plugin(s).`);
}

/** Run a program of this repository to its end. What it says is shown where it fails, or asks (a one-time password). */
async function step(name, program, parameters, env, signal) {
  console.log(`== ${name}`);
  const asks = name === 'publish' && process.stdin.isTTY;
  const stdio = asks ? 'inherit' : ['ignore', 'pipe', 'pipe'];
  const child = spawn(program, parameters, { cwd: root, env, stdio, signal });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece) => said.push(piece));
  const status = await new Promise((resolve) => {
    child.on('error', resolve);
    child.on('close', (code, killed) => resolve(code ?? killed));
  });
  if (status === 0 || signal?.aborted) return;
  console.error(Buffer.concat(said).toString().trimEnd());
  throw new Error(
    `Nothing more was done: “${name}” failed (${typeof status === 'object' ? status.message : `${program}, exit code ${status}`}).`,
  );
}

function json(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

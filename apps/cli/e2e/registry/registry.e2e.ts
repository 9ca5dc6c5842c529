/** Publish, install, compose, upgrade, remove: with a registry of its own, and with npm, pnpm and yarn. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, environmentOfUser, MANAGERS, type ManagerName, Project, type Result } from './managers.js';
import { blocksOf } from './page.js';
import { copyRepository, root } from './repository.js';
import { type Registry, startRegistry } from './verdaccio.js';

const seven = join(root, 'examples/digits/seven-1.png');
const PLUGINS = ['functor-digits', 'functor-binary', 'morphism-add-one'].map(
  (name) => `@deepfunctor/${name}`,
);
const UPGRADED = '@deepfunctor/morphism-add-one';

const temporary = mkdtempSync(join(tmpdir(), 'deepfunctor-registry-'));
const copy = join(temporary, 'repository');
const projects = {} as Record<ManagerName, Project>;
let registry: Registry;

/** `pnpm release` in the copy. */
function release(...parameters: string[]): Promise<Result> {
  // The copy has the links of this repository, not an install of its own.
  const env = {
    ...environmentOfUser(registry.url, join(temporary, 'caches')),
    pnpm_config_verify_deps_before_run: 'false',
  };
  const script = join(copy, 'scripts/release.js');
  return call(process.execPath, [script, '--registry', registry.url, ...parameters], { cwd: copy, env });
}

const changeset = (text: string, ...names: string[]) =>
  writeFileSync(
    join(copy, '.changeset/of-the-test.md'),
    `---\n${names.map((name) => `'${name}': patch\n`).join('')}---\n\n${text}\n`,
  );

/** The versions of a package that the registry has. */
async function published(name: string): Promise<string[]> {
  const answer = await fetch(`${registry.url}${name.replace('/', '%2f')}`);
  return answer.ok ? Object.keys(((await answer.json()) as { versions: object }).versions) : [];
}

const ok = ({ status, stdout, stderr }: Result) => expect(status, `${stdout}\n${stderr}`).toBe(0);

async function listed(project: Project) {
  const result = await project.deepfunctor('list', '--json');
  ok(result);
  return JSON.parse(result.stdout);
}

beforeAll(async () => {
  copyRepository(copy);
  registry = await startRegistry(join(temporary, 'registry'));
  ok(await release());
}, 900_000);

afterAll(async () => {
  await registry?.close();
  await rm(temporary, { recursive: true, force: true });
}, 300_000);

describe.each(Object.keys(MANAGERS) as ManagerName[])('in an empty folder, %s', (manager) => {
  test('installs what was named, lists it and runs it', async () => {
    const project = new Project(join(temporary, manager.replace(/\W.*/, '')), manager, registry.url);
    projects[manager] = project;
    ok(await project.add('deepfunctor', ...PLUGINS));
    const { plugins, setAside } = await listed(project);
    expect(plugins.map((plugin: { package: string }) => plugin.package).sort()).toEqual([...PLUGINS].sort());
    expect(setAside).toEqual([]);
    const answer = await project.deepfunctor('run', 'digits -> add-one -> binary', '--input', seven);
    expect(answer).toMatchObject({ status: 0, stdout: '1000\n' });
  });

  test('draws a contact sheet, and learning tells what is to be installed', async () => {
    const project = projects[manager];
    ok(
      await project.deepfunctor('run', 'binary -> add-one -> digits', '--input', '0110', '--out', 'answers'),
    );
    expect(readFileSync(join(project.folder, 'answers/contact-sheet.png')).length).toBeGreaterThan(3000);
    const { status, stderr } = await project.deepfunctor(
      ...['learn', 'morphism', '--name', 'same', '--table', 'a', '--out', 'morphism-same'],
    );
    expect(stderr).toContain('[ENGINE_MISSING]\n  where: deepfunctor learn\n');
    expect(stderr).toContain('do: Install it with your package manager: @deepfunctor/train.');
    expect(status).toBe(1);
  });
});

describe('a new author, with nothing but npm', () => {
  const env = () => environmentOfUser(registry.url, join(temporary, 'caches'));
  /** In a folder of the author's, where every command must succeed. */
  const npm = async (folder: string, ...parameters: string[]) => {
    const result = await call('npm', parameters, { cwd: join(temporary, folder), env: env() });
    ok(result);
    return result.stdout;
  };
  const create = (...flags: string[]) =>
    npm('.', 'create', '--yes', 'deepfunctor@latest', '--', ...flags, '--yes');

  const author = join(temporary, 'author');
  const largest = join(author, 'morphism-largest');

  test('does as docs/write-a-plugin.md says, in one shell, and has what it promises', async () => {
    const page = join(root, 'docs/write-a-plugin.md');
    const script = blocksOf(page, 'sh').join('');
    expect(script.match(/^npm (create|install|run learn|test|pack)/gm)).toHaveLength(6);
    const [promised] = blocksOf(page, 'text');
    mkdirSync(author);
    const result = await call('bash', ['-euc', script], {
      cwd: author,
      // A person would say yes to npm.
      env: { ...env(), npm_config_yes: 'true' },
    });
    ok(result);
    expect(result.stdout).toMatch(/Tests.*\d+ passed/);
    expect(result.stdout.endsWith(`\n${promised}`), result.stdout).toBe(true);

    const project = projects.npm;
    ok(await project.add(join(largest, 'morphism-largest-0.1.0.tgz')));
    const chain = ['run', '(binary, digits) -> largest -> binary', '--input', '0110', '--input', seven];
    expect(await project.deepfunctor(...chain)).toMatchObject({ status: 0, stdout: '0111\n' });
  }, 600_000);

  test('makes a functor likewise', async () => {
    await create('--kind', 'functor', '--name', 'letters');
    // The same packages are needed, and an install takes its time.
    renameSync(join(largest, 'node_modules'), join(temporary, 'functor-letters/node_modules'));
    await npm('functor-letters', 'run', 'learn');
    expect(await npm('functor-letters', 'test')).toMatch(/Tests.*\d+ passed/);
    const tarball = (await npm('functor-letters', 'pack', '--silent')).trim();

    const project = projects.npm;
    ok(await project.add(join(temporary, 'functor-letters', tarball)));
    const chain = ['run', '(letters, digits) -> largest -> letters', '--input', 'c', '--input', seven];
    expect(await project.deepfunctor(...chain)).toMatchObject({ status: 0, stdout: 'h\n' });
    ok(await project.remove('functor-letters', 'morphism-largest'));
  });
});

describe('a second release', () => {
  test('is refused as a whole where a law does not hold', async () => {
    const file = join(copy, 'plugins/morphism-identity/package.json');
    const whole = readFileSync(file, 'utf8');
    const json = JSON.parse(whole);
    const [first, second, ...rest] = json.deepfunctor.table;
    json.deepfunctor.table = [second, first, ...rest];
    writeFileSync(file, JSON.stringify(json));
    changeset('Wrong.', '@deepfunctor/morphism-identity', UPGRADED);
    const before = await published(UPGRADED);

    const { status, stderr } = await release();
    expect(stderr).toContain('Nothing is released: laws do not hold.\n  identity, table: ');
    expect(status).toBe(1);
    expect(await published(UPGRADED)).toEqual(before);
    expect(await published('@deepfunctor/morphism-identity')).toHaveLength(1);
    expect(
      JSON.parse(readFileSync(join(copy, 'plugins/morphism-add-one/package.json'), 'utf8')).version,
    ).toBe(before[0]);
    writeFileSync(file, whole);
    rmSync(join(copy, '.changeset/of-the-test.md'));
  });

  test('publishes the one plugin that has changed', async () => {
    const [version] = await published(UPGRADED);
    changeset('A better description.', UPGRADED);
    const tried = await release('--dry-run');
    ok(tried);
    expect(tried.stdout.match(/to be released: .*/g)).toEqual([
      `to be released: ${UPGRADED} ${next(version!)} (now ${version})`,
    ]);
    expect(await published(UPGRADED)).toEqual([version]);

    ok(await release());
    expect(await published(UPGRADED)).toEqual([version, next(version!)]);
    for (const name of ['deepfunctor', '@deepfunctor/core', '@deepfunctor/functor-binary'])
      expect(await published(name)).toHaveLength(1);
    const changelog = readFileSync(join(copy, 'plugins/morphism-add-one/CHANGELOG.md'), 'utf8');
    expect(changelog).toContain('A better description.');
  });
});

describe.each(Object.keys(MANAGERS) as ManagerName[])('in that folder, %s', (manager) => {
  test('upgrades one plugin, and nothing else changes; a removed one is gone', async () => {
    const project = projects[manager];
    const before = await listed(project);
    ok(await project.add(`${UPGRADED}@latest`));
    const after = await listed(project);
    const versions = ({ plugins }: typeof before) =>
      plugins.map((plugin: Record<string, unknown>) => [plugin.package, plugin.version]);
    expect(versions(after)).toEqual(
      versions(before).map(([name, version]: [string, string]) => [
        name,
        name === UPGRADED ? next(version) : version,
      ]),
    );
    // Where a package lies is the package manager's business.
    const placeless = (list: typeof before) =>
      JSON.parse(
        JSON.stringify(list, (key, value) => (/^(directory|version)$/.test(key) ? undefined : value)),
      );
    expect(placeless(after)).toEqual(placeless(before));
    const answer = await project.deepfunctor('run', 'digits -> add-one -> binary', '--input', seven);
    expect(answer).toMatchObject({ status: 0, stdout: '1000\n' });

    ok(await project.remove('@deepfunctor/functor-digits'));
    expect(versions(await listed(project))).toEqual(
      versions(after).filter(([name]: [string]) => name !== '@deepfunctor/functor-digits'),
    );
  });
});

/** The next patch of a version. */
function next(version: string): string {
  return version.replace(/\d+$/, (patch) => String(Number(patch) + 1));
}

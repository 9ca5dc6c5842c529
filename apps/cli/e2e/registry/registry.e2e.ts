/** Publish, install, compose, upgrade, remove: with a registry of its own, and with npm, pnpm and yarn. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  call,
  environmentOfUser,
  MANAGERS,
  type ManagerName,
  Project,
  type Result,
  shell,
} from './managers.js';
import { blocksOf } from './page.js';
import { isSame, QUICK_START, readPage, type Section } from './quick-start.js';
import { copyRepository, root } from './repository.js';
import { type Registry, startRegistry } from './verdaccio.js';

const seven = join(root, 'examples/digits/seven-1.png');
const UPGRADED = '@deepfunctor/morphism-add-one';
const page = readPage();

const temporary = mkdtempSync(join(tmpdir(), 'deepfunctor-registry-'));
const copy = join(temporary, 'repository');
const projects = {} as Record<ManagerName, Project>;
let registry: Registry;

/** Run a line in the copy of the repository. */
function inRepository(line: string): Promise<Result> {
  const env = {
    ...environmentOfUser(registry.url, join(temporary, 'caches')),
    REGISTRY: registry.url,
    // The copy has the links of this repository, not an install of its own, and what was checked there is.
    pnpm_config_verify_deps_before_run: 'false',
    TURBO_CACHE_DIR: join(root, '.turbo/cache'),
  };
  return shell(line, { cwd: copy, env });
}
const release = () => inRepository('pnpm release --registry $REGISTRY');

/** The versions of a package that the registry has. */
async function published(name: string): Promise<string[]> {
  const answer = await fetch(`${registry.url}${name.replace('/', '%2f')}`);
  return answer.ok ? Object.keys(((await answer.json()) as { versions: object }).versions) : [];
}

const ok = ({ status, stdout, stderr }: Result) => expect(status, `${stdout}\n${stderr}`).toBe(0);

interface Listed {
  package: string;
  version: string;
  [more: string]: unknown;
}

/** The plugins that are listed, by package. */
async function listed(project: Project): Promise<Map<string, Listed>> {
  const result = await project.deepfunctor('list', '--json');
  ok(result);
  const { plugins, setAside } = JSON.parse(result.stdout) as { plugins: Listed[]; setAside: unknown[] };
  expect(setAside).toEqual([]);
  return new Map(plugins.map((plugin) => [plugin.package, plugin]));
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

test('the release has published every package, with a changelog where a changeset was', async () => {
  const folders = ['packages', 'plugins', 'apps'].flatMap((parent) =>
    readdirSync(join(copy, parent)).map((name) => join(copy, parent, name)),
  );
  const packages = folders
    .map((folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
    .filter((json) => !json.private);
  expect(packages.length).toBeGreaterThan(20);
  for (const { name, version } of packages) expect(await published(name), name).toEqual([version]);
  expect(readdirSync(join(copy, '.changeset')).sort()).toEqual(['README.md', 'config.json']);
  const { version } = packages.find(({ name }) => name === 'deepfunctor');
  expect(readFileSync(join(copy, 'apps/cli/CHANGELOG.md'), 'utf8')).toContain(`## ${version}\n`);
});

describe('the quick start', () => {
  /** What its commands print, in their order; npm's for those of a project. */
  const printed: string[] = [];
  const isOurs = (command: string) => /^(npx deepfunctor|pnpm release) /.test(command);

  /** Run the steps of a section, each of which must succeed. */
  async function play({ steps }: Section, run: (command: string) => Promise<Result>): Promise<string[]> {
    const outputs: string[] = [];
    for (const { command, printed } of steps) {
      const result = await run(command);
      ok(result);
      const output = isOurs(command) ? result.stdout : '';
      outputs.push(isSame(output, printed) ? printed : output);
    }
    return outputs;
  }

  /** What a section does to the plugins of a project: versions by package, undefined where one goes. */
  async function changesOf({ steps }: Section): Promise<Map<string, string | undefined>> {
    const changes = new Map<string, string | undefined>();
    for (const { command } of steps) {
      const [, verb, names] = /^npm (install|uninstall) (.*)$/.exec(command) ?? [];
      for (const word of names?.split(' ') ?? []) {
        const name = word.replace(/(?<=.)@.*$/, '');
        if (name === 'deepfunctor') continue;
        changes.set(name, verb === 'install' ? (await published(name)).at(-1) : undefined);
      }
    }
    return changes;
  }

  async function inProject(section: Section, manager: ManagerName): Promise<string[]> {
    const first = projects[manager] === undefined;
    projects[manager] ??= new Project(temporary, manager, registry.url, page);
    const project = projects[manager];
    const before = first ? new Map<string, Listed>() : await listed(project);
    const outputs = await play(section, (command) => project.run(command));

    const after = await listed(project);
    const versions = new Map([...before].map(([name, { version }]) => [name, version]));
    const changes = await changesOf(section);
    for (const [name, version] of changes)
      if (version === undefined) versions.delete(name);
      else versions.set(name, version);
    expect(new Map([...after].map(([name, { version }]) => [name, version]))).toEqual(versions);
    // Nothing else has changed; where a package lies is its manager's business.
    for (const [name, plugin] of before)
      if (after.has(name))
        expect({ ...after.get(name), version: '', directory: '' }).toEqual({
          ...plugin,
          version: '',
          directory: '',
        });
    return outputs;
  }

  for (const section of page.sections)
    describe(section.title, () => {
      if (section.where === 'repository') {
        test('in the repository', async () => {
          printed.push(...(await play(section, inRepository)));
        });
        return;
      }
      test.each(Object.keys(MANAGERS) as ManagerName[])('%s', async (manager) => {
        const outputs = await inProject(section, manager);
        if (manager === 'npm') printed.push(...outputs);
        else expect(outputs).toEqual(printed.slice(-outputs.length));
      });
    });

  test('is what it says; --update writes it anew', async () => {
    expect(printed).toHaveLength(page.sections.flatMap(({ steps }) => steps).length);
    await expect(page.withPrinted(printed)).toMatchFileSnapshot(QUICK_START);
  });
});

describe('in a project', () => {
  test.each(Object.keys(MANAGERS) as ManagerName[])(
    '%s: pictures are drawn, and learning tells what is to be installed',
    async (manager) => {
      const project = projects[manager];
      const chain = ['run', 'roman -> add-one -> digits', '--input', 'VI', '--out', 'answers'];
      ok(await project.deepfunctor(...chain));
      expect(readFileSync(join(project.folder, 'answers/contact-sheet.png')).length).toBeGreaterThan(3000);
      const { status, stderr } = await project.deepfunctor(
        ...['learn', 'morphism', '--name', 'same', '--table', 'a', '--out', 'morphism-same'],
      );
      expect(stderr).toContain('[ENGINE_MISSING]\n  where: deepfunctor learn\n');
      expect(stderr).toContain('do: Install it with your package manager: @deepfunctor/train.');
      expect(status).toBe(1);
    },
  );

  test('the engine is the one that came along, and the native one where it is installed', async () => {
    const { folder } = projects.npm;
    const program = `
      import { openHost } from '@deepfunctor/host';
      const host = await openHost();
      const { value } = await host.compose('roman -> add-one -> roman').run('VI');
      console.log(await host.engine(), value);
      await host.close();`;
    const told = () =>
      call('node', ['--input-type=module', '--eval', program], { cwd: folder, env: process.env });
    expect(await told()).toMatchObject({ status: 0, stdout: 'web VII\n' });
    symlinkSync(
      join(root, 'packages/host/node_modules/onnxruntime-node'),
      join(folder, 'node_modules/onnxruntime-node'),
    );
    expect(await told()).toMatchObject({ status: 0, stdout: 'node VII\n' });
    rmSync(join(folder, 'node_modules/onnxruntime-node'));
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
    const chain = ['run', '(roman, digits) -> largest -> roman', '--input', 'VI', '--input', seven];
    expect(await project.deepfunctor(...chain)).toMatchObject({ status: 0, stdout: 'VII\n' });
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

describe('a release whose laws do not hold', () => {
  test('is refused as a whole, and nothing is written', async () => {
    const folder = join(copy, 'plugins/morphism-identity');
    const file = join(folder, 'package.json');
    const whole = readFileSync(file, 'utf8');
    const json = JSON.parse(whole);
    const [first, second, ...rest] = json.deepfunctor.table;
    json.deepfunctor.table = [second, first, ...rest];
    writeFileSync(file, JSON.stringify(json));
    const names = `@deepfunctor/morphism-identity,${UPGRADED}`;
    ok(await inRepository(`pnpm changeset --patch ${names} --message Wrong.`));
    const before = await published(UPGRADED);

    const { status, stderr } = await release();
    expect(stderr).toContain('Nothing is released: laws do not hold.\n  identity, table: ');
    expect(status).toBe(1);
    expect(await published(UPGRADED)).toEqual(before);
    expect(await published('@deepfunctor/morphism-identity')).toHaveLength(1);
    const { version } = JSON.parse(readFileSync(join(copy, 'plugins/morphism-add-one/package.json'), 'utf8'));
    expect(version).toBe(before.at(-1));
    expect(readdirSync(join(copy, '.changeset'))).toHaveLength(3);
    writeFileSync(file, whole);
  });
});

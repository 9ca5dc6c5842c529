import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { assertLoopback, environmentOf, isLoopback } from '../release-guard.js';

const registry = 'http://127.0.0.1:4873/';
const root = fileURLToPath(new URL('../..', import.meta.url));

describe('a loopback registry', () => {
  test.each(['http://127.0.0.1:4873', 'http://127.0.0.1:4873/npm/', 'http://127.9.9.9/', 'http://[::1]:80/'])(
    'is %s',
    (url) => expect(isLoopback(url)).toBe(true),
  );

  test.each([
    'https://registry.npmjs.org/',
    // A name leads wherever its resolver says.
    'http://localhost:4873/',
    'http://127.0.0.1.example.org/',
    'http://127.0.0.1@example.org/',
    'http://example.org/127.0.0.1',
    'http://example.org#127.0.0.1',
    'file:///127.0.0.1',
    'http://10.0.0.1/',
    'http://0.0.0.0/',
    '127.0.0.1:4873',
    '',
    undefined,
  ])('is not %s', (url) => expect(isLoopback(url)).toBe(false));

  test('is never one of another host, whatever stands around it', () => {
    const away = fc.webUrl({ withQueryParameters: true, withFragments: true });
    fc.assert(fc.property(away, (url) => !isLoopback(url)));
    fc.assert(
      fc.property(fc.ipV4(), (address) => isLoopback(`http://${address}/`) === /^127\./.test(address)),
    );
  });
});

/** A project with one package, and what a guard would be told of it; its user has no settings. */
function project({ npmrc = '', publishConfig = {}, env = {}, name = '@me/functor-tally' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'deepfunctor-guard-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const own = join(folder, 'package');
  mkdirSync(own);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'workspace', private: true }));
  writeFileSync(join(own, 'package.json'), JSON.stringify({ name, version: '1.0.0', publishConfig }));
  writeFileSync(join(folder, 'user-npmrc'), '');
  if (npmrc !== '') writeFileSync(join(folder, '.npmrc'), npmrc);
  const bare = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^p?npm_config_/i.test(key)),
  );
  const user = join(folder, 'user-npmrc');
  return {
    registry,
    root: folder,
    folders: [own],
    env: {
      ...environmentOf(registry, { ...bare, npm_config_userconfig: user, pnpm_config_userconfig: user }),
      PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
      ...env,
    },
  };
}

describe('the guard', { timeout: 60_000 }, () => {
  test('lets a rehearsal pass whose every setting is the registry on this machine', () => {
    expect(() => assertLoopback(project({ publishConfig: { access: 'public' } }))).not.toThrow();
  });

  test('refuses to begin without a registry, or with one elsewhere', () => {
    expect(() => assertLoopback({ ...project(), registry: undefined })).toThrow('--registry is not given');
    const away = 'https://registry.example.org/';
    expect(() => assertLoopback({ ...project(), registry: away })).toThrow(
      `--registry is ${away}: it must be`,
    );
  });

  test.each([
    ['npm', { npm_config_registry: 'https://registry.example.org/' }, 'npm config get registry: https://reg'],
    [
      'pnpm',
      { pnpm_config_registry: 'https://registry.example.org/' },
      'pnpm config get registry: https://reg',
    ],
    [
      'npm, on another port',
      { npm_config_registry: 'http://127.0.0.1:4874/' },
      'npm config get registry: http',
    ],
    [
      'npm, for the scope',
      { 'npm_config_@me:registry': 'https://registry.example.org/' },
      'npm config get @me:registry: https://registry.example.org/',
    ],
  ])('refuses where %s would go elsewhere', (_, env, told) => {
    expect(() => assertLoopback(project({ env }))).toThrow(told);
  });

  test.each([
    ['the project', 'registry=https://registry.example.org/\n', /\.npmrc: registry: https/],
    ['a scope of it', '  @me:registry = "https://registry.example.org/"\n', /\.npmrc: @me:registry: https/],
  ])('refuses where .npmrc of %s leads elsewhere', (_, npmrc, told) => {
    expect(() => assertLoopback(project({ npmrc }))).toThrow(told);
  });

  test('does not mind a scope that is not published', () => {
    const npmrc = '@other:registry=https://registry.example.org/\n';
    expect(() => assertLoopback(project({ npmrc }))).not.toThrow();
  });

  test.each([
    [{ registry: 'https://registry.example.org/' }, /publishConfig\.registry: https/],
    [{ '@me:registry': 'https://registry.example.org/' }, /publishConfig\.@me:registry: https/],
  ])('refuses where a package would be published elsewhere: %j', (publishConfig, told) => {
    expect(() => assertLoopback(project({ publishConfig }))).toThrow(told);
  });
});

describe('the release', { timeout: 60_000 }, () => {
  // Whatever the guard may miss: nothing listens here, and no user is logged in.
  const nowhere = { npm_config_registry: 'http://127.0.0.1:9/', pnpm_config_registry: 'http://127.0.0.1:9/' };
  const release = (...parameters: string[]) =>
    spawnSync(process.execPath, [join(root, 'scripts/release.js'), ...parameters], {
      encoding: 'utf8',
      env: { ...process.env, ...nowhere, VITEST: 'true' },
    });

  test.each([
    ['in a test, without a registry', [], '--registry is not given'],
    [
      'with a registry elsewhere',
      ['--registry', 'https://registry.example.org/'],
      'it must be http://127.0.0.1',
    ],
    ['with no address', ['--registry', 'elsewhere'], '--registry is elsewhere: it must be'],
  ])('stops before anything is done %s', (_, parameters, told) => {
    const { status, stdout, stderr } = release(...parameters);
    expect(stderr).toContain('Nothing is published: this is a rehearsal');
    expect(stderr).toContain(told);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });

  test('says so where no registry answers', () => {
    const { status, stdout, stderr } = release('--registry', 'http://127.0.0.1:9/');
    expect(stderr).toContain('Nothing is published: no registry answers at http://127.0.0.1:9/ (');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });

  test('tells what it takes, and what it does not', () => {
    expect(release('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--dry-run') });
    expect(release('--dry')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/Unknown option '--dry'.*See pnpm release --help/s),
    });
  });
});

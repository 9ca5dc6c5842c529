import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nameRepository, provenanceOf } from '../release-provenance.js';

const GITHUB = {
  CI: 'true',
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://id.example.org/',
  GITHUB_SERVER_URL: 'https://git.example.org',
  GITHUB_REPOSITORY: 'me/functors',
};
const GITLAB = {
  CI: 'true',
  SIGSTORE_ID_TOKEN: 'token',
  CI_PROJECT_URL: 'https://lab.example.org/me/functors',
};
const DESK = { SIGSTORE_ID_TOKEN: 'token', GITHUB_REPOSITORY: 'me/functors' };

test.each([
  ['GitHub', GITHUB, { NPM_CONFIG_PROVENANCE: 'true', PNPM_CONFIG_PROVENANCE: 'true' }],
  ['GitLab', GITLAB, { NPM_CONFIG_PROVENANCE: 'true', PNPM_CONFIG_PROVENANCE: 'true' }],
  ['a CI without an identity', { CI: 'true' }, {}],
  ['a desk', DESK, {}],
])('provenance is asked for where it can be had: %s', (_, env, settings) => {
  expect(provenanceOf(env)).toEqual(settings);
});

describe('a package that names no repository', () => {
  /** A workspace of two packages, the second of which names its repository. */
  function workspace() {
    const root = mkdtempSync(join(tmpdir(), 'deepfunctor-provenance-'));
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    const folders = ['plugins/functor-tally', 'packages/own'].map((path) => join(root, path));
    const jsons = [
      { name: '@me/functor-tally', version: '1.0.0' },
      { name: 'own', repository: 'github:me/own' },
    ];
    folders.forEach((folder, i) => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), JSON.stringify(jsons[i]));
    });
    const read = () =>
      folders.map((folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
    return { root, folders, jsons, read };
  }

  test.each([
    ['GitHub', GITHUB, 'git+https://git.example.org/me/functors.git'],
    ['GitLab', GITLAB, 'git+https://lab.example.org/me/functors.git'],
  ])('gets the one of the CI run that proves it: %s', (_, env, url) => {
    const { root, folders, jsons, read } = workspace();
    expect(nameRepository({ root, folders, env: { ...env, ...provenanceOf(env) } })).toEqual([folders[0]]);
    const repository = { type: 'git', url, directory: 'plugins/functor-tally' };
    expect(read()).toEqual([{ ...jsons[0], repository }, jsons[1]]);
    expect(nameRepository({ root, folders, env: { ...env, ...provenanceOf(env) } })).toEqual([]);
  });

  test.each([
    ['at a desk', DESK],
    ['in a CI without an identity', { ...GITHUB, ACTIONS_ID_TOKEN_REQUEST_URL: undefined }],
  ])('is left as it is %s', (_, env) => {
    const { root, folders, jsons, read } = workspace();
    expect(nameRepository({ root, folders, env: { ...env, ...provenanceOf(env) } })).toEqual([]);
    expect(read()).toEqual(jsons);
  });
});

import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { categoryJsonSchema, manifestJsonSchema } from '../../packages/core/dist/index.js';
import { leftOut } from '../judges.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

// It starts the compiler.
test('the tables in docs/contract.md are those of the interfaces and schemas', { timeout: 60_000 }, () => {
  const script = join(root, 'scripts/contract-doc.js');
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

const judge = join(root, 'node_modules/.cache/python/bin/check-jsonschema');
const absent = !existsSync(judge);

describe.skipIf(leftOut(absent))('the JSON Schemas, by a judge from outside', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deepfunctor-schema-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const write = (name: string, value: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(value));
    return path;
  };
  const judged = (schema: object, ...files: string[]): { status: number | null; told: string } => {
    if (absent) throw new Error('check-jsonschema is not installed: run scripts/python-env.sh');
    const { status, stdout, stderr } = spawnSync(
      judge,
      ['--schemafile', write('schema.json', schema), ...files],
      { encoding: 'utf8' },
    );
    return { status, told: stdout + stderr };
  };
  const manifests = globSync('plugins/*/package.json', { cwd: root }).map(
    (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).deepfunctor,
  );

  test('hold for the manifest of every plugin and for every category’s release', () => {
    const files = manifests.map((manifest) => write(`${manifest.name}.json`, manifest));
    expect(files.length).toBeGreaterThan(0);
    expect(judged(manifestJsonSchema(), ...files)).toEqual({
      status: 0,
      told: expect.stringContaining('ok'),
    });
    const releases = globSync('packages/core/categories/*/category.json', { cwd: root }).map((path) =>
      join(root, path),
    );
    expect(releases.length).toBeGreaterThan(0);
    expect(judged(categoryJsonSchema(), ...releases)).toEqual({
      status: 0,
      told: expect.stringContaining('ok'),
    });
  });

  test('and not for a manifest with a field too many or a wrong name', () => {
    const morphism = manifests.find(({ kind }) => kind === 'morphism');
    for (const wrong of [
      { ...morphism, script: 'run.js' },
      { ...morphism, name: 'Add One' },
    ])
      expect(judged(manifestJsonSchema(), write('wrong.json', wrong)).status).toBe(1);
  });
});

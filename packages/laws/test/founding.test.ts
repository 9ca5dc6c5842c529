/** The whole test of the six founding plugins, as an author of a plugin would write it, in the company of each other. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { testPlugin } from '../src/vitest.js';

const names = [
  'functor-binary',
  'functor-digits',
  'functor-dots',
  'morphism-add-one',
  'morphism-identity',
  'morphism-times-two',
];
const folder = (name: string) => new URL(`../../../plugins/${name}/`, import.meta.url);

/** A project that has installed these six and nothing else. */
const project = mkdtempSync(join(tmpdir(), 'founding-laws-'));
afterAll(() => rmSync(project, { recursive: true, force: true }));
const dependencies = Object.fromEntries(names.map((name) => [`@deepfunctor/${name}`, '*']));
writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'a-project', dependencies }));
mkdirSync(join(project, 'node_modules/@deepfunctor'), { recursive: true });
for (const name of names)
  symlinkSync(fileURLToPath(folder(name)), join(project, 'node_modules/@deepfunctor', name));

for (const name of names) testPlugin(folder(name), { cwd: project });

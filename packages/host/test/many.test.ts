/** Many plugins: listing them looks at each once, and opens no weights. How long it takes: pnpm bench --only discovery. */
import fs, { readFileSync, truncateSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { discover } from '../src/index.js';
import { buildWorld, writeJson } from './world.js';

const COUNT = 1000;

/** Files opened from now on, by whatever module of the process. */
function watchOpens(): string[] {
  const opened: string[] = [];
  const ways = ['openSync', 'readFileSync', 'open', 'readFile', 'createReadStream'] as const;
  const own = ways.map((way) => fs[way]);
  const set = (functions: readonly unknown[]) => {
    for (const [i, way] of ways.entries()) Object.assign(fs, { [way]: functions[i] });
    syncBuiltinESMExports();
  };
  set(
    own.map((open) => (path: unknown, ...rest: unknown[]) => {
      if (typeof path !== 'number') opened.push(String(path));
      return (open as (...all: unknown[]) => unknown)(path, ...rest);
    }),
  );
  onTestFinished(() => set(own));
  return opened;
}

test('a thousand plugins are all there, after a look at each package.json and at no weights', () => {
  const { project, folder, edit } = buildWorld((clean) => onTestFinished(clean, 60_000));
  const names = Array.from({ length: COUNT }, (_, i) => `morphism-copy-${i}`);
  const json = JSON.parse(readFileSync(join(folder('morphism-next'), 'package.json'), 'utf8'));
  for (const [i, name] of names.entries()) {
    const { deepfunctor } = json;
    const file = { ...deepfunctor.files.morphism, bytes: 2 ** 20 };
    const manifest = { ...deepfunctor, name: `copy-${i}`, files: { morphism: file } };
    writeJson(join(folder(name), 'package.json'), { ...json, name, deepfunctor: manifest });
    // The weights are a hole of a megabyte, and no model.
    writeJson(join(folder(name), file.path), {});
    truncateSync(join(folder(name), file.path), file.bytes);
  }
  edit('', (own) => {
    for (const name of names) own.dependencies[name] = '*';
  });

  const opened = watchOpens();
  const { plugins, setAside } = discover({ cwd: project });
  expect(setAside).toEqual([]);
  expect(plugins.filter(({ name }) => name.startsWith('copy-'))).toHaveLength(COUNT);

  const kinds = new Set(opened.map((path) => basename(path)));
  expect([...kinds].sort()).toEqual(['category.json', 'package.json']);
  const copies = opened.filter((path) => path.includes('morphism-copy-'));
  expect(copies).toHaveLength(COUNT);
  expect(new Set(copies).size).toBe(COUNT);
  // It does see what is opened.
  fs.readFileSync(join(folder('morphism-copy-0'), 'weights/morphism.onnx'));
  expect(opened.at(-1)).toMatch(/morphism\.onnx$/);
}, 60_000);

/** The laws as tests: `testPlugin(new URL('..', import.meta.url))` is a plugin's whole test. Needs vitest. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BridgePlugin, type FunctorPlugin, type MorphismPlugin, parseManifest } from '@deepfunctor/core';
import { type Host, openHost } from '@deepfunctor/host';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Labelled } from './law.js';
import { checkLaw, DEFAULTS, lawsOf } from './verify.js';

export interface TestOptions {
  /** The project whose plugins and categories are the company. Default: the plugin's own folder and its dependencies. */
  cwd?: string;
  seed?: number;
  /** Rows for each measurement, about. */
  samples?: number;
  /** Labelled inputs from elsewhere, for a functor. */
  inputs?: Labelled;
  /** Of one law, in milliseconds. Default 120,000. */
  timeout?: number;
}

/** Declare one test for each law that the plugin in a folder is under, and one that it can be installed at all. */
export function testPlugin(
  plugin: URL | FunctorPlugin | MorphismPlugin | BridgePlugin,
  options: TestOptions = {},
): void {
  const folder = fileURLToPath(plugin instanceof URL ? plugin : plugin.package);
  const file = join(folder, 'package.json');
  const { seed = DEFAULTS.seed, samples = DEFAULTS.samples, inputs, timeout = 120_000 } = options;
  const manifest = parseManifest(JSON.parse(readFileSync(file, 'utf8')), file);
  if (manifest.kind === 'category') throw new Error(`${file} is that of a category, which no law speaks of`);

  describe(`${manifest.kind} ${manifest.name}`, () => {
    let host: Host;
    beforeAll(async () => {
      host = await openAmong(folder, manifest.name, options.cwd ?? folder);
    }, timeout);
    afterAll(() => host?.close());

    test('its package can be installed, and its files are whole and taken by the engine', {
      timeout,
    }, async () => {
      const own = ({ name, where }: { name: string; where: string }) =>
        name === manifest.name || where === folder;
      const found = [...host.setAside, ...(await host.verify())].filter((item) => own(item) && item.error);
      if (found.length > 0) expect.fail(found.map(({ error }) => error!.message).join('\n'));
    });
    for (const law of lawsOf(manifest))
      test(`${law.name}: ${law.statement}`, { timeout }, async () => {
        const installed = [...host.plugins, ...host.bridges].find(({ name }) => name === manifest.name);
        if (installed === undefined) expect.fail(`“${manifest.name}” was set aside`);
        const { holds, figure, limit, detail } = await checkLaw(law, {
          host,
          plugin: installed,
          seed,
          samples,
          inputs,
        });
        if (!holds) expect.fail(`${figure ?? 'no figure'}, at most ${limit}: ${detail}`);
      });
  });
}

/** A host with a plugin's folder, and what a project has beside it. */
async function openAmong(folder: string, name: string, cwd: string): Promise<Host> {
  const company = await openHost({ cwd });
  await company.close();
  const all = [...company.plugins, ...company.bridges];
  const others = all.filter((each) => each.name !== name).map(({ directory }) => directory);
  return openHost({
    cwd,
    plugins: [folder, ...others],
    categories: company.categories.map(({ directory }) => directory),
  });
}

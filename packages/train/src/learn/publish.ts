/** From what was learned to a package on disk: measured in the real runtime, and there whole or not at all. */
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fail, reasonOf, writeWhole } from '@deepfunctor/core';
import { type Host, openHost } from '@deepfunctor/host';
import { type PluginPackage, writePlugin } from '../package.js';

export interface PublishOptions {
  /** Folder of the package. */
  out: string;
  /** Write over a package that is there; its version, scripts and own files stay. */
  replace?: boolean | undefined;
  /** Folders of the categories it is opened with. */
  categories: readonly string[];
}

type Measured = Record<string, number | string>;

/** Errors: OUTPUT_EXISTS. Asked before anything is learned. */
export function checkOut({ out, replace }: Pick<PublishOptions, 'out' | 'replace'>): void {
  if (existsSync(out) && !replace) fail('OUTPUT_EXISTS', { where: out });
}

/**
 * Write a package with what `measure` finds when the package is opened as anybody's would be. Errors: OUTPUT_EXISTS,
 * OUTPUT_UNWRITABLE, and what opening it tells.
 */
export async function publish(
  plugin: PluginPackage,
  options: PublishOptions,
  measure: (host: Host) => Promise<Measured>,
): Promise<Measured> {
  checkOut(options);
  const out = resolve(options.out);
  const folder = join(dirname(out), `.${basename(out)}.${randomUUID()}.tmp`);
  try {
    if (existsSync(out))
      cpSync(out, folder, { recursive: true, filter: (path) => basename(path) !== 'node_modules' });
    writePlugin(folder, plugin);
    if (!existsSync(join(folder, 'test'))) writeWhole(join(folder, 'test/plugin.test.js'), TEST);
    const host = await openHost({ cwd: dirname(out), plugins: [folder], categories: options.categories });
    let measured: Measured;
    try {
      for (const { error } of [...host.setAside, ...(await host.verify())]) if (error) throw error;
      measured = await measure(host);
    } finally {
      await host.close();
    }
    const { manifest } = plugin;
    writePlugin(folder, {
      ...plugin,
      manifest: { ...manifest, card: { ...manifest.card, measured } } as PluginPackage['manifest'],
    });
    place(folder, out);
    return measured;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a plugin needs: the release of core that it is made with, and those that fit it. */
export function rangeOfCore(): string {
  const file = createRequire(import.meta.url).resolve('@deepfunctor/core/package.json');
  return `^${JSON.parse(readFileSync(file, 'utf8')).version}`;
}

const TEST = `import { testPlugin } from '@deepfunctor/laws/vitest';

testPlugin(new URL('..', import.meta.url));
`;

function place(folder: string, out: string): void {
  try {
    if (!existsSync(out)) {
      renameSync(folder, out);
      return;
    }
    // Installed packages of the old one are links that belong to its place.
    if (existsSync(join(out, 'node_modules')))
      renameSync(join(out, 'node_modules'), join(folder, 'node_modules'));
    const old = `${folder}.old`;
    renameSync(out, old);
    renameSync(folder, out);
    rmSync(old, { recursive: true, force: true });
  } catch (cause) {
    fail('OUTPUT_UNWRITABLE', { where: out, reason: reasonOf(cause), cause });
  }
}

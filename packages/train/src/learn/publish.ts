/** From what was learned to a package on disk: measured in the real runtime, and there whole or not at all. */
import { randomUUID } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
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
  /** Asked for the last time before the package is put in its place. */
  signal?: AbortSignal | undefined;
}

type Measured = Record<string, number | string>;

/** Errors: OUTPUT_EXISTS, MANIFEST_INVALID. Asked before anything is learned. */
export function checkOut({ out, replace }: Pick<PublishOptions, 'out' | 'replace'>): void {
  if (!existsSync(out)) return;
  if (!replace || !statSync(out).isDirectory()) fail('OUTPUT_EXISTS', { where: out });
  const where = join(out, 'package.json');
  if (!existsSync(where)) return;
  try {
    JSON.parse(readFileSync(where, 'utf8'));
  } catch (cause) {
    fail('MANIFEST_INVALID', { where, reason: reasonOf(cause), cause });
  }
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
    // What the author wrote there, such as a version and scripts, goes into the new one.
    if (existsSync(join(out, 'package.json'))) {
      mkdirSync(folder);
      copyFileSync(join(out, 'package.json'), join(folder, 'package.json'));
    }
    writePlugin(folder, plugin);
    if (!existsSync(join(out, 'test'))) writeWhole(join(folder, 'test/plugin.test.js'), TEST);
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
    options.signal?.throwIfAborted();
    place(folder, out);
    return measured;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a plugin needs: the release of core that it is made with, or any later one that still reads its manifest. */
export function rangeOfCore(): string {
  const file = createRequire(import.meta.url).resolve('@deepfunctor/core/package.json');
  return `>=${JSON.parse(readFileSync(file, 'utf8')).version}`;
}

const TEST = `import { testPlugin } from '@deepfunctor/laws/vitest';

testPlugin(new URL('..', import.meta.url));
`;

/** Move the package to `out`. A folder that is there stays the same one, for a shell may stand in it: its files are exchanged. */
function place(folder: string, out: string): void {
  const old = `${folder}.old`;
  const exchanged: string[] = [];
  try {
    if (!existsSync(out)) {
      renameSync(folder, out);
      return;
    }
    for (const path of filesOf(folder)) {
      for (const base of [old, out]) mkdirSync(dirname(join(base, path)), { recursive: true });
      if (statSync(join(out, path), { throwIfNoEntry: false })?.isDirectory())
        throw new Error(`“${path}” is a folder there`);
      if (existsSync(join(out, path))) renameSync(join(out, path), join(old, path));
      exchanged.push(path);
      renameSync(join(folder, path), join(out, path));
    }
  } catch (cause) {
    for (const path of exchanged) {
      rmSync(join(out, path), { force: true });
      if (existsSync(join(old, path))) renameSync(join(old, path), join(out, path));
    }
    fail('OUTPUT_UNWRITABLE', { where: out, reason: reasonOf(cause), cause });
  } finally {
    rmSync(old, { recursive: true, force: true });
  }
}

/** The files of a folder, relative to it; the one that names the others last. */
function filesOf(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
  return [...files.filter((path) => path !== 'package.json'), 'package.json'];
}

// Whether plugins of this repository may be released: each is held to the laws, with the others as its partners.

import { openHost } from '../packages/host/dist/index.js';
import { verify } from '../packages/laws/dist/index.js';

/**
 * What stands against a release: one text for each law that does not hold, or plugin that cannot be used at all.
 *
 * @param {{ folders: string[], changed: string[], onProgress?: (done: number, total: number, what: string) => void }} options
 *   Folders of all plugins, and the npm names of those to be held to the laws.
 */
export async function faultsOf({ folders, changed, onProgress }) {
  const host = await openHost({ plugins: folders });
  try {
    const faults = host.setAside
      .filter(({ name, where }) => folders.includes(where) || changed.includes(name))
      .map(({ name, error }) => `${name} cannot be used: ${error.message}`);
    const plugins = host.plugins.filter((plugin) => changed.includes(plugin.package)).map(({ name }) => name);
    const findings = await verify({ host, plugins, onProgress });
    for (const { plugin, law, holds, figure, limit, detail } of findings)
      if (!holds) faults.push(`${plugin}, ${law}: ${figure ?? 'no figure'}, at most ${limit}: ${detail}`);
    return faults;
  } finally {
    await host.close();
  }
}

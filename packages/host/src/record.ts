/** What a chain is made of, as plain data: to tell later whether it is still the same chain. */
import { type Category, canonicalJson, sha256 } from '@deepfunctor/core';
import type { Plan, Source } from './compose.js';
import type { Bridge, Plugin } from './discover.js';

/** A chain with everything its answers depend on, besides the host and the engine. */
export interface ChainRecord {
  /** As `compose` reads it. */
  chain: string;
  /** Each plugin once, sorted by name. `sha256` is that of its manifest, which holds those of its files. */
  plugins: { name: string; package: string; version?: string; sha256: string }[];
  /** Each category once, sorted by name and version, with its space digest. */
  spaces: { category: string; version: string; digest: string }[];
}

export function recordOf(chain: string, { inputs, result, output }: Plan): ChainRecord {
  const plugins = new Map<string, Plugin | Bridge>();
  const spaces = new Map<string, Category>();
  const functors = [...inputs, output];
  for (const functor of functors) spaces.set(functor.category.digest, functor.category);
  const walk = (source: Source): (Plugin | Bridge)[] => {
    spaces.set(source.category.digest, source.category);
    if (source.kind === 'input') return [];
    return source.kind === 'cross'
      ? [source.crossing.bridge, ...walk(source.source)]
      : [source.morphism, ...source.sources.flatMap(walk)];
  };
  for (const plugin of [...functors, ...walk(result)]) plugins.set(plugin.directory, plugin);
  return {
    chain,
    plugins: [...plugins.values()].sort(byName).map(({ name, package: from, version, manifest }) => ({
      name,
      package: from,
      ...(version === undefined ? {} : { version }),
      sha256: sha256(canonicalJson(manifest)),
    })),
    spaces: [...spaces.values()]
      .sort((a, b) => byName(a, b) || (a.version < b.version ? -1 : 1))
      .map(({ name, version, digest }) => ({ category: name, version, digest })),
  };
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

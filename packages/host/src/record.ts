/** What a chain is made of, as plain data: to tell later whether it is still the same chain. */
import { type Category, canonicalJson, sha256 } from '@deepfunctor/core';
import type { Plan, Source } from './compose.js';
import type { Plugin } from './discover.js';

/** A chain with everything its answers depend on, besides the host and the engine. */
export interface ChainRecord {
  /** As `compose` reads it. */
  chain: string;
  /** Each plugin once, sorted by name. `sha256` is that of its manifest, which holds those of its files. */
  plugins: { name: string; package: string; version?: string; sha256: string }[];
  /** Each category once, sorted by name, with its space digest. */
  spaces: { category: string; version: string; digest: string }[];
}

export function recordOf(chain: string, { inputs, result, output }: Plan): ChainRecord {
  const plugins = new Map<string, Plugin>();
  const spaces = new Map<string, Category>();
  const functors = [...inputs, output];
  for (const functor of functors) spaces.set(functor.category.name, functor.category);
  const walk = (source: Source): Plugin[] => {
    spaces.set(source.category.name, source.category);
    return source.kind === 'input' ? [] : [source.morphism, ...source.sources.flatMap(walk)];
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
      .sort(byName)
      .map(({ name, version, digest }) => ({ category: name, version, digest })),
  };
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

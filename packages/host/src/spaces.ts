/** Spaces: which plugins live in which, and the bridges that lead from one to another. */
import { type Category, coded, type DeepFunctorError, releaseName } from '@deepfunctor/core';
import type { Bridge, Plugin } from './discover.js';

/** An installed release of a category, and what lives in it. */
export interface Space {
  category: Category;
  /** Functors of it, and morphisms whose first object is of it. */
  plugins: Plugin[];
}

/** `there`: in the direction in which a bridge is named; `back`: in the other. */
export type Way = 'there' | 'back';

/** A bridge in one direction. */
export interface Crossing {
  bridge: Bridge;
  way: Way;
  from: Category;
  to: Category;
}

/** What is installed, sorted by space; every release is there, also one that nothing lives in. */
export function sortBySpace(categories: readonly Category[], plugins: readonly Plugin[]): Space[] {
  const home = (plugin: Plugin) => (plugin.kind === 'functor' ? plugin.category : plugin.inputs[0]!);
  return categories.map((category) => ({
    category,
    plugins: plugins.filter((plugin) => home(plugin).digest === category.digest),
  }));
}

/** The shortest way over bridges; of equally short ones the first by name. Undefined where none leads there. */
export function wayBetween(from: Category, to: Category, bridges: readonly Bridge[]): Crossing[] | undefined {
  const sorted = [...bridges].sort((a, b) => (a.name < b.name ? -1 : 1));
  const both = sorted.flatMap((bridge): Crossing[] => [
    { bridge, way: 'there', from: bridge.from, to: bridge.to },
    { bridge, way: 'back', from: bridge.to, to: bridge.from },
  ]);
  const reached = new Map<string, Crossing[]>([[from.digest, []]]);
  // A Map goes on to what is added while it is walked through: breadth first.
  for (const [digest, way] of reached) {
    if (digest === to.digest) return way;
    for (const next of both)
      if (next.from.digest === digest && !reached.has(next.to.digest))
        reached.set(next.to.digest, [...way, next]);
  }
  return undefined;
}

/** What is known where a chain is put together. */
export interface Installed {
  categories: readonly Category[];
  plugins: readonly Plugin[];
  bridges: readonly Bridge[];
}

/** The error for a chain that no bridge helps across: it says which plugins fit which space. */
export function apart(
  where: string,
  [left, given]: readonly [string, Category],
  [right, taken]: readonly [string, Category],
  { categories, plugins, bridges }: Installed,
): DeepFunctorError {
  const own = categories.filter(({ name }) => name === given.name);
  const fitting = sortBySpace(own, plugins)
    .filter((space) => space.plugins.length > 0)
    .map((space) => `${releaseName(space.category)}: ${space.plugins.map(({ name }) => name).join(', ')}`);
  const led = bridges.map(({ name, from, to }) => `“${name}” (${releaseName(from)} ↔ ${releaseName(to)})`);
  return coded('CHAIN_SPACES', {
    where,
    left,
    right,
    given: shown(given),
    taken: shown(taken),
    bridges:
      led.length === 0 ? 'no bridge is installed' : `no installed bridge leads there: ${led.join(', ')}`,
    fitting: fitting.join('; '),
    command: `deepfunctor learn bridge --from ${releaseName(given)} --to ${releaseName(taken)} --name NAME --out DIR`,
  });
}

function shown(category: Category): string {
  return `${releaseName(category)} (${category.digest.slice(0, 19)}…)`;
}

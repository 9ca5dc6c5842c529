/** From the text of a chain to what is computed: which functors encode, which morphisms are applied, what decodes. */
import { type Category, coded, type DeepFunctorError, fail } from '@deepfunctor/core';
import { distance } from 'fastest-levenshtein';
import type { Functor, Morphism, Plugin, SetAside } from './discover.js';
import type { ChainTerm, NameTerm, TupleTerm } from './expression.js';
import { apart, type Crossing, type Installed, wayBetween } from './spaces.js';

/** Where an object of a chain comes from. */
export type Source =
  | { kind: 'input'; index: number; category: Category }
  | { kind: 'apply'; morphism: Morphism; sources: Source[]; category: Category }
  | Crossed;

/** An object that a bridge carries into the space of what takes it; `between` are the names on both sides. */
export interface Crossed {
  kind: 'cross';
  crossing: Crossing;
  between: readonly [string, string];
  source: Source;
  category: Category;
}

/** A chain that fits together. */
export interface Plan {
  /** The functors that encode, one for each input, in the order of the text. */
  inputs: Functor[];
  result: Source;
  /** The functor that decodes. */
  output: Functor;
}

/** Finds the plugin that a term names. Errors: CHAIN_UNKNOWN_NAME. */
export type Lookup = (term: NameTerm) => Plugin;

/**
 * Check a chain and plan it; where it goes from one space into another, installed bridges are put in.
 * Errors: CHAIN_UNKNOWN_NAME, CHAIN_ENDS, CHAIN_ARITY, CHAIN_CATEGORY, CHAIN_SPACES.
 */
export function plan(chain: ChainTerm, lookup: Lookup, installed: Installed): Plan {
  const inputs: Functor[] = [];
  const last = chain.at(-1)!;
  if (chain.length === 1) ends(last, 'nothing decodes');
  const flow = walk(chain.slice(0, -1), lookup, inputs, installed);
  const output = last.kind === 'tuple' ? ends(last, 'it ends with a tuple') : lookup(last);
  if (output.kind !== 'functor') return ends(last, `it ends with the morphism “${output.name}”`);
  const [result] = meet(flow, [output.category], output.name, last, installed);
  return { inputs, result: result!.source, output };
}

/** What flows between two terms: an object, and who gives it. */
interface Given {
  source: Source;
  by: string;
}

function walk([first, ...rest]: ChainTerm, lookup: Lookup, inputs: Functor[], installed: Installed): Given[] {
  let flow = begin(first!, lookup, inputs, installed);
  for (const term of rest) {
    if (term.kind === 'tuple')
      return ends(term, 'a tuple stands after something; only a beginning can be a tuple');
    const plugin = lookup(term);
    if (plugin.kind === 'functor') return ends(term, `the functor “${plugin.name}” stands in the middle`);
    const sources = meet(flow, plugin.inputs, plugin.name, term, installed).map(({ source }) => source);
    flow = [
      { source: { kind: 'apply', morphism: plugin, sources, category: plugin.output }, by: plugin.name },
    ];
  }
  return flow;
}

function begin(term: NameTerm | TupleTerm, lookup: Lookup, inputs: Functor[], installed: Installed): Given[] {
  if (term.kind === 'tuple')
    return term.branches.flatMap((branch) => walk(branch, lookup, inputs, installed));
  const plugin = lookup(term);
  if (plugin.kind === 'morphism') return ends(term, `a branch begins with the morphism “${plugin.name}”`);
  inputs.push(plugin);
  return [
    { source: { kind: 'input', index: inputs.length - 1, category: plugin.category }, by: plugin.name },
  ];
}

function meet(
  flow: readonly Given[],
  taken: readonly Category[],
  name: string,
  { where }: { where: string },
  installed: Installed,
): Given[] {
  if (flow.length !== taken.length)
    fail('CHAIN_ARITY', { where, name, arity: taken.length, given: flow.length });
  return flow.map(({ source, by }, index) => {
    const [given, wanted] = [source.category, taken[index]!];
    if (given.name !== wanted.name)
      fail('CHAIN_CATEGORY', { where, left: by, right: name, given: given.name, taken: wanted.name });
    const way = wayBetween(given, wanted, installed.bridges);
    if (way === undefined) throw apart(where, [by, given], [name, wanted], installed);
    const carried = way.reduce(
      (from: Source, crossing): Source => ({
        kind: 'cross',
        crossing,
        between: [by, name],
        source: from,
        category: crossing.to,
      }),
      source,
    );
    return { source: carried, by };
  });
}

/** The bridges that a chain goes over, in the order of the way. */
export function crossedIn(source: Source): Crossed[] {
  if (source.kind === 'input') return [];
  return source.kind === 'cross' ? [...crossedIn(source.source), source] : source.sources.flatMap(crossedIn);
}

/** A plan as a text, with the bridges that were put in, in brackets: `digits -> [fuzzy-digits-1-to-2] -> roman`. */
export function describePlan({ inputs, result, output }: Plan): string {
  const textOf = (source: Source): string => {
    if (source.kind === 'input') return inputs[source.index]!.name;
    if (source.kind === 'cross') return `${textOf(source.source)} -> [${source.crossing.bridge.name}]`;
    const texts = source.sources.map(textOf);
    return `${texts.length === 1 ? texts[0] : `(${texts.join(', ')})`} -> ${source.morphism.name}`;
  };
  return `${textOf(result)} -> ${output.name}`;
}

function ends({ where }: { where: string }, reason: string): never {
  return fail('CHAIN_ENDS', { where, reason });
}

/** The error for a name that is not installed: it lists the nearest names, and carries why the name was set aside. */
export function unknownName(
  { name, where }: NameTerm,
  plugins: readonly Pick<Plugin, 'name'>[],
  setAside: readonly SetAside[],
): DeepFunctorError {
  const installed = plugins.map((plugin) => plugin.name);
  const nearest = installed
    .sort((a, b) => distance(name, a) - distance(name, b) || (a < b ? -1 : 1))
    .slice(0, 5);
  const names = nearest.join(', ') || 'none is';
  const cause = setAside.find((item) => item.name === name)?.error;
  return coded('CHAIN_UNKNOWN_NAME', { where, name, names, cause });
}

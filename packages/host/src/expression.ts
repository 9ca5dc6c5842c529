/**
 * Chains as text. `a -> b -> c` is a chain, `(a, b)` a tuple of chains:
 *
 *     chain = term { "->" term }
 *     term  = name | "(" chain { "," chain } ")"
 *     name  = lower-case letters and digits, joined by single hyphens
 */
import { type FunctorPlugin, fail, type MorphismPlugin } from '@deepfunctor/core';

/** A named plugin, or one given as its package's typed reference. */
export interface NameTerm {
  kind: 'name';
  name: string;
  plugin?: FunctorPlugin | MorphismPlugin;
  where: string;
}

/** Several chains side by side. */
export interface TupleTerm {
  kind: 'tuple';
  branches: ChainTerm[];
  where: string;
}

/** Terms one after the other; at least one. */
export type ChainTerm = (NameTerm | TupleTerm)[];

/** Tuples deeper than this are refused. */
const DEEPEST = 100;

/** Parse a chain. Each term remembers its place for later messages. Errors: CHAIN_SYNTAX, with the place marked. */
export function parseChain(text: string): ChainTerm {
  const tokens = tokensOf(text);
  let next = 0;
  const here = () => tokens[next]!;
  const refuse = (expected: string): never => {
    const { text: found, at } = here();
    const given = found === '' ? 'the text ends' : `“${found}” stands`;
    return fail('CHAIN_SYNTAX', {
      where: pointAt(text, at),
      reason: `${given} where ${expected} is expected`,
    });
  };
  const chain = (depth: number): ChainTerm => {
    const terms = [term(depth)];
    while (here().text === '->') {
      next++;
      terms.push(term(depth));
    }
    return terms;
  };
  const term = (depth: number): NameTerm | TupleTerm => {
    const { text: found, at, isName } = here();
    const where = pointAt(text, at);
    if (isName) {
      next++;
      return { kind: 'name', name: found, where };
    }
    if (found !== '(') return refuse('a name or “(”');
    if (depth >= DEEPEST) return fail('CHAIN_SYNTAX', { where, reason: `tuples are deeper than ${DEEPEST}` });
    next++;
    const branches = [chain(depth + 1)];
    while (here().text === ',') {
      next++;
      branches.push(chain(depth + 1));
    }
    if (here().text !== ')') refuse('“->”, “,” or “)”');
    next++;
    return { kind: 'tuple', branches, where };
  };
  const whole = chain(0);
  if (here().text !== '') refuse('“->” or the end');
  return whole;
}

/** A chain as text, as `parseChain` reads it. */
export function chainText(terms: ChainTerm): string {
  const one = (term: NameTerm | TupleTerm) =>
    term.kind === 'name' ? term.name : `(${term.branches.map(chainText).join(', ')})`;
  return terms.map(one).join(' -> ');
}

interface Token {
  /** `''` at the end. */
  text: string;
  at: number;
  isName: boolean;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s*(?:([a-z0-9]+(?:-[a-z0-9]+)*)|(->|[(),]))/y;
  let end = 0;
  while (text.slice(end).trim() !== '') {
    pattern.lastIndex = end;
    const match = pattern.exec(text);
    if (match === null) {
      const at = end + text.slice(end).search(/\S/);
      const stranger = String.fromCodePoint(text.codePointAt(at)!);
      return fail('CHAIN_SYNTAX', {
        where: pointAt(text, at),
        reason: `“${stranger}” is no part of a name or an arrow`,
      });
    }
    end = pattern.lastIndex;
    const found = (match[1] ?? match[2])!;
    tokens.push({ text: found, at: end - found.length, isName: match[1] !== undefined });
  }
  tokens.push({ text: '', at: text.trimEnd().length, isName: false });
  return tokens;
}

/** The text with a caret below one place of it, in line with the message of an error, which indents it by nine. */
function pointAt(text: string, at: number): string {
  return `${text.replace(/\s/g, ' ')}\n${' '.repeat('  where: '.length + at)}^`;
}

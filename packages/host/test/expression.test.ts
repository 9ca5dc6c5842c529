import { DeepFunctorError } from '@deepfunctor/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ChainTerm, chainText, parseChain } from '../src/expression.js';

/** A chain without its places. */
const bare = (chain: ChainTerm): unknown =>
  chain.map((term) => (term.kind === 'name' ? term.name : term.branches.map(bare)));

const name = fc.stringMatching(/^[a-z0-9]{1,4}(-[a-z0-9]{1,3}){0,2}$/);
const { chain } = fc.letrec<{ chain: unknown[]; term: unknown }>((tie) => ({
  chain: fc.array(tie('term'), { minLength: 1, maxLength: 4 }),
  term: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    name,
    fc.array(tie('chain'), { minLength: 1, maxLength: 3 }),
  ),
}));
const written = (terms: readonly unknown[], space: string): string =>
  terms
    .map((term) =>
      typeof term === 'string'
        ? term
        : `(${(term as unknown[][]).map((branch) => written(branch, space)).join(`${space},${space}`)})`,
    )
    .join(`${space}->${space}`);

describe('a chain as text', () => {
  test('is its names in order', () => {
    expect(bare(parseChain('digits -> add-one -> dots'))).toEqual(['digits', 'add-one', 'dots']);
  });

  test('may begin with a tuple, which may nest', () => {
    expect(bare(parseChain('((a, b) -> add, c) -> mul -> d'))).toEqual([
      [[[['a'], ['b']], 'add'], ['c']],
      'mul',
      'd',
    ]);
  });

  test('comes back from its terms, whatever its white space', () => {
    fc.assert(
      fc.property(chain, fc.constantFrom('', ' ', '\n', '\t  '), (terms, space) => {
        const parsed = parseChain(written(terms, space));
        expect(bare(parsed)).toEqual(terms);
        expect(bare(parseChain(chainText(parsed)))).toEqual(terms);
      }),
    );
  });

  test('is either read or refused with a code, never anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab1-> (),A\n') }), (text) => {
        try {
          parseChain(text);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(DeepFunctorError);
          expect((thrown as DeepFunctorError).code).toBe('CHAIN_SYNTAX');
        }
      }),
    );
  });

  test.each([
    ['', 0, 'the text ends where a name or “(” is expected'],
    ['a ->', 4, 'the text ends where a name or “(” is expected'],
    ['a b', 2, '“b” stands where “->” or the end is expected'],
    ['(a, b -> c', 10, 'the text ends where “->”, “,” or “)” is expected'],
    ['a -> -> b', 5, '“->” stands where a name or “(” is expected'],
    ['a -> B', 5, '“B” is no part of a name or an arrow'],
    ['a => b', 2, '“=” is no part of a name or an arrow'],
    ['a -> 🎵', 5, '“🎵” is no part of a name or an arrow'],
    ['()', 1, '“)” stands where a name or “(” is expected'],
  ])('%j is refused at %i', (text, at, reason) => {
    const refused = () => parseChain(text);
    expect(refused).toThrow(expect.objectContaining({ code: 'CHAIN_SYNTAX' }));
    expect(refused).toThrow(`The chain cannot be read: ${reason}. [CHAIN_SYNTAX]\n  where: ${text}\n`);
    expect(refused).toThrow(`\n${' '.repeat(9 + at)}^\n  do: `);
  });

  test('of tuples without end is refused', () => {
    expect(() => parseChain('('.repeat(100_000))).toThrow(expect.objectContaining({ code: 'CHAIN_SYNTAX' }));
  });
});

/**
 * The rule of composition, for the compiler: a chain begins with a functor (it encodes), ends with a functor (it
 * decodes), and has only morphisms between, each of which takes what the part before it gives.
 *
 * ```ts
 * declare function compose<const P extends readonly Part[]>(...parts: Composition<P>): Chain;
 * ```
 * A valid chain has the type of its parts. In an invalid one, the first part that does not fit has the type of a
 * sentence that says why, so the compiler shows that sentence. Names are not checked here: a name may give anything.
 */
import type { FunctorPlugin, MorphismPlugin, Part } from './plugin.js';

/** The parts `P` if they compose, else `P` with a sentence in the place of the part that does not fit. */
export type Composition<P extends readonly Part[]> =
  Explain<P> extends infer Fault extends readonly unknown[] ? (P extends Fault ? P : Fault) : never;

/** Marks a flow of objects whose categories the compiler does not know, because a name stands before it. */
type Unchecked = 'unchecked';

/** The categories of the objects that flow between two parts; their number is what an arity is compared with. */
type Flow = readonly string[] | Unchecked;

type Explain<P extends readonly Part[]> = number extends P['length']
  ? P
  : P extends readonly []
    ? readonly ['A chain needs at least a functor that encodes and one that decodes.']
    : P extends readonly [infer First extends Part, ...infer Rest extends readonly Part[]]
      ? First extends MorphismPlugin
        ? readonly ['A chain begins with a functor; this is a morphism.', ...Rest]
        : First extends FunctorPlugin<infer C>
          ? Rest extends readonly []
            ? readonly [First, 'A chain ends with a functor that decodes; it is missing here.']
            : readonly [First, ...ExplainRest<Rest, readonly [C]>]
          : readonly [First, ...ExplainRest<Rest, Unchecked>]
      : never;

type ExplainRest<P extends readonly Part[], F extends Flow> = P extends readonly [
  infer First extends Part,
  ...infer Rest extends readonly Part[],
]
  ? First extends FunctorPlugin<infer C>
    ? Rest extends readonly []
      ? readonly [Meets<First, readonly [C], F>]
      : readonly [
          'Only the first and the last part of a chain may be functors; use morphisms between.',
          ...Rest,
        ]
    : First extends MorphismPlugin<infer In, infer Out>
      ? Meets<First, In, F> extends First
        ? Rest extends readonly []
          ? readonly [First, 'A chain ends with a functor that decodes; it is missing here.']
          : readonly [First, ...ExplainRest<Rest, readonly [Out]>]
        : readonly [Meets<First, In, F>, ...Rest]
      : readonly [First, ...ExplainRest<Rest, Unchecked>]
  : readonly [];

/** `Taker` if what flows is what it takes, else the sentence. An arity that is only `number` and a category that is only `string` are left unchecked. */
type Meets<Taker, Taken extends readonly string[], F extends Flow> = F extends readonly string[]
  ? number extends Taken['length']
    ? Taker
    : Taken['length'] extends F['length']
      ? Open<Taken[number] | F[number]> extends true
        ? Taker
        : F extends Taken
          ? Taker
          : `This part takes “${Joined<Taken>}”, but the part before it gives “${Joined<F>}”.`
      : `This part takes ${Taken['length']} objects, but the part before it gives ${F['length']}.`
  : Taker;

type Open<Name extends string> = string extends Name ? true : false;

type Joined<Names extends readonly string[]> = Names extends readonly [
  infer First extends string,
  ...infer Rest extends readonly string[],
]
  ? Rest extends readonly []
    ? First
    : `${First}, ${Joined<Rest>}`
  : string;

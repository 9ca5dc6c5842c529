import { describe, expectTypeOf, test } from 'vitest';
import type { Composition, FunctorPlugin, MorphismPlugin, Part } from '../src/index.js';

declare function compose<const P extends readonly Part[]>(...parts: Composition<P>): P;

declare const digits: FunctorPlugin<'fuzzy-digits', Uint8Array>;
declare const binary: FunctorPlugin<'fuzzy-digits', string>;
declare const addOne: MorphismPlugin<readonly ['fuzzy-digits'], 'fuzzy-digits'>;
declare const plus: MorphismPlugin<readonly ['fuzzy-digits', 'fuzzy-digits'], 'fuzzy-digits'>;
declare const piano: FunctorPlugin<'tones', Uint8Array>;
declare const transpose: MorphismPlugin<readonly ['tones'], 'tones'>;
declare const toTone: MorphismPlugin<readonly ['fuzzy-digits'], 'tones'>;
declare const anyFunctor: FunctorPlugin;
declare const anyMorphism: MorphismPlugin;
declare const someParts: Part[];

describe('a chain whose ends meet compiles', () => {
  test('functor, morphisms, functor of one category', () => {
    compose(digits, binary);
    compose(digits, addOne, digits);
    expectTypeOf(compose(digits, addOne, binary)).toExtend<
      readonly [typeof digits, typeof addOne, typeof binary]
    >();
  });

  test('a morphism may lead to another category', () => {
    compose(digits, addOne, toTone, transpose, piano);
  });

  test('names, expressions and untyped plugins are left to the host', () => {
    compose('digits -> add-one -> dots');
    compose('digits', 'add-one', 'dots');
    compose('digits', addOne, binary);
    compose(digits, 'add-one', piano);
    compose(anyFunctor, addOne, binary);
    compose(digits, anyMorphism, piano);
    compose(...someParts);
  });
});

describe('a chain whose ends do not meet is a compile error', () => {
  test('an encoder in the middle', () => {
    // @ts-expect-error only the first and the last part may be functors
    compose(digits, binary, addOne, digits);
    // @ts-expect-error the same, after a name
    compose('digits', binary, addOne, digits);
  });

  test('a morphism of another category', () => {
    // @ts-expect-error takes “tones”, is given “fuzzy-digits”
    compose(digits, transpose, binary);
    // @ts-expect-error takes “fuzzy-digits”, is given “tones”
    compose(digits, toTone, addOne, binary);
  });

  test('a decoder of another category', () => {
    // @ts-expect-error takes “tones”, is given “fuzzy-digits”
    compose(digits, addOne, piano);
    // @ts-expect-error takes “tones”, is given “fuzzy-digits”
    compose(digits, piano);
  });

  test('a missing decoder', () => {
    // @ts-expect-error nothing decodes
    compose(digits, addOne);
    // @ts-expect-error nothing decodes
    compose(digits);
    // @ts-expect-error nothing decodes, after a name
    compose('digits', addOne);
  });

  test('a missing encoder', () => {
    // @ts-expect-error begins with a morphism
    compose(addOne, binary);
    // @ts-expect-error is empty
    compose();
  });

  test('a morphism of two objects that is given one', () => {
    // @ts-expect-error takes 2 objects, is given 1
    compose(digits, plus, binary);
  });

  test('something that is no part', () => {
    // @ts-expect-error a number is no part
    compose(digits, 1, binary);
  });
});

test('the compiler says why', () => {
  type At<P extends readonly Part[], I extends number> = Composition<P>[I];
  expectTypeOf<
    At<readonly [typeof digits, typeof transpose, typeof binary], 1>
  >().toEqualTypeOf<'This part takes “tones”, but the part before it gives “fuzzy-digits”.'>();
  expectTypeOf<
    At<readonly [typeof digits, typeof plus, typeof binary], 1>
  >().toEqualTypeOf<'This part takes 2 objects, but the part before it gives 1.'>();
  expectTypeOf<
    At<readonly [typeof digits, typeof addOne], 2>
  >().toEqualTypeOf<'A chain ends with a functor that decodes; it is missing here.'>();
  expectTypeOf<
    At<readonly [typeof digits, typeof binary, typeof digits], 1>
  >().toEqualTypeOf<'Only the first and the last part of a chain may be functors; use morphisms between.'>();
  expectTypeOf<
    At<readonly [typeof addOne, typeof digits], 0>
  >().toEqualTypeOf<'A chain begins with a functor; this is a morphism.'>();
});

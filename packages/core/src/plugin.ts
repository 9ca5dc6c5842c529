/** The typed default exports of plugin packages: what they are to the compiler, and where to find them. */

/** A functor of category `C` whose values a person gives or gets as `Form` (a text, the bytes of a PNG). */
export interface FunctorPlugin<C extends string = string, Form = unknown> {
  readonly kind: 'functor';
  readonly name: string;
  readonly category: C;
  /** URL of the package's folder, ends with `/`. */
  readonly package: string;
  /** Never there: it only carries the type. */
  readonly __form?: Form;
}

/** A morphism from objects of the categories `In` to an object of `Out`. */
export interface MorphismPlugin<
  In extends readonly string[] = readonly string[],
  Out extends string = string,
> {
  readonly kind: 'morphism';
  readonly name: string;
  readonly inputs: In;
  readonly output: Out;
  /** URL of the package's folder, ends with `/`. */
  readonly package: string;
}

/** A bridge between two releases of category `C`. No part of a chain: the host puts it in where a chain crosses. */
export interface BridgePlugin<C extends string = string> {
  readonly kind: 'bridge';
  readonly name: string;
  readonly category: C;
  /** URL of the package's folder, ends with `/`. */
  readonly package: string;
}

/** One part of a chain: a plugin, whose fit is checked by the compiler, or a name or expression, checked at run time. */
export type Part = string | FunctorPlugin | MorphismPlugin;

/** What a law is, and what looking at one gives. */
import { DeepFunctorError } from '@deepfunctor/core';
import type { Bridge, Functor, Host, Morphism, Plugin } from '@deepfunctor/host';

/** Values of a functor's format whose labels are known from elsewhere, for example a labelled test set. */
export interface Labelled {
  /** `[n, …]` of the functor's codec. */
  value: Float32Array;
  /** `[n]`, names of labels. */
  labels: readonly string[];
}

/** A plugin in the company that it is tried in. */
export interface Subject<P extends Plugin | Bridge = Plugin | Bridge> {
  /** What else is installed there serves as partners. */
  host: Host;
  plugin: P;
  /** All draws come from it. */
  seed: number;
  /** Rows for each measurement, about. */
  samples: number;
  /** For `agrees` and `lands` of a functor, beside its own pictures and values. */
  inputs?: Labelled | undefined;
}

/** What was measured. */
export interface Result {
  holds: boolean;
  /** The deviation, 0 is perfect; null where there was nothing to measure, and the law holds for want of a case. */
  figure: number | null;
  /** The figure is at most this where the law holds. */
  limit: number;
  /** What was measured, and the first counterexample, in words. */
  detail: string;
}

interface LawOf<Kind extends string, P extends Plugin | Bridge> {
  name: string;
  of: Kind;
  statement: string;
  tolerance: number;
  /** Errors: those of the host (WEIGHTS_…, INPUT_TENSOR); a law that throws one does not hold. */
  check(subject: Subject<P>): Promise<Result>;
}

export type FunctorLaw = LawOf<'functor', Functor>;
export type MorphismLaw = LawOf<'morphism', Morphism>;
export type BridgeLaw = LawOf<'bridge', Bridge>;
/** A law of a functor or morphism among the others. */
export type AcrossLaw = LawOf<'across', Plugin>;
export type Law = FunctorLaw | MorphismLaw | BridgeLaw | AcrossLaw;

/** The result of a figure against its limit. */
export function measured(figure: number, limit: number, detail: string): Result {
  return { holds: figure <= limit, figure, limit, detail };
}

/** The result where there is nothing that the law speaks of. */
export function nothing(limit: number, why: string): Result {
  return { holds: true, figure: null, limit, detail: `nothing to measure: ${why}` };
}

/** Whether a law holds; one that ends with a coded error does not. */
export async function holding(check: () => Promise<Result>): Promise<boolean> {
  try {
    return (await check()).holds;
  } catch (error) {
    if (error instanceof DeepFunctorError) return false;
    throw error;
  }
}

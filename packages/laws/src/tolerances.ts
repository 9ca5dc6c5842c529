/** What a law allows. Every figure is a deviation: 0 is perfect, and a law holds where the figure is at most this. */
export const TOLERANCES = {
  /** Share of rows outside the space. The category's own norm tolerance and support threshold are the leeway. */
  lands: 0,
  /** Share of rows misread: what handwriting, the least regular format, is asked to reach. */
  agrees: 0.005,
  section: 0.005,
  identity: 0.005,
  /** Two ways that each pass through the format once more, so each may misread as often as `agrees` allows. */
  composition: 0.01,
  natural: 0.01,
  /** Share of rows in the worst cell: read by one functor, and judged by another. */
  swap: 0.01,
  /** Likeness of the two closest pictures, 1 − their largest difference: they differ by half of the range, 0 … 1. */
  faithful: 0.5,
  /** 1 − mean correlation of the style before and after: 0.8 is the least that people see as the same hand. */
  keeps: 0.2,
  /** Share of rows: below one in a thousand, so that one wrong entry among all combinations that are tried fails. */
  table: 0.0005,
  /** Mean total variation, as for `fuzzy`: an identity may blur as much as any morphism of arity 1. */
  unit: 0.01,
  /** Largest difference in units of the norm: what float32 leaves of the same sums in another order. */
  associativity: 1e-5,
  /** Share of rows: a chain of a thousand may be at most 0.1 points worse than one step. */
  steady: 0.001,
  /** Mean total variation for each object that the morphism takes. */
  fuzzy: 0.01,
  /** Mean total variation: a bridge may blur no more than a morphism of one object may, which it stands beside. */
  belief: 0.01,
  returns: 0.01,
  /** Share of rows, as for `table`: one wrong label of a whole category must fail. */
  label: 0.0005,
} as const;

/** Largest difference between a row alone and the same row in a batch, in units of the norm or of the range. */
export const BATCH_TOLERANCE = 1e-4;

/** How far an output of `decode` may leave 0 … 1: rounding of a sigmoid's ends. */
export const RANGE_TOLERANCE = 1e-3;

/** `steady` adds noise of this root-mean-square, in units of the norm, and brings the row back to the norm. */
export const NOISE = 0.1;

/** `steady` looks at the labels after so many steps. */
export const STEPS = [1, 10, 100, 1000] as const;

/** `returns` looks after so many times there and back. */
export const CROSSINGS = [1, 100] as const;

/** Up to so many combinations of labels are all tried; of more, a seeded draw. */
export const COMBINATIONS = 1000;

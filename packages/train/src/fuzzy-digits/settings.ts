/** What the founding of Fuzzy Digits is about: its labels, formats, operations, and the paths it never trains. */
export const LABELS = Array.from({ length: 10 }, (_, value) => ({ name: String(value), factors: { value } }));
export const K = LABELS.length;
export const D = 32;
/** Both picture formats: 28 × 28, one channel, ink is 1. */
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
export const BITS = 4;

export const FUNCTORS = ['dots', 'digits', 'binary'] as const;
export type FunctorName = (typeof FUNCTORS)[number];
/** Size of the style of each format; 0 where the format has no variety. */
export const STYLE: Record<FunctorName, number> = { dots: 5, digits: 8, binary: 0 };

export const MORPHISMS = ['identity', 'add-one', 'times-two'] as const;
export type MorphismName = (typeof MORPHISMS)[number];
/** The tables the morphisms are meant to compute: label index → label index, modulo ten. */
export const TABLES: Record<MorphismName, number[]> = {
  identity: LABELS.map((_, n) => n),
  'add-one': LABELS.map((_, n) => (n + 1) % K),
  'times-two': LABELS.map((_, n) => (2 * n) % K),
};

/** Never trained, for good: each functor and each morphism is among them, each decoder too. */
export const NEVER_TRAINED: [FunctorName, MorphismName, FunctorName][] = [
  ['dots', 'add-one', 'digits'],
  ['dots', 'times-two', 'binary'],
  ['digits', 'identity', 'dots'],
  ['digits', 'times-two', 'digits'],
  ['binary', 'identity', 'digits'],
  ['binary', 'add-one', 'dots'],
];
export const isTrained = (f: FunctorName, m: MorphismName, g: FunctorName): boolean =>
  !NEVER_TRAINED.some(([a, b, c]) => a === f && b === m && c === g);

/** Label index → its four bits, most significant first. */
export const bitsOf = (value: number): number[] =>
  Array.from({ length: BITS }, (_, i) => (value >> (BITS - 1 - i)) & 1);

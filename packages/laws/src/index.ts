/** The laws of the contract: named predicates that a plugin passes or fails on its weights. */
export { acrossLaws, type Cell, swapMatrix } from './across.js';
export { bridgeLaws } from './bridge.js';
export { depthCurve, fuzzinessCurves, type Point } from './curves.js';
export { functorLaws } from './functor.js';
export type { AcrossLaw, BridgeLaw, FunctorLaw, Labelled, Law, MorphismLaw, Result, Subject } from './law.js';
export { morphismLaws } from './morphism.js';
export { TOLERANCES } from './tolerances.js';
export { checkLaw, DEFAULTS, type Finding, laws, lawsOf, type VerifyOptions, verify } from './verify.js';

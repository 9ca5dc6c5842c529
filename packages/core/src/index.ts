/**
 * The contract of Deep Functor. A category is a latent space with a released contract; a functor maps it into a
 * format and back; a morphism maps its objects to objects. Nothing here knows what the labels of a category mean.
 */
export * from './canonical.js';
export * from './category.js';
export {
  type BitsCodec,
  bitsProblem,
  type Codec,
  type ImageCodec,
  type SymbolsCodec,
  symbolsProblem,
} from './codec.js';
export type * from './composition.js';
export * from './errors.js';
export * from './files.js';
export * from './manifest.js';
export * from './match.js';
export type * from './plugin.js';
export * from './push-forward.js';
export * from './reference.js';
export * from './safetensors.js';
export { NAME } from './schema.js';
export { CORE_VERSION } from './version.js';

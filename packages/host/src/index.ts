/** Discover, verify, compose and run Deep Functor plugins. */
export * from './codecs/image/index.js';
export { type Decoded, decodeOutput, encodeInput, type Form, type Reader, rowShape } from './codecs/index.js';

/** Discover, verify, compose and run Deep Functor plugins. */

export type {
  Answer,
  BridgeUse,
  Chain,
  Distribution,
  End,
  OnnxFile,
  RunOptions,
  TensorAnswer,
} from './chain.js';
export * from './codecs/image/index.js';
export { type Decoded, decodeOutput, encodeInput, type Form, type Reader, rowShape } from './codecs/index.js';
export { unknownName } from './compose.js';
export {
  type Bridge,
  type DiscoverOptions,
  type Discovery,
  discover,
  type Functor,
  type Morphism,
  type Plugin,
  type SetAside,
} from './discover.js';
export { type Host, type HostOptions, openHost, type Verification } from './host.js';
export type { Encoded } from './models.js';
export { type Network, network, rowSize, type Tensors } from './network.js';
export type { ChainRecord } from './record.js';
export { type Engine, openRuntime, type Runtime } from './runtime.js';
export { type Crossing, type Space, sortBySpace, type Way, wayBetween } from './spaces.js';
export {
  type FileForm,
  STREAM_BATCH,
  type Streamed,
  type StreamForm,
  type StreamOptions,
  type StreamQuestion,
} from './stream/index.js';
export { normals, type Style, type StyleOptions, uniforms } from './style.js';

/** Serve chains over the Open Inference Protocol, version 2. */
export { type Batcher, type Batching, batcher, type Caller } from './batcher.js';
export { type Config, type ConfigInput, type Limits, type ModelConfig, readConfig } from './config.js';
export { openServer, type Server, type ServerOptions } from './server.js';

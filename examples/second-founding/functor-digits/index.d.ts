import type { FunctorPlugin } from '@deepfunctor/core';

declare const plugin: FunctorPlugin<'fuzzy-digits', Uint8Array>;
export default plugin;

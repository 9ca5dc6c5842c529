import type { FunctorPlugin } from '@deepfunctor/core';

declare const plugin: FunctorPlugin<'fuzzy-digits', string>;
export default plugin;

import type { MorphismPlugin } from '@deepfunctor/core';

declare const plugin: MorphismPlugin<
  readonly ['fuzzy-digits', 'fuzzy-digits', 'fuzzy-digits'],
  'fuzzy-digits'
>;
export default plugin;

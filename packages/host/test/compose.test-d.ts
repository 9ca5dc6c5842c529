import type { FunctorPlugin, MorphismPlugin } from '@deepfunctor/core';
import { expectTypeOf, test } from 'vitest';
import type { Chain, Host } from '../src/index.js';

declare const host: Host;
declare const keys: FunctorPlugin<'tones', string>;
declare const bars: FunctorPlugin<'tones', Uint8Array>;
declare const lamp: FunctorPlugin<'switches', string>;
declare const next: MorphismPlugin<readonly ['tones'], 'tones'>;
declare const sounds: MorphismPlugin<readonly ['tones'], 'switches'>;

test('a chain whose ends meet compiles', () => {
  expectTypeOf(host.compose(keys, next, bars)).toEqualTypeOf<Chain>();
  host.compose(keys, next, sounds, lamp);
  host.compose('(keys, keys) -> plus -> bars');
  host.compose('keys', 'next', bars);
});

test('a chain whose ends do not meet is a compile error', () => {
  // @ts-expect-error an encoder in the middle
  host.compose(keys, bars, next, keys);
  // @ts-expect-error a morphism of another category
  host.compose(lamp, next, keys);
  // @ts-expect-error a decoder of another category
  host.compose(keys, sounds, keys);
  // @ts-expect-error a missing decoder
  host.compose(keys, next);
  // @ts-expect-error a missing encoder
  host.compose(next, keys);
});

/** A thread that decodes pictures. */
import type { Codec } from '@deepfunctor/core';
import { type DecodedItem, type DecodeItem, decodeItem } from './decode.js';

export interface DecodeJob {
  codec: Codec;
  items: readonly DecodeItem[];
}

export default function decode({ codec, items }: DecodeJob): DecodedItem[] {
  return items.map((item) => decodeItem(codec, item));
}

/** Codecs at work: a person's form → one row of a functor's input tensor, and a row of its output → the form. */
import { type Codec, fail } from '@deepfunctor/core';
import { bitsRow, readBits } from './bits.js';
import { type ImageForm, imageRow, isImageForm } from './image/codec.js';
import { toPng } from './image/index.js';
import { readSymbols, symbolsRow } from './symbols.js';

/** What a person gives: a text, the bytes of a PNG, or a picture in memory. */
export type Form = string | ImageForm;

/** Who reads an input, for messages. */
export interface Reader {
  /** The functor's name. */
  functor: string;
  /** The file or argument that the form came from. */
  where: string;
}

/** What a row of a functor's output says. */
export interface Decoded {
  /** Text formats: the value of the codec that the row makes likeliest. Image: the PNG. */
  value: string | Uint8Array;
  /** Image: the row as a PNG of the codec's size, light ink on black. */
  png?: Uint8Array;
  /** Text formats: the row read symbol by symbol. It differs from `value` where the row spells no value of the codec. */
  raw?: string;
}

/** The shape of a row of the codec's tensor, without the first axis. */
export function rowShape(codec: Codec): number[] {
  if (codec.kind === 'image') return [codec.channels, codec.height, codec.width];
  return codec.kind === 'bits' ? [codec.width] : [codec.length, codec.alphabet.length];
}

/**
 * One row of the codec's tensor, of `rowShape`. Errors: INPUT_KIND, those of the codec (IMAGE_UNREADABLE, IMAGE_SIZE,
 * IMAGE_EMPTY, BITS_INVALID, SYMBOLS_INVALID) and VALUE_OUTSIDE_DOMAIN.
 */
export function encodeInput(codec: Codec, form: Form, reader: Reader): Float32Array {
  if (codec.kind === 'image')
    return isImageForm(form) ? imageRow(codec, form, reader.where) : wrongKind('a PNG image', form, reader);
  if (typeof form !== 'string') return wrongKind('a text', form, reader);
  return codec.kind === 'bits' ? bitsRow(codec, form, reader) : symbolsRow(codec, form, reader);
}

/** What one row of the codec's output tensor says. */
export function decodeOutput(codec: Codec, row: Float32Array): Decoded {
  if (codec.kind === 'bits') return readBits(codec, row);
  if (codec.kind === 'symbols') return readSymbols(codec, row);
  const png = toPng(row, codec.width, codec.height);
  return { value: png, png };
}

function wrongKind(expected: string, form: unknown, { functor, where }: Reader): never {
  const given = typeof form === 'string' ? 'a text' : isImageForm(form) ? 'an image' : typeof form;
  return fail('INPUT_KIND', { where, functor, expected, given });
}

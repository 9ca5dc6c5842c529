/** Pictures → `[1, height, width]`, as the image codec declares it. */
import { fail, type ImageCodec } from '@deepfunctor/core';
import { fitGlyph } from './glyph.js';
import { grayOf, type Rgba } from './gray.js';
import { fitPicture } from './picture.js';
import { checkSize, toGray } from './png.js';

/** The bytes of a PNG file, or a picture in memory (a canvas's `ImageData`). */
export type ImageForm = Uint8Array | Rgba;

/** Whether something is a picture in one of its forms. */
export function isImageForm(form: unknown): form is ImageForm {
  if (form instanceof Uint8Array) return true;
  if (typeof form !== 'object' || form === null) return false;
  const { width, height, data } = form as Partial<Rgba>;
  return (
    Number.isInteger(width) &&
    Number.isInteger(height) &&
    (data instanceof Uint8Array || data instanceof Uint8ClampedArray) &&
    data.length === 4 * width! * height!
  );
}

/** One row, 0 … 1, ink is 1. Errors: IMAGE_UNREADABLE, IMAGE_SIZE, IMAGE_EMPTY. */
export function imageRow(codec: ImageCodec, form: ImageForm, where: string): Float32Array {
  const { width, height, fit, empty } = codec;
  if (!(form instanceof Uint8Array)) checkSize(form.width, form.height, where);
  const picture = form instanceof Uint8Array ? toGray(form, where) : grayOf(form);
  const row = (fit === 'glyph' ? fitGlyph : fitPicture)(picture, { width, height });
  if (empty === 'refuse' && row.every((value) => value === 0)) fail('IMAGE_EMPTY', { where });
  return row;
}

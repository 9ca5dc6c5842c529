/** From a person's form, or the file it lies in, to one row of a functor's input tensor. */
import { readFileSync, statSync } from 'node:fs';
import { type Codec, DeepFunctorError, type ErrorCode, fail, reasonOf } from '@deepfunctor/core';
import { encodeInput, type Form } from '../codecs/index.js';

/** A picture that is read when its turn comes. */
export interface FileForm {
  /** The path of a PNG. */
  file: string;
}

/** One input of a question: as `run` takes it, or its file. */
export type StreamForm = Form | FileForm;

/** A form to be decoded, and who reads it. */
export interface DecodeItem {
  form: StreamForm;
  functor: string;
  where: string;
}

/** A coded error as it goes from thread to thread. */
export type PlainError = ReturnType<DeepFunctorError['toJSON']>;

/** A row of the codec's tensor, or why there is none. */
export type DecodedItem = { row: Float32Array } | { error: PlainError };

/** Decode one form. Coded errors are returned, others thrown. */
export function decodeItem(codec: Codec, { form, functor, where }: DecodeItem): DecodedItem {
  try {
    const given = isFile(form) && codec.kind === 'image' ? readRegular(form.file) : (form as Form);
    return { row: encodeInput(codec, given, { functor, where }) };
  } catch (error) {
    if (error instanceof DeepFunctorError) return { error: error.toJSON() };
    throw error;
  }
}

/** The error that was sent as plain data. */
export function revived({ code, what, where, todo }: PlainError): DeepFunctorError {
  return new DeepFunctorError(code satisfies ErrorCode, what, where, todo);
}

export function isFile(form: StreamForm): form is FileForm {
  return typeof form === 'object' && form !== null && 'file' in form && typeof form.file === 'string';
}

/** A pipe or a device has no end that could be waited for. */
function readRegular(file: string): Uint8Array {
  try {
    if (!statSync(file).isFile()) throw new Error('it is not a regular file');
    return readFileSync(file);
  } catch (cause) {
    return fail('INPUT_MISSING', { where: file, reason: reasonOf(cause), cause });
  }
}

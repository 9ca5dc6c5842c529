/** The words of the Open Inference Protocol, version 2, with its extension for binary tensors. */
import { type DeepFunctorError, fail, reasonOf } from '@deepfunctor/core';
import type { OnnxFile } from '@deepfunctor/host';

export type Port = OnnxFile['inputs'][number];

/** The only type that the models take and give. */
export const DATATYPE = 'FP32';

/** Where the JSON of a body ends and its binary tensors begin, in bytes. */
export const HEADER_LENGTH = 'inference-header-content-length';

/** The JSON part of a request for inference, as the server's schema lets it through. */
export interface InferHeader {
  id?: string;
  parameters?: { binary_data_output?: boolean };
  inputs: {
    name: string;
    shape: number[];
    datatype: string;
    parameters?: { binary_data_size?: number };
    data?: unknown[];
  }[];
  outputs?: { name: string; parameters?: { binary_data?: boolean; classification?: unknown } }[];
}

const parameters = (properties: object) => ({ type: 'object', properties });

/** The same as a JSON schema. Other fields are left alone, as the protocol has it. */
export const INFER_SCHEMA = {
  type: 'object',
  required: ['inputs'],
  properties: {
    id: { type: 'string', maxLength: 1000 },
    parameters: parameters({ binary_data_output: { type: 'boolean' } }),
    inputs: {
      type: 'array',
      minItems: 1,
      maxItems: 1000,
      items: {
        type: 'object',
        required: ['name', 'shape', 'datatype'],
        properties: {
          name: { type: 'string' },
          shape: {
            type: 'array',
            maxItems: 16,
            items: { type: 'integer', minimum: 0, maximum: 2 ** 31 - 1 },
          },
          datatype: { type: 'string' },
          parameters: parameters({ binary_data_size: { type: 'integer', minimum: 0 } }),
          data: { type: 'array' },
        },
      },
    },
    outputs: {
      type: 'array',
      maxItems: 1000,
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string' },
          parameters: parameters({ binary_data: { type: 'boolean' } }),
        },
      },
    },
  },
} as const;

/** A body, cut in two. */
export interface Body {
  json: unknown;
  binary: Buffer;
}

/** Cut a body at the length that its header tells; without one, all of it is JSON. Errors: REQUEST_INVALID. */
export function cutBody(body: Buffer, told: string | string[] | undefined): Body {
  const length = told === undefined ? body.length : Number(told);
  if (told !== undefined && !(/^\d{1,15}$/.test(String(told)) && length <= body.length))
    invalid('Inference-Header-Content-Length', `it is “${told}”, and the body has ${body.length} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8', 0, length));
  } catch (cause) {
    invalid('the body', `its JSON part cannot be read: ${reasonOf(cause)}`);
  }
  return { json, binary: body.subarray(length) };
}

/** Throw REQUEST_INVALID. */
export function invalid(where: string, reason: string): never {
  return fail('REQUEST_INVALID', { where, reason });
}

/** An error in the protocol's form. */
export function errorBody(error: DeepFunctorError): { error: string } {
  return { error: error.message };
}

/** A shape as the protocol tells it: −1 is the axis of the rows. */
export function tensorMetadata({ name, shape }: Port) {
  return { name, datatype: DATATYPE, shape: shape.map((side) => side ?? -1) };
}

/** ONNX files as bytes and as messages. Source: onnx.proto3, through onnx-buf. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { fail, reasonOf } from '@deepfunctor/core';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
} from 'onnx-buf';

/** A parsed ONNX file. */
export type Model = ModelProto;

/** Who made a model, and texts that it carries. */
export interface BuildOptions {
  producer: string;
  metadata?: Readonly<Record<string, string>>;
}

/** The name of the standard domain, which files also write as an empty text. */
export const STANDARD_DOMAIN = 'ai.onnx';

/** Parse an ONNX file. Says nothing of whether the contract allows it, see `checkModel`. Errors: WEIGHTS_BROKEN. */
export function readModel(bytes: Uint8Array, where = 'the bytes of a model'): Model {
  const refuse = (reason: string, cause?: unknown): never => fail('WEIGHTS_BROKEN', { where, reason, cause });
  let model: Model;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    return refuse(`it cannot be parsed (${reasonOf(cause)})`, cause);
  }
  if (model.graph === undefined) refuse('it has no graph');
  if (model.graph?.node.length === 0) refuse('its graph has no node');
  return model;
}

/** The bytes of a model. Equal models give equal bytes. */
export function writeModel(model: Model): Uint8Array {
  return toBinary(ModelProtoSchema, model);
}

/** The model of a graph of standard operators; `opset` is 17 to 21. */
export function modelOf(graph: GraphProto, opset: number, { producer, metadata = {} }: BuildOptions): Model {
  const keys = Object.keys(metadata).sort();
  return create(ModelProtoSchema, {
    irVersion: layoutOf(opset),
    opsetImport: [create(OperatorSetIdProtoSchema, { version: BigInt(opset) })],
    producerName: producer,
    metadataProps: keys.map((key) => create(StringStringEntryProtoSchema, { key, value: metadata[key]! })),
    graph,
  });
}

/** The operator set of the standard domain that a model is written in; 0 where it says none. */
export function opsetOf({ opsetImport }: Model): number {
  return Number(opsetImport.find(({ domain }) => domain === '' || domain === STANDARD_DOMAIN)?.version ?? 0);
}

/** The file layout (IR version) that was released with an operator set. */
function layoutOf(opset: number): bigint {
  return opset >= 21 ? 10n : opset >= 19 ? 9n : 8n;
}

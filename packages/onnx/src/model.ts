/** ONNX files as bytes and as messages. Source: onnx.proto3, through onnx-buf. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { fail, reasonOf } from '@deepfunctor/core';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';

/** A parsed ONNX file. */
export type Model = ModelProto;

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

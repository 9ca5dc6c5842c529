/** Attributes of a node. Their types are said, never guessed: 1 may be an integer or a float. */
import { create } from '@bufbuild/protobuf';
import { type AttributeProto, AttributeProtoSchema, AttributeProto_AttributeType as Type } from 'onnx-buf';
import { type TensorData, tensorProto } from './tensor.js';

/** An attribute that waits for its name. */
export type Attribute = (name: string) => AttributeProto;

const utf8 = new TextEncoder();

export const attribute = {
  int:
    (value: number): Attribute =>
    (name) =>
      create(AttributeProtoSchema, { name, type: Type.INT, i: BigInt(value) }),
  ints:
    (values: readonly number[]): Attribute =>
    (name) =>
      create(AttributeProtoSchema, { name, type: Type.INTS, ints: values.map(BigInt) }),
  float:
    (value: number): Attribute =>
    (name) =>
      create(AttributeProtoSchema, { name, type: Type.FLOAT, f: value }),
  floats:
    (values: readonly number[]): Attribute =>
    (name) =>
      create(AttributeProtoSchema, { name, type: Type.FLOATS, floats: [...values] }),
  string:
    (value: string): Attribute =>
    (name) =>
      create(AttributeProtoSchema, { name, type: Type.STRING, s: utf8.encode(value) }),
  tensor:
    (data: TensorData, dims: readonly number[]): Attribute =>
    (name) =>
      create(AttributeProtoSchema, { name, type: Type.TENSOR, t: tensorProto('', data, dims) }),
};

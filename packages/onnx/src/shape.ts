/** The ports of a model: names, types and shapes of its inputs and outputs. */
import { create } from '@bufbuild/protobuf';
import {
  TensorProto_DataType,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';

/** Sides of a tensor; `null` is a dynamic axis. */
export type Shape = readonly (number | null)[];

/** One input or output, as the contract expects it: float32 of this shape. */
export interface ModelPort {
  name: string;
  shape: Shape;
}

/** One input or output as a model declares it. */
export interface DeclaredPort {
  name: string;
  /** The ONNX name of the element type in lower case (`float`, `int64`), or the kind of a value that is no tensor. */
  type: string;
  /** A dynamic axis is `null`; undefined where no shape is declared. */
  shape: Shape | undefined;
}

/** The ONNX name of float32. */
export const FLOAT = 'float';

/** Declare a float32 port. Every dynamic axis gets the name `n`. */
export function valueInfo({ name, shape }: ModelPort): ValueInfoProto {
  const dim = shape.map((side) =>
    create(TensorShapeProto_DimensionSchema, {
      value: side === null ? { case: 'dimParam', value: 'n' } : { case: 'dimValue', value: BigInt(side) },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: TensorProto_DataType.FLOAT,
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  });
}

/** What a model declares of a port. */
export function declaredPort({ name, type }: ValueInfoProto): DeclaredPort {
  const value = type?.value;
  if (value?.case !== 'tensorType') return { name, type: value?.case ?? 'untyped', shape: undefined };
  const { elemType, shape } = value.value;
  return {
    name,
    type: TensorProto_DataType[elemType]?.toLowerCase() ?? `type ${elemType}`,
    shape: shape?.dim.map(({ value: side }) => (side.case === 'dimValue' ? Number(side.value) : null)),
  };
}

/** A port in words, for messages: `latent float [n, 32]`. */
export function portText({ name, type, shape }: DeclaredPort): string {
  const sides = shape === undefined ? 'without a shape' : `[${shape.map((side) => side ?? 'n').join(', ')}]`;
  return `${name} ${type} ${sides}`;
}

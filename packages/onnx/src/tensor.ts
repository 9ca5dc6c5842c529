/** Constant tensors inside a model. */
import { create } from '@bufbuild/protobuf';
import { type TensorProto, TensorProto_DataType, TensorProtoSchema } from 'onnx-buf';

/** Values of a constant: float32, or int64 (shapes, axes, indices). */
export type TensorData = Float32Array | BigInt64Array;

/** The tensor of some values, row-major. Throws where `dims` do not multiply to their number. */
export function tensorProto(name: string, data: TensorData, dims: readonly number[]): TensorProto {
  const count = dims.reduce((product, side) => product * side, 1);
  if (count !== data.length)
    throw new Error(`“${name}” has ${data.length} values, but its shape is [${dims}]`);
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: data instanceof Float32Array ? TensorProto_DataType.FLOAT : TensorProto_DataType.INT64,
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice(),
  });
}

/** What it takes to copy one graph into another. */
import { create } from '@bufbuild/protobuf';
import { type GraphProto, type TensorProto, TensorProtoSchema } from 'onnx-buf';

/** The inputs that a graph must be given. Old files list their constants as inputs too: those are left out. */
export function graphInputs({ input, initializer }: GraphProto): string[] {
  const constants = new Set(initializer.map(({ name }) => name));
  return input.map(({ name }) => name).filter((name) => !constants.has(name));
}

/** A tensor under another name, without remarks; its values are shared. */
export function renamedTensor(tensor: TensorProto, name: string): TensorProto {
  return create(TensorProtoSchema, { ...tensor, name, docString: '' });
}

/** From values that are followed as objects to one graph with names: what is used, once each, in a fixed order. */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type SparseTensorProto,
  SparseTensorProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from 'onnx-buf';
import { renamedTensor } from './copy.js';
import { type ModelPort, valueInfo } from './shape.js';
import type { Copy, Node, Value } from './values.js';

/** A port of the graph, and what it gives. */
export interface OutputPort extends ModelPort {
  value: Value;
}

/**
 * The graph that computes the outputs. It depends on what is computed alone, not on the order in which its parts were
 * put together: nodes stand where they are first needed, counted from the first output; equal constants are stored
 * once; nodes of the same operator, attributes and inputs are computed once; what no output needs is left out. A value
 * is called after the first copy that computes it, the second copy of `add-one` being `add-one.2/`. With `named`, the
 * last node of an output bears its name; else an Identity gives it, so that the names inside stay.
 */
export function assemble(
  name: string,
  inputs: readonly ModelPort[],
  outputs: readonly OutputPort[],
  named: boolean,
): GraphProto {
  const { nodes, same } = simplified(outputs.map(({ value }) => value));
  const copyName = copyNames();
  const portOf = new Map<Value, string>();
  const aliases: NodeProto[] = [];

  const results = outputs.map(({ name: port, value }) => ({ port, value: same(value) }));
  for (const { port, value } of results)
    if (named && value.kind === 'result' && !portOf.has(value)) portOf.set(value, port);

  const initializer: TensorProto[] = [];
  const sparseInitializer: SparseTensorProto[] = [];
  const stored = new Set<Value>();
  const nameOf = (value: Value | undefined): string => {
    if (value === undefined) return '';
    if (value.kind === 'port') return value.name;
    const full = portOf.get(value) ?? `${copyName(value.copy)}/${value.name}`;
    if (value.kind === 'constant' && !stored.has(value)) {
      stored.add(value);
      store(value.tensor, full);
    }
    return full;
  };
  const store = (tensor: TensorProto | SparseTensorProto, as: string) => {
    if (tensor.$typeName === 'onnx.TensorProto') initializer.push(renamedTensor(tensor, as));
    else
      sparseInitializer.push(
        create(SparseTensorProtoSchema, { ...tensor, values: renamedTensor(tensor.values!, as) }),
      );
  };

  const node = nodes.map((each) =>
    create(NodeProtoSchema, {
      name: `${copyName(each.copy)}/${each.name}`,
      opType: each.operator,
      input: each.inputs.map((value) => nameOf(value && same(value))),
      output: each.outputs.map(nameOf),
      attribute: [...each.attributes],
    }),
  );
  for (const { port, value } of results)
    if (portOf.get(value) !== port)
      aliases.push(
        create(NodeProtoSchema, { name: port, opType: 'Identity', input: [nameOf(value)], output: [port] }),
      );
  return create(GraphProtoSchema, {
    name,
    node: [...node, ...aliases],
    initializer,
    sparseInitializer,
    input: inputs.map(valueInfo),
    output: outputs.map(valueInfo),
  });
}

/** Numbers the copies of each plugin as they come. */
function copyNames(): (copy: Copy) => string {
  const counts = new Map<string, number>();
  const names = new Map<Copy, string>();
  return (copy) => {
    let name = names.get(copy);
    if (name === undefined) {
      const count = (counts.get(copy.plugin) ?? 0) + 1;
      counts.set(copy.plugin, count);
      name = `${copy.plugin}.${count}`;
      names.set(copy, name);
    }
    return name;
  };
}

/** The nodes that some values need, none twice, inputs before what reads them; and what each value is the same as. */
function simplified(wanted: readonly Value[]): { nodes: Node[]; same: (value: Value) => Value } {
  const nodes: Node[] = [];
  const firsts = new Map<string, Node>();
  const replaced = new Map<Value, Value>();
  const numbers = new Map<Value, number>();
  const sameConstant = constants();
  const same = (value: Value) =>
    value.kind === 'constant' ? sameConstant(value) : (replaced.get(value) ?? value);
  const number = (value: Value | undefined) => {
    if (value === undefined) return '';
    const found = numbers.get(same(value)) ?? numbers.size;
    numbers.set(same(value), found);
    return found;
  };
  const keep = (node: Node) => {
    const shape = node.outputs.map((value) => (value === undefined ? 0 : 1)).join('');
    const key = `${node.operator}(${node.inputs.map(number)})${shape}${attributesKey(node)}`;
    const first = firsts.get(key);
    if (first === undefined) {
      firsts.set(key, node);
      nodes.push(node);
    } else
      for (const [index, value] of node.outputs.entries())
        if (value !== undefined) replaced.set(value, first.outputs[index]!);
  };

  // Depth first, without recursion: a graph of a thousand morphisms is thousands of nodes deep.
  const begun = new Set<Node>();
  for (const value of wanted) {
    const stack: { node: Node; next: number }[] = [];
    const visit = (input: Value | undefined) => {
      if (input?.kind !== 'result' || begun.has(input.node)) return;
      begun.add(input.node);
      stack.push({ node: input.node, next: 0 });
    };
    visit(value);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      if (top.next < top.node.inputs.length) visit(top.node.inputs[top.next++]);
      else keep(stack.pop()!.node);
    }
  }
  return { nodes, same };
}

const attributeTexts = new WeakMap<object, string>();

/** Attributes as a text; equal attributes give equal texts. Those of a repeated plugin are written once. */
function attributesKey({ attributes }: Node): string {
  const texts = attributes.map((attribute) => {
    let text = attributeTexts.get(attribute);
    if (text === undefined) {
      text = Buffer.from(
        toBinary(AttributeProtoSchema, create(AttributeProtoSchema, { ...attribute, docString: '' })),
      ).toString('latin1');
      attributeTexts.set(attribute, text);
    }
    return `${text.length}:${text}`;
  });
  return texts.join('');
}

/** Finds, for each constant, the first one of the same type, shape and bytes. */
function constants(): (value: Extract<Value, { kind: 'constant' }>) => Value {
  const known = new Map<Value, Value>();
  const byTensor = new Map<object, Value>();
  const alike = new Map<string, { value: Value; bytes: Uint8Array }[]>();
  const find = (value: Extract<Value, { kind: 'constant' }>): Value => {
    const { tensor } = value;
    const { form, bytes } = contentOf(tensor);
    const key = `${form} ${tensor.dims} ${bytes.length}`;
    const group = alike.get(key) ?? [];
    alike.set(key, group);
    const found = group.find((other) => Buffer.compare(other.bytes, bytes) === 0);
    if (found === undefined) group.push({ value, bytes });
    return found?.value ?? value;
  };
  return (value) => {
    const first = known.get(value) ?? byTensor.get(value.tensor) ?? find(value);
    known.set(value, first);
    byTensor.set(value.tensor, first);
    return first;
  };
}

/** Tensors of one form, one shape and the same bytes are the same. */
function contentOf(tensor: TensorProto | SparseTensorProto): { form: string; bytes: Uint8Array } {
  if (tensor.$typeName !== 'onnx.TensorProto') {
    const nameless = create(SparseTensorProtoSchema, {
      ...tensor,
      values: renamedTensor(tensor.values!, ''),
    });
    return { form: 'sparse', bytes: toBinary(SparseTensorProtoSchema, nameless) };
  }
  if (tensor.rawData.length > 0) return { form: `raw ${tensor.dataType}`, bytes: tensor.rawData };
  return { form: 'listed', bytes: toBinary(TensorProtoSchema, renamedTensor(tensor, '')) };
}

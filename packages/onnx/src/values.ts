/** A graph whose values are followed as objects: what several models become before they are one, without names to clash. */
import { fail } from '@deepfunctor/core';
import type { AttributeProto, NodeProto, SparseTensorProto, TensorProto } from 'onnx-buf';
import { graphInputs } from './copy.js';
import { type Model, opsetOf } from './model.js';
import { raised } from './raise.js';

/** One use of a plugin's model; values are called after it. */
export interface Copy {
  plugin: string;
}

/** What a node reads. */
export type Value =
  | { kind: 'port'; name: string }
  | { kind: 'constant'; copy: Copy; name: string; tensor: TensorProto | SparseTensorProto }
  | { kind: 'result'; copy: Copy; name: string; node: Node; index: number };

/** A node; '' in the file is undefined here. */
export interface Node {
  copy: Copy;
  name: string;
  operator: string;
  attributes: readonly AttributeProto[];
  inputs: readonly (Value | undefined)[];
  outputs: readonly (Value | undefined)[];
}

/** Gives the copy that a name of a model belongs to, and what it is called there. */
export type Owner = (name: string) => { copy: Copy; name: string };

/**
 * Follow a model from the values that it is given to those that it outputs, its nodes said in opset `opset`. Identities
 * are left out. Errors: WEIGHTS_BROKEN (a name is used before it is there, or is there twice, or an input is not
 * given), FUSION_OPSET; `where` names the file.
 */
export function followed(
  model: Model,
  given: Readonly<Record<string, Value>>,
  opset: number,
  owner: Owner,
  where: string,
): Record<string, Value> {
  const graph = model.graph!;
  const values = new Map<string, Value>();
  const broken = (reason: string): never => fail('WEIGHTS_BROKEN', { where, reason });
  const define = (name: string, value: Value) => {
    if (name === '' || values.has(name)) broken(`the name “${name}” is empty or there twice`);
    values.set(name, value);
    return value;
  };
  const read = (name: string): Value =>
    values.get(name) ?? broken(`the value “${name}” is used before it is there`);

  for (const tensor of graph.initializer)
    define(tensor.name, { kind: 'constant', ...owner(tensor.name), tensor });
  for (const tensor of graph.sparseInitializer) {
    const { name } = tensor.values ?? broken('a sparse tensor has no values');
    define(name, { kind: 'constant', ...owner(name), tensor });
  }
  for (const name of graphInputs(graph))
    define(name, given[name] ?? broken(`its input “${name}” is given nothing`));
  for (const node of graph.node) {
    const inputs = node.input.map((name) => (name === '' ? undefined : read(name)));
    if (node.opType === 'Identity' && inputs[0] !== undefined) define(node.output[0] ?? '', inputs[0]);
    else add(node, inputs);
  }
  return Object.fromEntries(graph.output.map(({ name }) => [name, read(name)]));

  function add(node: NodeProto, inputs: (Value | undefined)[]): void {
    const own = owner(node.name || node.output.find((name) => name !== '') || node.opType);
    const { attribute, constant } = upTo(node);
    if (constant !== undefined) {
      const name = unused(`${own.name}/${constant.tensor.name}`);
      while (inputs.length < constant.at) inputs.push(undefined);
      inputs[constant.at] = { kind: 'constant', copy: own.copy, name, tensor: constant.tensor };
    }
    const outputs: (Value | undefined)[] = [];
    const made: Node = { ...own, operator: node.opType, attributes: byName(attribute), inputs, outputs };
    for (const [index, name] of node.output.entries())
      outputs.push(
        name === '' ? undefined : define(name, { kind: 'result', ...owner(name), node: made, index }),
      );
  }

  function upTo(node: NodeProto) {
    const from = opsetOf(model);
    return (
      raised(node, from, opset) ??
      fail('FUSION_OPSET', { where, node: node.name || node.output[0]!, operator: node.opType, from, opset })
    );
  }

  function unused(name: string): string {
    const taken = new Set([...values.keys(), ...graph.node.flatMap(({ output }) => output)]);
    return taken.has(name) ? unused(`${name}'`) : name;
  }
}

function byName(attributes: readonly AttributeProto[]): AttributeProto[] {
  return [...attributes].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Build a model node by node. */
import { create } from '@bufbuild/protobuf';
import { GraphProtoSchema, type NodeProto, NodeProtoSchema, type TensorProto } from 'onnx-buf';
import type { Attribute } from './attributes.js';
import { graphInputs, renamedTensor } from './copy.js';
import { type BuildOptions, type Model, modelOf, opsetOf } from './model.js';
import { type ModelPort, type Shape, valueInfo } from './shape.js';
import { type TensorData, tensorProto } from './tensor.js';

/** The operator set of the models that are written here. */
export const OPSET = 17;

/**
 * A graph that grows. Values are known by their names; every method that makes a value returns its name.
 *
 * ```ts
 * const g = graph('twice');
 * const x = g.input('latent_0', [null, 32]);
 * g.output('latent', g.node('Mul', [x, g.weight('two', new Float32Array([2]), [1])]), [null, 32]);
 * const bytes = writeModel(g.build({ producer: 'example' }));
 * ```
 */
export interface GraphBuilder {
  /** A float32 input. */
  input(name: string, shape: Shape): string;
  /** A constant, row-major: Float32Array gives float32, BigInt64Array int64. */
  weight(name: string, data: TensorData, dims: readonly number[]): string;
  /** One operator of the standard domain. An input that is left out is `''`. */
  node(operator: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>): string;
  /** The same, for an operator with `count` outputs. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
  ): string[];
  /**
   * All of another model, its values named `prefix/…`, on the given values in place of its inputs; returns what its
   * outputs are called here. Throws for a model of another opset, and where an input is not given.
   */
  include(
    prefix: string,
    model: Model,
    inputs: Readonly<Record<string, string>>,
  ): Readonly<Record<string, string>>;
  /** Name a value as a float32 output. */
  output(name: string, value: string, shape: Shape): void;
  /** The model: opset 17, IR version 8. The same calls give the same model. Throws if no output was named. */
  build(options: BuildOptions): Model;
}

/** Begin a graph. Its methods throw for a name that is unknown or taken, and for dims that do not fit their data. */
export function graph(name: string): GraphBuilder {
  const values = new Set<string>();
  const inputs: ModelPort[] = [];
  const outputs: ModelPort[] = [];
  const weights: TensorProto[] = [];
  const nodes: NodeProto[] = [];

  const define = (value: string): string => {
    if (value === '' || values.has(value))
      throw new Error(`the name “${value}” is empty or taken in “${name}”`);
    values.add(value);
    return value;
  };
  const require = (value: string): void => {
    if (!values.has(value)) throw new Error(`“${value}” is no value of “${name}”`);
  };
  const append = (
    operator: string,
    from: readonly string[],
    to: string[],
    attributes: Record<string, Attribute>,
  ) => {
    for (const value of from) if (value !== '') require(value);
    const attribute = Object.entries(attributes).map(([key, make]) => make(key));
    const label = `${operator}_${nodes.length}`;
    nodes.push(
      create(NodeProtoSchema, {
        name: label,
        opType: operator,
        input: [...from],
        output: to.map(define),
        attribute,
      }),
    );
  };
  function node(operator: string, from: readonly string[], attributes?: Record<string, Attribute>): string;
  function node(
    operator: string,
    from: readonly string[],
    attributes: Record<string, Attribute>,
    count: number,
  ): string[];
  function node(
    operator: string,
    from: readonly string[],
    attributes = {},
    count?: number,
  ): string | string[] {
    const stem = `${operator.toLowerCase()}_${nodes.length}`;
    const to = count === undefined ? [stem] : Array.from({ length: count }, (_, index) => `${stem}_${index}`);
    append(operator, from, to, attributes);
    return count === undefined ? stem : to;
  }

  return {
    node,
    input(input, shape) {
      inputs.push({ name: input, shape });
      return define(input);
    },
    weight(weight, data, dims) {
      weights.push(tensorProto(weight, data, dims));
      return define(weight);
    },
    include(prefix, model, given) {
      const opset = opsetOf(model);
      if (opset !== OPSET) throw new Error(`“${prefix}” is of opset ${opset}, not ${OPSET}`);
      const { initializer, node: inner, output } = model.graph!;
      const names = new Map<string, string>([['', '']]);
      const named = (value: string) => names.get(value) ?? `${prefix}/${value}`;
      for (const port of graphInputs(model.graph!)) {
        require(given[port] ?? `${prefix}/${port}`);
        names.set(port, given[port]!);
      }
      for (const tensor of initializer) weights.push(renamedTensor(tensor, define(named(tensor.name))));
      for (const each of inner) {
        for (const value of each.input) if (value !== '') require(named(value));
        nodes.push(
          create(NodeProtoSchema, {
            ...each,
            name: `${prefix}/${each.name}`,
            input: each.input.map(named),
            output: each.output.map((value) => (value === '' ? '' : define(named(value)))),
          }),
        );
      }
      return Object.fromEntries(output.map(({ name: port }) => [port, named(port)]));
    },
    output(output, value, shape) {
      outputs.push({ name: output, shape });
      append('Identity', [value], [output], {});
    },
    build(options) {
      if (outputs.length === 0) throw new Error(`“${name}” has no output`);
      return modelOf(
        create(GraphProtoSchema, {
          name,
          node: nodes,
          initializer: weights,
          input: inputs.map(valueInfo),
          output: outputs.map(valueInfo),
        }),
        OPSET,
        options,
      );
    },
  };
}

/** What a model holds, for people and reports. */
import { type Model, STANDARD_DOMAIN } from './model.js';
import { type DeclaredPort, declaredPort } from './shape.js';

export interface ModelDescription {
  name: string;
  producer: string;
  /** Version of the operator set by domain; the standard domain is `ai.onnx`. */
  opsets: Record<string, number>;
  inputs: DeclaredPort[];
  outputs: DeclaredPort[];
  /** How often each operator occurs. */
  operators: Record<string, number>;
  /** Number of values in all weights. */
  parameters: number;
  metadata: Record<string, string>;
}

/** Describe a model; it need not follow the contract. */
export function describe(model: Model): ModelDescription {
  const { node = [], initializer = [], input = [], output = [], name = '' } = model.graph ?? {};
  const operators: Record<string, number> = {};
  for (const { opType } of node) operators[opType] = (operators[opType] ?? 0) + 1;
  return {
    name,
    producer: model.producerName,
    opsets: Object.fromEntries(
      model.opsetImport.map(({ domain, version }) => [domain || STANDARD_DOMAIN, Number(version)]),
    ),
    inputs: input.map(declaredPort),
    outputs: output.map(declaredPort),
    operators,
    parameters: initializer.reduce(
      (sum, { dims }) => sum + dims.reduce((size, side) => size * Number(side), 1),
      0,
    ),
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
  };
}

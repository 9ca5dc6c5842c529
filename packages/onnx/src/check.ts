/** Whether a model is one that the contract allows. */
import { coded, type DeepFunctorError } from '@deepfunctor/core';
import { type NodeProto, type TensorProto, TensorProto_DataLocation } from 'onnx-buf';
import { type Model, STANDARD_DOMAIN } from './model.js';
import { CONTROL_FLOW, OPSET_MAX, OPSET_MIN, RANDOM, STANDARD_OPERATORS } from './operators.js';
import { type DeclaredPort, declaredPort, FLOAT, type ModelPort, portText } from './shape.js';

/** The ports that a model must have, in any order; `null` is the dynamic axis. */
export interface ModelPorts {
  inputs: readonly ModelPort[];
  outputs: readonly ModelPort[];
}

/**
 * Everything in which a model departs from the contract, as coded errors (none: the model is allowed): WEIGHTS_OPSET,
 * WEIGHTS_OPERATOR (unknown, control flow, random, another domain), WEIGHTS_FUNCTIONS, WEIGHTS_EXTERNAL, WEIGHTS_PORTS
 * (names, float32, shapes, dynamic first axis). `where` names the file. Runs nothing.
 */
export function checkModel(model: Model, ports: ModelPorts, where = 'the model'): DeepFunctorError[] {
  return [
    ...checkOpset(model, where),
    ...checkNodes(model, where),
    ...checkFunctions(model, where),
    ...checkExternal(model, where),
    ...checkPorts(model, ports, where),
  ];
}

function checkOpset(model: Model, where: string): DeepFunctorError[] {
  const imported = model.opsetImport.map(({ domain, version }) => ({
    domain: domain || STANDARD_DOMAIN,
    version,
  }));
  const allowed =
    imported.length === 1 &&
    imported.every(
      ({ domain, version }) => domain === STANDARD_DOMAIN && version >= OPSET_MIN && version <= OPSET_MAX,
    );
  if (allowed) return [];
  const imports =
    imported.map(({ domain, version }) => `${domain} ${version}`).join(', ') || 'no operator set';
  return [coded('WEIGHTS_OPSET', { where, imports, min: OPSET_MIN, max: OPSET_MAX })];
}

function checkNodes(model: Model, where: string): DeepFunctorError[] {
  const opset = Number(model.opsetImport[0]?.version ?? 0);
  return nodesOf(model).flatMap((node) => {
    const reason = operatorProblem(node, opset);
    if (reason === undefined) return [];
    const operator = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
    return [coded('WEIGHTS_OPERATOR', { where, node: nodeName(node), operator, reason })];
  });
}

function operatorProblem({ opType, domain, input, attribute }: NodeProto, opset: number): string | undefined {
  if (domain !== '' && domain !== STANDARD_DOMAIN) return 'its domain is not the standard one';
  if (CONTROL_FLOW.has(opType)) return 'it is control flow';
  if (attribute.some(({ g, graphs }) => g !== undefined || graphs.length > 0))
    return 'it has a graph as attribute';
  if (RANDOM.has(opType)) return 'it is random';
  if (opType === 'Dropout' && (input[2] ?? '') !== '') return 'its training mode is random';
  const since = STANDARD_OPERATORS.get(opType);
  if (since === undefined) return 'it is no standard operator';
  return since > opset ? `it is not in opset ${opset}` : undefined;
}

function checkFunctions(model: Model, where: string): DeepFunctorError[] {
  const found = [
    ...(model.functions.length > 0 ? ['functions'] : []),
    ...(model.trainingInfo.length > 0 ? ['training information'] : []),
  ];
  return found.length === 0 ? [] : [coded('WEIGHTS_FUNCTIONS', { where, found: found.join(' and ') })];
}

function checkExternal(model: Model, where: string): DeepFunctorError[] {
  return tensorsOf(model)
    .filter(
      ({ externalData, dataLocation }) =>
        externalData.length > 0 || dataLocation === TensorProto_DataLocation.EXTERNAL,
    )
    .map(({ name }) => coded('WEIGHTS_EXTERNAL', { where, tensor: name }));
}

function tensorsOf(model: Model): TensorProto[] {
  const attributes = nodesOf(model).flatMap(({ attribute }) => attribute);
  const sparse = [
    ...(model.graph?.sparseInitializer ?? []),
    ...attributes.flatMap(({ sparseTensor, sparseTensors }) => [sparseTensor, ...sparseTensors]),
  ];
  return [
    ...(model.graph?.initializer ?? []),
    ...attributes.flatMap(({ t, tensors }) => [t, ...tensors]),
    ...sparse.flatMap((tensor) => [tensor?.values, tensor?.indices]),
  ].filter((tensor) => tensor !== undefined);
}

function checkPorts(model: Model, { inputs, outputs }: ModelPorts, where: string): DeepFunctorError[] {
  const expected = `${expectedText('inputs', inputs)}; ${expectedText('outputs', outputs)}`;
  const reasons = [
    ...portProblems('input', (model.graph?.input ?? []).map(declaredPort), inputs),
    ...portProblems('output', (model.graph?.output ?? []).map(declaredPort), outputs),
  ];
  return reasons.map((reason) => coded('WEIGHTS_PORTS', { where, reason, expected }));
}

function portProblems(
  side: string,
  declared: readonly DeclaredPort[],
  expected: readonly ModelPort[],
): string[] {
  const problems = declared
    .filter(
      ({ name }, index) =>
        declared.findIndex((port) => port.name === name) !== index || !isNamed(expected, name),
    )
    .map(({ name }) => `the ${side} “${name}” is not expected`);
  for (const port of expected) {
    const found = declared.find(({ name }) => name === port.name);
    if (found === undefined) problems.push(`the ${side} “${port.name}” is missing`);
    else if (!fits(found, port)) problems.push(`the ${side} is ${portText(found)}`);
  }
  return problems;
}

function isNamed(ports: readonly ModelPort[], name: string): boolean {
  return ports.some((port) => port.name === name);
}

function fits({ type, shape }: DeclaredPort, port: ModelPort): boolean {
  if (type !== FLOAT || shape === undefined) return false;
  return shape.length === port.shape.length && shape.every((side, axis) => side === port.shape[axis]);
}

function expectedText(title: string, ports: readonly ModelPort[]): string {
  return `${title} ${ports.map((port) => portText({ ...port, type: FLOAT })).join(', ')}`;
}

function nodesOf(model: Model): NodeProto[] {
  return model.graph?.node ?? [];
}

function nodeName({ name, output }: NodeProto): string {
  return name || output[0] || 'unnamed';
}

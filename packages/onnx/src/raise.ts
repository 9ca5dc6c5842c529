/**
 * A node of an older operator set, said in a newer one, 17 to 21. Most operators only took more types or optional
 * parts; those whose meaning lies elsewhere since are here. Source: the changelog of the ONNX operators.
 */
import type { AttributeProto, NodeProto, TensorProto } from 'onnx-buf';
import { attribute } from './attributes.js';
import { tensorProto } from './tensor.js';

/** What of a node is another in the newer set. */
export interface Raised {
  attribute: AttributeProto[];
  /** A constant that became an input: where it stands, and its values. */
  constant?: { at: number; tensor: TensorProto };
}

/** How an operator changed. */
interface Change {
  /** The operator set that has the new form first. */
  at: number;
  /** Undefined where no node of the new form does the same. */
  raise(node: NodeProto): Raised | undefined;
}

/** `axes` became the second input. Left out, or empty, they mean all axes in both. */
const REDUCTION: Change = {
  at: 18,
  raise({ attribute: attributes }) {
    const axes = attributes.find(({ name }) => name === 'axes')?.ints ?? [];
    const rest = attributes.filter(({ name }) => name !== 'axes');
    if (axes.length === 0) return { attribute: rest };
    return {
      attribute: rest,
      constant: { at: 1, tensor: tensorProto('axes', BigInt64Array.from(axes), [axes.length]) },
    };
  },
};

/** Without sizes, the number of equal parts was the number of outputs; now it is said. */
const SPLIT: Change = {
  at: 18,
  raise({ attribute: attributes, input, output }) {
    const sized = (input[1] ?? '') !== '';
    return { attribute: sized ? attributes : [...attributes, attribute.int(output.length)('num_outputs')] };
  },
};

const GRID_MODES = new Map([
  ['', 'linear'],
  ['bilinear', 'linear'],
  ['bicubic', 'cubic'],
]);

/** Two modes have other names; one of them is the default. */
const GRID_SAMPLE: Change = {
  at: 20,
  raise({ attribute: attributes }) {
    const given = attributes.find(({ name }) => name === 'mode')?.s ?? new Uint8Array();
    const mode = new TextDecoder().decode(given);
    const rest = attributes.filter(({ name }) => name !== 'mode');
    return { attribute: [...rest, attribute.string(GRID_MODES.get(mode) ?? mode)('mode')] };
  },
};

/** `axis` became the third input, with another default. */
const FOURIER: Change = {
  at: 20,
  raise({ attribute: attributes }) {
    const axis = attributes.find(({ name }) => name === 'axis')?.i ?? 1n;
    return {
      attribute: attributes.filter(({ name }) => name !== 'axis'),
      constant: { at: 2, tensor: tensorProto('axis', BigInt64Array.of(axis), []) },
    };
  },
};

/** Scale and bias were one number a group, now a channel; the number of channels is not in the node. */
const GROUP_NORMALIZATION: Change = { at: 21, raise: () => undefined };

const REDUCTIONS = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'];

/** The operators whose nodes cannot be copied from every operator set into every later one, with their change. */
export const CHANGES: ReadonlyMap<string, Change> = new Map([
  ...REDUCTIONS.map((name): [string, Change] => [`Reduce${name}`, REDUCTION]),
  ['Split', SPLIT],
  ['GridSample', GRID_SAMPLE],
  ['DFT', FOURIER],
  ['GroupNormalization', GROUP_NORMALIZATION],
]);

/** Say a node of opset `from` in opset `to`, not lower; undefined where that cannot be done. */
export function raised(node: NodeProto, from: number, to: number): Raised | undefined {
  const change = CHANGES.get(node.opType);
  if (change === undefined || from >= change.at || to < change.at) return { attribute: node.attribute };
  return change.raise(node);
}

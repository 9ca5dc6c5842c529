/**
 * Adjacent linear layers as one: `x·A·B` is `x·(A·B)`. A part ends with the writing of a latent and the next begins
 * with reading it, so a chain is full of such pairs. The product is computed in double precision and rounded once, so
 * the merged layer is as exact as the two; it is made where nothing else reads the value between, and where it stores
 * no more numbers than the two.
 */
import { type TensorProto, TensorProto_DataType } from 'onnx-buf';
import { tensorProto } from './tensor.js';
import type { Copy, Node, Value } from './values.js';

type Constant = Extract<Value, { kind: 'constant' }>;

/** A matrix of float32. */
interface Matrix {
  rows: number;
  columns: number;
  values: Float32Array;
}

type Same = (value: Value) => Value;

/** The products that were made, by their factors: those of a repeated plugin are made and stored once. */
type Products = Map<TensorProto, Map<TensorProto, TensorProto>>;

/**
 * Nodes in which adjacent linear layers are one, and what each value is the same as. `nodes` stand after what they read;
 * `same` gives the value that stands for another; `wanted` are read from outside.
 */
export function linearMerged(
  nodes: readonly Node[],
  same: Same,
  wanted: readonly Value[],
): { nodes: Node[]; same: Same } {
  const readers = new Map<Value, number>();
  const names = new Map<Copy, Set<string>>();
  for (const value of [...wanted, ...nodes.flatMap(({ inputs }) => inputs)])
    if (value !== undefined) readers.set(same(value), (readers.get(same(value)) ?? 0) + 1);
  for (const { inputs, outputs } of nodes)
    for (const value of [...inputs, ...outputs])
      if (value !== undefined && value.kind !== 'port')
        names.set(value.copy, (names.get(value.copy) ?? new Set()).add(value.name));
  const unused = (copy: Copy, name: string): string =>
    names.get(copy)?.has(name) ? unused(copy, `${name}'`) : name;

  const instead = new Map<Value, Value>();
  const now: Same = (value) => instead.get(same(value)) ?? same(value);
  const products: Products = new Map();
  const gone = new Set<Node>();
  const kept = nodes.map((second) => {
    const pair = pairOf(second, now, products);
    if (pair === undefined || readers.get(pair.between) !== 1) return second;
    const { first, between, product } = pair;
    const result = second.outputs[0] as Extract<Value, { kind: 'result' }>;
    const name = unused(result.copy, `${result.name}/merged`);
    const weights: Constant = { kind: 'constant', copy: result.copy, name, tensor: product };
    const outputs: Value[] = [];
    const node: Node = { ...second, inputs: [first.inputs[0], weights], outputs };
    outputs.push({ ...result, node });
    instead.set(result, outputs[0]!);
    readers.set(outputs[0]!, readers.get(result) ?? 0);
    readers.delete(between);
    gone.add(first);
    return node;
  });
  return { nodes: kept.filter((node) => !gone.has(node)), same: now };
}

/** A product of matrices whose left side is another, and the matrix that does both. */
function pairOf({ operator, inputs }: Node, same: Same, products: Products) {
  const between = inputs[0] && same(inputs[0]);
  if (operator !== 'MatMul' || between?.kind !== 'result' || between.node.operator !== 'MatMul')
    return undefined;
  const first = between.node;
  const [a, b] = [constantOf(first.inputs[1], same), constantOf(inputs[1], same)];
  const product = a && b && productOf(a.tensor as TensorProto, b.tensor as TensorProto, products);
  return product && { first, between, product };
}

function constantOf(value: Value | undefined, same: Same): Constant | undefined {
  const found = value && same(value);
  return found?.kind === 'constant' ? found : undefined;
}

function productOf(a: TensorProto, b: TensorProto, products: Products): TensorProto | undefined {
  const known = products.get(a)?.get(b);
  if (known !== undefined) return known;
  const [left, right] = [matrixOf(a), matrixOf(b)];
  if (left === undefined || right === undefined || left.columns !== right.rows) return undefined;
  if (left.rows * right.columns > left.values.length + right.values.length) return undefined;
  const product = tensorProto('', multiplied(left, right), [left.rows, right.columns]);
  products.set(a, (products.get(a) ?? new Map()).set(b, product));
  return product;
}

function multiplied(a: Matrix, b: Matrix): Float32Array {
  const out = new Float32Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.columns; j++) {
      let sum = 0;
      for (let k = 0; k < a.columns; k++) sum += a.values[i * a.columns + k]! * b.values[k * b.columns + j]!;
      out[i * b.columns + j] = sum;
    }
  return out;
}

/** Undefined where a constant is no matrix of float32, or not stored as plain bytes. */
function matrixOf({ $typeName, dataType, dims, rawData }: TensorProto): Matrix | undefined {
  if ($typeName !== 'onnx.TensorProto' || dataType !== TensorProto_DataType.FLOAT || dims.length !== 2)
    return undefined;
  const [rows, columns] = dims.map(Number) as [number, number];
  if (rawData.length !== 4 * rows * columns || rawData.length === 0) return undefined;
  return { rows, columns, values: new Float32Array(new Uint8Array(rawData).buffer) };
}

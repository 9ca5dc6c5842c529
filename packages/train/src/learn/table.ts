/** Tables of values: from an expression or a CSV file to what a morphism is meant to compute. */
import { type Category, fail, type Label, reasonOf } from '@deepfunctor/core';
import { parse } from 'csv-parse/sync';
import jsep, { type Expression } from 'jsep';

type Value = number | string | boolean;
/** What the variables of an expression stand for. */
type Scope = Readonly<Record<string, Value | Label['factors']>>;

export interface TableTask {
  /** The categories of the inputs, and of the output. */
  inputs: readonly Category[];
  output: Category;
  /** What the text is called in messages. */
  where: string;
}

/**
 * The table of an expression: output label indices, row-major over the labels of the inputs. The inputs are `a`, `b`, `c` …:
 * the factor of a label where labels have one, else `a.kind`, `a.colour` and so on. The result is the factor of an output label
 * (or its name). Known are + - * / %, comparisons, && || !, `? :`, and abs, ceil, floor, max, min, mod (never negative), round,
 * sign. Nothing of the text is run by the language. Errors: TABLE_INVALID.
 */
export function tableOfExpression(text: string, task: TableTask): number[] {
  const refuse = refusal(task);
  let expression: Expression;
  try {
    expression = jsep(text);
  } catch (cause) {
    return refuse(`“${text}” is no expression (${reasonOf(cause)})`, cause);
  }
  return combinations(task.inputs).map((labels) => {
    const scope = Object.fromEntries(
      labels.map((label, i) => [variable(i), only(label) ?? label.factors] as const),
    );
    const at = labels.map((label, i) => `${variable(i)} = ${label.name}`).join(', ');
    let value: unknown;
    try {
      value = evaluate(expression, scope);
    } catch (cause) {
      return refuse(`${reasonOf(cause)}, at ${at}`, cause);
    }
    const label = labelOf(task.output, value);
    return label >= 0
      ? label
      : refuse(`it gives ${String(value)} at ${at}, which is no label of “${task.output.name}”`);
  });
}

/** The table of a CSV file: a row for each choice of inputs, label names, the result last. Errors: TABLE_INVALID. */
export function tableOfCsv(text: string, task: TableTask): number[] {
  const refuse = refusal(task);
  let rows: string[][];
  try {
    rows = parse(text, { skip_empty_lines: true, trim: true });
  } catch (cause) {
    return refuse(`it is no CSV (${reasonOf(cause)})`, cause);
  }
  const arity = task.inputs.length;
  const table = new Map<number, number>();
  for (const [line, row] of rows.entries()) {
    if (row.length !== arity + 1) refuse(`row ${line + 1} has ${row.length} columns, not ${arity + 1}`);
    const labels = row.map((cell, i) => labelOf(task.inputs[i] ?? task.output, cell));
    // A first row that names the columns.
    if (line === 0 && labels.every((label) => label < 0)) continue;
    const stranger = labels.findIndex((label) => label < 0);
    if (stranger >= 0) refuse(`“${row[stranger]}” in row ${line + 1} is no label`);
    const place = labels
      .slice(0, arity)
      .reduce((sum, label, i) => sum * task.inputs[i]!.labels.length + label, 0);
    const known = table.get(place);
    if (known !== undefined && known !== labels[arity])
      refuse(`row ${line + 1} contradicts an earlier row for the same inputs`);
    table.set(place, labels[arity]!);
  }
  return combinations(task.inputs).map(
    (labels, place) =>
      table.get(place) ?? refuse(`it leaves out ${labels.map(({ name }) => name).join(', ')}`),
  );
}

/** All choices of one label for each input, row-major. */
export function combinations(inputs: readonly Category[]): Label[][] {
  return inputs.reduce<Label[][]>(
    (all, { labels }) => all.flatMap((some) => labels.map((label) => [...some, label])),
    [[]],
  );
}

const variable = (input: number) => String.fromCharCode(97 + input);

/** The one factor of a label that has one. */
function only({ factors }: Label): Value | undefined {
  const values = Object.values(factors);
  return values.length === 1 ? values[0] : undefined;
}

function labelOf({ labels }: Category, value: unknown): number {
  // 0 and -0 are one number.
  const wanted = typeof value === 'number' ? value + 0 : value;
  const byFactor = labels.findIndex((label) => only(label) === wanted);
  return byFactor >= 0 ? byFactor : labels.findIndex(({ name }) => name === wanted);
}

function refusal({ inputs, where }: TableTask) {
  const variables = inputs.map((_, i) => variable(i)).join(', ');
  return (reason: string, cause?: unknown): never =>
    fail('TABLE_INVALID', {
      where,
      reason,
      variables,
      example: `mod(${variables.replaceAll(', ', ' + ')}, 2)`,
      cause,
    });
}

const FUNCTIONS: Record<string, (...values: number[]) => number> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  max: Math.max,
  min: Math.min,
  mod: (a, b) => (rest(a, b) + b!) % b!,
  round: Math.round,
  sign: Math.sign,
};

function divided(a: number | undefined, b: number | undefined): number {
  if (b === 0) throw new Error('it divides by zero');
  return a! / b!;
}

/** Of a division, with the sign of a. */
function rest(a: number | undefined, b: number | undefined): number {
  divided(a, b);
  return a! % b!;
}

const BINARY: Record<string, (a: number, b: number) => Value> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': divided,
  '%': rest,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function evaluate(node: Expression, scope: Scope): Value {
  // biome-ignore lint/suspicious/noExplicitAny: the parser types every field of a node as unknown.
  const { type, ...of } = node as any;
  const number = (child: Expression): number => {
    const value = evaluate(child, scope);
    if (typeof value !== 'number') throw new Error(`it computes with ${String(value)}, which is no number`);
    return value;
  };
  if (type === 'Literal') return of.value;
  if (type === 'Identifier') {
    const value = Object.hasOwn(scope, of.name) ? scope[of.name]! : undefined;
    if (value === undefined) throw new Error(`it has an unknown variable “${of.name}”`);
    if (typeof value === 'object')
      throw new Error(`“${of.name}” has several factors; name one, as ${of.name}.${Object.keys(value)[0]}`);
    return value;
  }
  if (type === 'MemberExpression' && !of.computed && of.object.type === 'Identifier') {
    const owner = Object.hasOwn(scope, of.object.name) ? scope[of.object.name]! : undefined;
    if (typeof owner === 'object' && Object.hasOwn(owner, of.property.name)) return owner[of.property.name]!;
    throw new Error(`it has an unknown variable “${of.object.name}.${of.property.name}”`);
  }
  if (type === 'ConditionalExpression')
    return evaluate(evaluate(of.test, scope) ? of.consequent : of.alternate, scope);
  if (type === 'UnaryExpression') {
    if (of.operator === '!') return !evaluate(of.argument, scope);
    if (of.operator === '-') return -number(of.argument);
    if (of.operator === '+') return number(of.argument);
  }
  if (type === 'BinaryExpression') {
    const { operator, left, right } = of;
    if (operator === '&&') return evaluate(left, scope) && evaluate(right, scope);
    if (operator === '||') return evaluate(left, scope) || evaluate(right, scope);
    if (operator === '==' || operator === '===') return evaluate(left, scope) === evaluate(right, scope);
    if (operator === '!=' || operator === '!==') return evaluate(left, scope) !== evaluate(right, scope);
    if (Object.hasOwn(BINARY, operator)) return BINARY[operator]!(number(left), number(right));
  }
  if (type === 'CallExpression' && of.callee.type === 'Identifier') {
    if (!Object.hasOwn(FUNCTIONS, of.callee.name))
      throw new Error(`it calls an unknown function “${of.callee.name}”`);
    return FUNCTIONS[of.callee.name]!(...of.arguments.map(number));
  }
  throw new Error(`it holds what a table cannot (${type})`);
}

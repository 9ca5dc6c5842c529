import type * as TF from '@tensorflow/tfjs';
import type { Parameters, Weights } from './nn.js';

export interface AdamOptions {
  beta1?: number;
  beta2?: number;
  /** Gradients are scaled down to this global norm. */
  clip?: number;
  /** Decay of the running average of the weights, which is what a recipe keeps in the end. */
  average?: number;
}

const PARTS = ['first', 'second', 'average'] as const;

/** What is remembered of a variable: where the engine has it, or as numbers, with the weights themselves beside them. */
type State = {
  /** Steps in which this variable had a gradient. */
  steps: number;
} & (
  | ({ on: 'engine' } & Record<(typeof PARTS)[number], TF.Variable>)
  | ({ on: 'memory' } & Record<(typeof PARTS)[number] | 'weights', Float32Array>)
);
type On<W extends State['on']> = Extract<State, { on: W }>;

interface Move<W extends State['on']> {
  variable: TF.Variable;
  gradient: TF.Tensor;
  state: On<W>;
}

/**
 * Up to so many weights in all are moved as numbers in memory: on an engine, each of the twenty operations a variable
 * takes costs more than their arithmetic.
 */
const FEW = 16_384;

/** The average is moved once in so many steps, by as much as that many steps would. */
const EVERY = 4;
const EPSILON = 1e-8;

/**
 * Adam (Kingma and Ba, 2015) with clipping by global norm and an average of the weights. A variable without a gradient
 * in a step (its network was not in the path) is left as it is, moments included. All state can be stored. While it
 * lives, nobody else may write to the variables it moves.
 */
export class Adam {
  private readonly states = new Map<string, State>();
  private readonly options: Required<AdamOptions>;
  /** Numbers as tensors: made anew for every variable and step, they took as long as the arithmetic. */
  private readonly constants = new Map<number, TF.Scalar>();
  private on: State['on'] | undefined;

  constructor(
    private readonly p: Parameters,
    options: AdamOptions = {},
    private readonly stored?: { tensors: Weights; steps: Record<string, number> },
  ) {
    this.options = { beta1: 0.9, beta2: 0.99, clip: 10, average: 0.998, ...options };
  }

  /**
   * One step down the gradient of `loss` for the named variables, which must exist already: run the loss once before.
   * Returns the loss.
   */
  step(names: readonly string[], loss: () => TF.Scalar, rate: number): number {
    const { tf } = this.p;
    const variables = names.map((name) => this.p.variables.get(name)!);
    const { value, grads } = tf.variableGrads(loss, variables);
    const moves = variables.flatMap((variable, i) => {
      const gradient = grads[variable.name];
      if (!gradient) return [];
      const state = this.state(names[i]!, variable);
      state.steps++;
      return [{ variable, gradient, state }];
    });
    if (this.on === 'memory') this.moveInMemory(moves as Move<'memory'>[], rate);
    else tf.tidy(() => this.moveOnEngine(moves as Move<'engine'>[], rate));
    const number = value.dataSync()[0]!;
    tf.dispose([value, grads]);
    return number;
  }

  private moveOnEngine(moves: readonly Move<'engine'>[], rate: number): void {
    const { tf } = this.p;
    const { beta1, beta2, clip } = this.options;
    const c = (value: number) => this.constant(value);
    const norm = tf.sqrt(tf.addN(moves.map(({ gradient }) => tf.sum(tf.square(gradient)))));
    const shrink = tf.div(c(clip), tf.maximum(norm, c(clip)));
    // Variables of as many steps share their rates.
    const scales = new Map<number, TF.Scalar>();
    for (const { variable, gradient, state } of moves) {
      const g = tf.mul(gradient, shrink);
      const first = tf.add(tf.mul(state.first, c(beta1)), tf.mul(g, c(1 - beta1)));
      const second = tf.add(tf.mul(state.second, c(beta2)), tf.mul(tf.square(g), c(1 - beta2)));
      state.first.assign(first as TF.Tensor);
      state.second.assign(second as TF.Tensor);
      const scale = scales.get(state.steps) ?? tf.scalar(this.rateAt(state.steps, rate));
      scales.set(state.steps, scale);
      variable.assign(
        tf.sub(variable, tf.mul(tf.div(first, tf.add(tf.sqrt(second), c(EPSILON))), scale)) as TF.Tensor,
      );
      if (state.steps % EVERY !== 0) continue;
      const decay = this.decayAt(state.steps);
      const moved = tf.add(tf.mul(state.average, decay), tf.mul(variable, 1 - decay));
      state.average.assign(moved as TF.Tensor);
    }
  }

  private moveInMemory(moves: readonly Move<'memory'>[], rate: number): void {
    const { tf } = this.p;
    const { beta1, beta2, clip } = this.options;
    const gradients = moves.map(({ gradient }) => gradient.dataSync());
    let squares = 0;
    for (const gradient of gradients) for (const g of gradient) squares += g * g;
    const shrink = clip / Math.max(Math.sqrt(squares), clip);
    for (const [i, { variable, state }] of moves.entries()) {
      const { first, second, average, weights, steps } = state;
      const scale = this.rateAt(steps, rate);
      const decay = steps % EVERY === 0 ? this.decayAt(steps) : 1;
      const gradient = gradients[i]!;
      for (let k = 0; k < weights.length; k++) {
        const g = gradient[k]! * shrink;
        first[k] = first[k]! * beta1 + g * (1 - beta1);
        second[k] = second[k]! * beta2 + g * g * (1 - beta2);
        weights[k] = weights[k]! - (first[k]! / (Math.sqrt(second[k]!) + EPSILON)) * scale;
        average[k] = average[k]! * decay + weights[k]! * (1 - decay);
      }
      // The engine keeps the array that it is given.
      const moved = tf.tensor(weights.slice(), variable.shape);
      variable.assign(moved);
      moved.dispose();
    }
  }

  /** The learning rate with the correction of young moments. */
  private rateAt(steps: number, rate: number): number {
    const { beta1, beta2 } = this.options;
    return (rate * Math.sqrt(1 - beta2 ** steps)) / (1 - beta1 ** steps);
  }

  /** Of the average over EVERY steps. A young one forgets faster, so that it does not remember the random start. */
  private decayAt(steps: number): number {
    return Math.min(this.options.average, (1 + steps) / (10 + steps)) ** EVERY;
  }

  private constant(value: number): TF.Scalar {
    const known = this.constants.get(value) ?? this.p.tf.keep(this.p.tf.scalar(value));
    this.constants.set(value, known);
    return known;
  }

  private state(name: string, variable: TF.Variable): State {
    const known = this.states.get(name);
    if (known) return known;
    const { tf, variables } = this.p;
    this.on ??= sizeOf([...variables.values()]) <= FEW ? 'memory' : 'engine';
    const steps = this.stored?.steps[name] ?? 0;
    const stored = (part: string) => this.stored?.tensors[`${part}:${name}`];
    let state: State;
    if (this.on === 'memory') {
      const make = (part: string, initial: () => Float32Array) =>
        Float32Array.from(stored(part)?.values ?? initial());
      const now = () => variable.dataSync() as Float32Array;
      const zeros = () => new Float32Array(variable.size);
      const weights = Float32Array.from(now());
      state = {
        on: 'memory',
        weights,
        first: make('first', zeros),
        second: make('second', zeros),
        average: make('average', now),
        steps,
      };
    } else {
      const make = (part: string, initial: () => TF.Tensor) => {
        const of = stored(part);
        return tf.tidy(() => tf.variable(of ? tf.tensor(of.values, of.shape) : initial(), false));
      };
      state = {
        on: 'engine',
        first: make('first', () => tf.zerosLike(variable)),
        second: make('second', () => tf.zerosLike(variable)),
        average: make('average', () => tf.clone(variable)),
        steps,
      };
    }
    this.states.set(name, state);
    return state;
  }

  /** The state of a variable that has had a gradient, in this run or in the one that was stored. */
  private known(name: string, variable: TF.Variable): State | undefined {
    return this.stored?.steps[name] === undefined ? this.states.get(name) : this.state(name, variable);
  }

  /** The averaged weights; a variable that never had a gradient is given as it is. */
  averages(): Weights {
    return Object.fromEntries(
      [...this.p.variables].map(([name, variable]) => [
        name,
        download(variable, this.known(name, variable)?.average),
      ]),
    );
  }

  /** Everything that a later run needs to go on as if it had not stopped. */
  store(): { tensors: Weights; steps: Record<string, number> } {
    const tensors: Weights = {};
    const steps: Record<string, number> = {};
    for (const [name, variable] of this.p.variables) {
      tensors[`weight:${name}`] = download(variable);
      const state = this.known(name, variable);
      if (!state) continue;
      steps[name] = state.steps;
      for (const part of PARTS) tensors[`${part}:${name}`] = download(variable, state[part]);
    }
    return { tensors, steps };
  }

  dispose(): void {
    for (const state of this.states.values())
      if (state.on === 'engine') for (const part of PARTS) state[part].dispose();
    this.states.clear();
    for (const constant of this.constants.values()) constant.dispose();
    this.constants.clear();
  }
}

/** The numbers of a variable, or of a part of its state. */
function download(variable: TF.Variable, part: TF.Tensor | Float32Array = variable): Weights[string] {
  const values = part instanceof Float32Array ? part : part.dataSync();
  return { shape: variable.shape.slice(), values: Float32Array.from(values) };
}

const sizeOf = (variables: readonly TF.Variable[]) => variables.reduce((sum, { size }) => sum + size, 0);

/** A learning rate that rises for the first part of the steps and falls along a cosine to nearly nothing. */
export function oneCycle(step: number, steps: number, peak: number, rise = 0.06): number {
  const x = step / steps;
  if (x < rise) return peak * (0.05 + (0.95 * x) / rise);
  return peak * (0.002 + 0.998 * 0.5 * (1 + Math.cos((Math.PI * (x - rise)) / (1 - rise))));
}

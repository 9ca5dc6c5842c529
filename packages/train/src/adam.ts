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

interface State {
  first: TF.Variable;
  second: TF.Variable;
  average: TF.Variable;
  /** Steps in which this variable had a gradient. */
  steps: number;
}

/** The average is moved once in so many steps, by as much as that many steps would. */
const EVERY = 4;

/**
 * Adam (Kingma and Ba, 2015) with clipping by global norm and an average of the weights. A variable without a gradient
 * in a step (its network was not in the path) is left as it is, moments included. All state can be stored.
 */
export class Adam {
  private readonly states = new Map<string, State>();
  private readonly options: Required<AdamOptions>;
  /** Numbers as tensors: made anew for every variable and step, they took as long as the arithmetic. */
  private readonly constants = new Map<number, TF.Scalar>();

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
    const { beta1, beta2, clip, average } = this.options;
    tf.tidy(() => {
      const squares = Object.values(grads).map((g) => tf.sum(tf.square(g)));
      const norm = tf.sqrt(tf.addN(squares));
      const c = (value: number) => this.constant(value);
      const shrink = tf.div(c(clip), tf.maximum(norm, c(clip)));
      // Variables of as many steps share their rates.
      const scales = new Map<number, TF.Scalar>();
      for (const [index, name] of names.entries()) {
        const variable = variables[index]!;
        const gradient = grads[variable.name];
        if (!gradient) continue;
        const state = this.state(name, variable);
        state.steps++;
        const g = tf.mul(gradient, shrink);
        const first = tf.add(tf.mul(state.first, c(beta1)), tf.mul(g, c(1 - beta1)));
        const second = tf.add(tf.mul(state.second, c(beta2)), tf.mul(tf.square(g), c(1 - beta2)));
        state.first.assign(first as TF.Tensor);
        state.second.assign(second as TF.Tensor);
        const scale =
          scales.get(state.steps) ??
          tf.scalar((rate * Math.sqrt(1 - beta2 ** state.steps)) / (1 - beta1 ** state.steps));
        scales.set(state.steps, scale);
        variable.assign(
          tf.sub(variable, tf.mul(tf.div(first, tf.add(tf.sqrt(second), c(1e-8))), scale)) as TF.Tensor,
        );
        if (state.steps % EVERY === 0) {
          // A young average forgets faster, so that it does not remember the random start.
          const decay = Math.min(average, (1 + state.steps) / (10 + state.steps)) ** EVERY;
          const moved = tf.add(tf.mul(state.average, decay), tf.mul(variable, 1 - decay));
          state.average.assign(moved as TF.Tensor);
        }
      }
    });
    const number = value.dataSync()[0]!;
    tf.dispose([value, grads]);
    return number;
  }

  private constant(value: number): TF.Scalar {
    const known = this.constants.get(value) ?? this.p.tf.keep(this.p.tf.scalar(value));
    this.constants.set(value, known);
    return known;
  }

  private state(name: string, variable: TF.Variable): State {
    const known = this.states.get(name);
    if (known) return known;
    const { tf } = this.p;
    const make = (part: string, initial: () => TF.Tensor) => {
      const stored = this.stored?.tensors[`${part}:${name}`];
      const value = stored ? tf.tensor(stored.values, stored.shape) : initial();
      return tf.variable(value, false);
    };
    const state = {
      first: make('first', () => tf.zerosLike(variable)),
      second: make('second', () => tf.zerosLike(variable)),
      average: make('average', () => tf.clone(variable)),
      steps: this.stored?.steps[name] ?? 0,
    };
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
        download(this.known(name, variable)?.average ?? variable),
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
      for (const part of ['first', 'second', 'average'] as const)
        tensors[`${part}:${name}`] = download(state[part]);
    }
    return { tensors, steps };
  }

  dispose(): void {
    for (const { first, second, average } of this.states.values())
      for (const variable of [first, second, average]) variable.dispose();
    this.states.clear();
    for (const constant of this.constants.values()) constant.dispose();
    this.constants.clear();
  }
}

function download(tensor: TF.Tensor): Weights[string] {
  return { shape: tensor.shape.slice(), values: Float32Array.from(tensor.dataSync()) };
}

/** A learning rate that rises for the first part of the steps and falls along a cosine to nearly nothing. */
export function oneCycle(step: number, steps: number, peak: number, rise = 0.06): number {
  const x = step / steps;
  if (x < rise) return peak * (0.05 + (0.95 * x) / rise);
  return peak * (0.002 + 0.998 * 0.5 * (1 + Math.cos((Math.PI * (x - rise)) / (1 - rise))));
}

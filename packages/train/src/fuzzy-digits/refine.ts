/**
 * Decoders refined against the space before it is frozen. They are taught from beliefs alone, never along a path of
 * functor, morphism and functor, so that a path that was never trained stays so.
 */
import type * as TF from '@tensorflow/tfjs';
import { Adam, oneCycle } from '../adam.js';
import type { LabelledImages } from '../data/idx.js';
import { Parameters, type Weights } from '../nn.js';
import { Random } from '../random.js';
import { byLabel } from './batch.js';
import { Discriminator } from './discriminator.js';
import { drawStyled } from './dots.js';
import type { Space } from './extract.js';
import { DOTS_REACH, see, seeStyle, show } from './networks.js';
import { BITS, bitsOf, D, FUNCTORS, K, PIXELS, SIDE, STYLE } from './settings.js';
import { NORM } from './space.js';

export interface RefineRecipe {
  seed: number;
  /** Steps of the encoders of pictures. */
  encoders: { dots: number; digits: number };
  /** Steps of each decoder. */
  digits: number;
  dots: number;
  binary: number;
  /** Rows a step. */
  size: number;
  rate: number;
  validation: number;
}

export const REFINE: RefineRecipe = {
  seed: 1,
  encoders: { dots: 5500, digits: 12_500 },
  digits: 2500,
  dots: 14_000,
  binary: 1500,
  size: 48,
  rate: 7e-4,
  validation: 55_000,
};

/** How often the decoders square a belief before they look at it, so that near-certain and certain look alike. */
export const SHARPENINGS = 2;

export type OnStep = (what: string, step: number, steps: number, loss: number) => void;

/**
 * Jointly trained decoders read latents; from here on they read the sharpened belief. On certain beliefs the new first
 * layer gives what the old one gave.
 */
export function decodersOnBeliefs(weights: Weights, { frame }: Space): Weights {
  const out: Weights = {};
  for (const [name, weight] of Object.entries(weights)) {
    const kernel = FUNCTORS.some((f) => name === `${f}/decode/dense1/kernel`);
    out[name] = kernel ? onBeliefs(weight, frame) : weight;
  }
  return out;
}

function onBeliefs({ shape, values }: Weights[string], frame: Float32Array): Weights[string] {
  const [inputs, width] = shape as [number, number];
  const rest = inputs - D;
  const out = new Float32Array((K + rest) * width);
  for (let k = 0; k < K; k++)
    for (let d = 0; d < D; d++)
      for (let j = 0; j < width; j++)
        out[k * width + j] =
          out[k * width + j]! + NORM * Math.sqrt(D) * frame[k * D + d]! * values[d * width + j]!;
  out.set(values.subarray(D * width), K * width);
  return { shape: [K + rest, width], values: out };
}

/**
 * Beliefs as decoders see them, `[n, K]`: certain, nearly certain, undecided between two or three with the label ahead,
 * and each with a little noise on its amplitudes.
 */
export function sampleSharpened(labels: readonly number[], random: Random): Float32Array {
  const out = new Float32Array(labels.length * K);
  for (const [i, label] of labels.entries()) {
    const belief = new Float32Array(K);
    const kind = random.uniform();
    if (kind < 0.35) belief[label] = 1;
    else if (kind < 0.75) {
      const rest = 0.25 * random.uniform() ** 3;
      const spread = Array.from({ length: K }, () => -Math.log(1 - random.uniform()));
      const total = spread.reduce((a, b) => a + b, 0);
      for (let k = 0; k < K; k++) belief[k] = (rest * spread[k]!) / total;
      belief[label] = belief[label]! + 1 - rest;
    } else {
      const ahead = random.uniform(0.53, 0.95);
      const [a, b] = [random.integer(K), random.integer(K)];
      const part = random.chance(0.7) ? 1 : random.uniform(0.5, 1);
      belief[a] = belief[a]! + (1 - ahead) * part;
      belief[b] = belief[b]! + (1 - ahead) * (1 - part);
      belief[label] = belief[label]! + ahead;
    }
    const noise = random.chance(0.5) ? random.uniform(0, 0.05) : 0;
    let sum = 0;
    for (let k = 0; k < K; k++) {
      const amplitude = Math.max(0, Math.sqrt(belief[k]!) + (noise > 0 ? noise * random.normal() : 0));
      belief[k] = amplitude ** (2 * 2 ** SHARPENINGS);
      sum += belief[k]!;
    }
    for (let k = 0; k < K; k++) out[i * K + k] = belief[k]! / sum;
  }
  return out;
}

const randomLabels = (n: number, random: Random) => Array.from({ length: n }, () => random.integer(K));

/** Let signals and timers in between two steps. */
async function pause(signal?: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}

async function run(
  p: Parameters,
  network: string[],
  steps: number,
  rate: number,
  loss: (step: number) => TF.Scalar,
  onStep: (step: number, loss: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { tf } = p;
  tf.tidy(() => void loss(0));
  const names = [...p.variables.keys()].filter((name) => network.some((n) => name.startsWith(`${n}/`)));
  const adam = new Adam(p, { average: 0.995 });
  for (let step = 0; step < steps; step++) {
    await pause(signal);
    const value = adam.step(names, () => loss(step), oneCycle(step, steps, rate));
    onStep(step + 1, value);
  }
  const averages = adam.averages();
  tf.tidy(() => {
    for (const name of names) {
      const { shape, values } = averages[name]!;
      p.variables.get(name)!.assign(tf.tensor(values, shape));
    }
  });
  adam.dispose();
}

function download(p: Parameters, prefix: string): Weights {
  const out: Weights = {};
  for (const [name, variable] of p.variables)
    if (name.startsWith(prefix))
      out[name] = { shape: variable.shape.slice(), values: Float32Array.from(variable.dataSync()) };
  return out;
}

/** Binary: the bits of the sharpened belief's mean; a decided belief gives decided bits. */
export async function refineBinary(
  tf: typeof TF,
  initial: Weights,
  recipe: RefineRecipe,
  onStep: OnStep,
  signal?: AbortSignal,
): Promise<Weights> {
  const p = new Parameters(tf, recipe.seed, initial);
  const n = 5 * recipe.size;
  await run(
    p,
    ['binary/decode'],
    recipe.binary,
    4e-3,
    (step) => {
      const random = new Random(recipe.seed, 21, step);
      const belief = sampleSharpened(randomLabels(n, random), random);
      const bits = new Float32Array(n * BITS);
      for (let i = 0; i < n; i++)
        for (let k = 0; k < K; k++)
          bitsOf(k).forEach((bit, j) => {
            bits[i * BITS + j] = Math.min(1, bits[i * BITS + j]! + bit * belief[i * K + k]!);
          });
      return tf.losses.sigmoidCrossEntropy(
        tf.tensor2d(bits, [n, BITS]),
        show(p, 'binary', tf.tensor2d(belief, [n, K])),
      ) as TF.Scalar;
    },
    (step, loss) => onStep('binary decoder', step, recipe.binary, loss),
    signal,
  );
  const out = download(p, 'binary/decode/');
  p.dispose();
  return out;
}

/** Dots: the picture that the renderer draws of the label in the style. */
export async function refineDots(
  tf: typeof TF,
  initial: Weights,
  recipe: RefineRecipe,
  onStep: OnStep,
  signal?: AbortSignal,
): Promise<Weights> {
  const p = new Parameters(tf, recipe.seed, initial);
  const n = 3 * recipe.size;
  await run(
    p,
    ['dots/decode'],
    recipe.dots,
    1.5e-3,
    (step) => {
      const random = new Random(recipe.seed, 22, step);
      const labels = randomLabels(n, random);
      const style = random.normals(n * STYLE.dots);
      const target = new Float32Array(n * PIXELS);
      labels.forEach((label, i) => {
        if (random.chance(0.02)) style.fill(0, i * STYLE.dots, (i + 1) * STYLE.dots);
        for (let j = i * STYLE.dots; j < (i + 1) * STYLE.dots; j++)
          style[j] = Math.min(DOTS_REACH, Math.max(-DOTS_REACH, style[j]!));
        drawStyled(label, style.subarray(i * STYLE.dots, (i + 1) * STYLE.dots), target, i * PIXELS);
      });
      const belief = tf.tensor2d(sampleSharpened(labels, random), [n, K]);
      const drawn = show(p, 'dots', belief, tf.tensor2d(style, [n, STYLE.dots]));
      return tf.mul(tf.losses.sigmoidCrossEntropy(tf.tensor2d(target, [n, PIXELS]), drawn), 8) as TF.Scalar;
    },
    (step, loss) => onStep('dots decoder', step, recipe.dots, loss),
    signal,
  );
  const out = download(p, 'dots/decode/');
  p.dispose();
  return out;
}

/**
 * Handwriting: ELBO with a style that is read knowing the label, a conditional hinge discriminator on reconstructions
 * and samples, the style read again, and the frozen handwriting encoder's reading of moved and noised answers.
 * A quarter of the samples' styles are those of other pictures, so that a hand can be kept when the label changes; the
 * rest is drawn a little wider than it will be asked for, and has to be read by the encoder above all.
 */
export async function refineDigits(
  tf: typeof TF,
  initial: Weights,
  images: LabelledImages,
  recipe: RefineRecipe,
  onStep: OnStep,
  signal?: AbortSignal,
): Promise<Weights> {
  const p = new Parameters(tf, recipe.seed, initial);
  const judge = new Discriminator(tf, recipe.seed + 7);
  const rows = byLabel(images.labels, 0, recipe.validation);
  const n = recipe.size;
  const S = STYLE.digits;
  // Pictures of a sampled hand; the other n / 2 of 2n borrow theirs.
  const free = n + (n >> 1);
  const average = { average: 0.995, clip: 5, beta1: 0.5, beta2: 0.99 };
  const generator = new Adam(p, average);
  const critic = new Adam(judge.p, average);

  const draw = (step: number) => {
    const random = new Random(recipe.seed, 23, step);
    const labels = randomLabels(n, random);
    const pixels = new Float32Array(n * PIXELS);
    labels.forEach((label, i) => {
      const row = rows[label]![random.integer(rows[label]!.length)]! * PIXELS;
      for (let j = 0; j < PIXELS; j++) pixels[i * PIXELS + j] = images.pixels[row + j]! / 255;
    });
    const others = randomLabels(2 * n, random);
    return {
      random,
      labels,
      others,
      x: tf.tensor2d(pixels, [n, PIXELS]),
      y: oneHot(tf, labels),
      y2: oneHot(tf, others),
      b: tf.tensor2d(sampleSharpened(labels, random), [n, K]),
      b2: tf.tensor2d(sampleSharpened(others, random), [2 * n, K]),
      noise: tf.tensor2d(random.normals(n * S), [n, S]),
      sampled: tf.tensor2d(styles(free, random), [free, S]),
    };
  };
  type Drawn = ReturnType<typeof draw>;
  /** Reconstructions of x, and pictures of other labels in sampled or borrowed styles. */
  const pictures = (d: Drawn) => {
    const [mean, logvar] = seeStyle(p, 'digits', d.x, d.y);
    const style = tf.add(mean, tf.mul(tf.exp(tf.div(logvar, 2)), d.noise)) as TF.Tensor2D;
    const borrowed = tf.concat([d.sampled, tf.slice2d(mean, [0, 0], [2 * n - free, S])], 0) as TF.Tensor2D;
    const logits = show(
      p,
      'digits',
      tf.concat([d.b, d.b2], 0) as TF.Tensor2D,
      tf.concat([style, borrowed], 0) as TF.Tensor2D,
    );
    return { mean, logvar, borrowed, logits, drawn: tf.sigmoid(logits) as TF.Tensor2D };
  };
  const generatorLoss = (d: Drawn): TF.Scalar => {
    const { mean, logvar, borrowed, logits, drawn } = pictures(d);
    const reconstructed = tf.slice2d(logits, [0, 0], [n, PIXELS]);
    const nats = tf.add(
      tf.mul(tf.losses.sigmoidCrossEntropy(d.x, reconstructed), PIXELS),
      tf.mul(tf.mean(tf.sum(tf.sub(tf.add(tf.exp(logvar), tf.square(mean)), tf.add(logvar, 1)), 1)), 0.5),
    );
    const labels = tf.concat([d.y, d.y2], 0) as TF.Tensor2D;
    const fooled = tf.neg(tf.mean(judge.score(drawn, labels)));
    const other = tf.slice2d(drawn, [n, 0], [2 * n, PIXELS]);
    const [again] = seeStyle(p, 'digits', other, d.y2);
    const reread = tf.losses.meanSquaredError(borrowed, again);
    const seen = see(p, 'digits', moved(tf, drawn, d.random));
    const readable = (from: number, rows: number) =>
      tf.losses.softmaxCrossEntropy(
        tf.slice2d(labels, [from, 0], [rows, K]),
        tf.slice2d(seen, [from, 0], [rows, K]),
      );
    return tf.addN(
      [
        tf.div(nats, 100),
        tf.mul(fooled, 0.5),
        tf.mul(reread, 0.3),
        tf.mul(readable(0, n), 0.3),
        tf.mul(readable(n, free), 1.2),
        tf.mul(readable(n + free, 2 * n - free), 0.3),
      ].map((loss) => tf.reshape(loss, [])),
    ) as TF.Scalar;
  };
  tf.tidy(() => void generatorLoss(draw(0)));
  const names = [...p.variables.keys()].filter((name) => /^digits\/(decode|style)\//.test(name));
  const criticNames = [...judge.p.variables.keys()];
  for (let step = 0; step < recipe.digits; step++) {
    await pause(signal);
    tf.engine().startScope();
    const d = draw(step);
    const rate = oneCycle(step, recipe.digits, recipe.rate);
    const fakes = tf.tidy(() => pictures(d).drawn);
    judge.refresh();
    const criticLoss = () => {
      const scores = judge.score(
        tf.concat([d.x, fakes], 0) as TF.Tensor2D,
        tf.concat([d.y, d.y, d.y2], 0) as TF.Tensor2D,
      );
      const real = tf.mean(tf.relu(tf.sub(1, tf.slice2d(scores, [0, 0], [n, 1]))));
      const fake = tf.mean(tf.relu(tf.add(1, tf.slice2d(scores, [n, 0], [3 * n, 1]))));
      return tf.add(real, fake) as TF.Scalar;
    };
    critic.step(criticNames, criticLoss, rate);
    const loss = generator.step(names, () => generatorLoss(d), rate);
    tf.engine().endScope();
    if (!Number.isFinite(loss)) throw new Error(`the handwriting decoder diverged at step ${step}`);
    onStep('digits decoder', step + 1, recipe.digits, loss);
  }
  const averages = generator.averages();
  const out = Object.fromEntries(names.map((name) => [name, averages[name]!]));
  generator.dispose();
  critic.dispose();
  judge.dispose();
  p.dispose();
  return out;
}

function oneHot(tf: typeof TF, labels: readonly number[]): TF.Tensor2D {
  return tf.oneHot(tf.tensor1d([...labels], 'int32'), K, 1, 0, 'float32') as TF.Tensor2D;
}

/** Normal styles, a little wider than standard; a few of them nearer to or at the canonical one. */
function styles(n: number, random: Random): Float32Array {
  const values = random.normals(n * STYLE.digits);
  for (let i = 0; i < n; i++) {
    const scale = random.chance(0.88) ? 1.1 : random.chance(0.5) ? 0 : random.uniform();
    for (let j = 0; j < STYLE.digits; j++)
      values[i * STYLE.digits + j] = values[i * STYLE.digits + j]! * scale;
  }
  return values;
}

/** Pictures shifted by up to two pixels, all alike, with a little noise: a reading that holds only in place is worth little. */
function moved(tf: typeof TF, pixels: TF.Tensor2D, random: Random): TF.Tensor2D {
  const [dx, dy] = [random.integer(5), random.integer(5)];
  const n = pixels.shape[0];
  const wide = tf.pad4d(tf.reshape(pixels, [n, SIDE, SIDE, 1]) as TF.Tensor4D, [
    [0, 0],
    [2, 2],
    [2, 2],
    [0, 0],
  ]);
  const cut = tf.reshape(tf.slice4d(wide, [0, dy, dx, 0], [n, SIDE, SIDE, 1]), [n, PIXELS]);
  return tf.add(cut, tf.mul(tf.tensor2d(random.normals(n * PIXELS), [n, PIXELS]), 0.05)) as TF.Tensor2D;
}

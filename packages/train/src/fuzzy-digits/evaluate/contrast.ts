/**
 * The contrast: networks that map dots to one dot more in one piece, cut in the middle and swapped, beside the same swap with
 * plugins, and with plugins of two foundings. It shows what the joint space is for.
 */
import { join } from 'node:path';
import { writeWhole } from '@deepfunctor/core';
import { type Host, normals } from '@deepfunctor/host';
import type * as TF from '@tensorflow/tfjs';
import { Adam, oneCycle } from '../../adam.js';
import { conv, dense, Parameters, type Weights } from '../../nn.js';
import { Random } from '../../random.js';
import { drawStyled, drawVaried } from '../dots.js';
import { variedDots } from '../extract.js';
import { D, K, PIXELS, SIDE, STYLE, TABLES } from '../settings.js';
import { countDots, share } from './figures.js';
import { table } from './report.js';

export interface Contrast {
  steps: number;
  rows: { what: string; accuracy: number }[];
}

const SEED = 22_000;
const BATCH = 128;
const TEST = 2000;
const NEXT = TABLES['add-one'];

/** The front half: a picture of dots → what the network has in its middle, as wide as a latent. */
function front(p: Parameters, x: TF.Tensor2D): TF.Tensor2D {
  const { tf } = p;
  let h = tf.reshape(x, [-1, SIDE, SIDE, 1]) as TF.Tensor4D;
  h = conv(p, 'front/conv1', h, 24, 3, 2);
  h = conv(p, 'front/conv2', h, 32, 3);
  h = conv(p, 'front/conv3', h, 64, 3, 2);
  h = tf.maxPool(h, 2, 2, 'same');
  const flat = tf.reshape(h, [x.shape[0], -1]) as TF.Tensor2D;
  return dense(p, 'front/dense2', dense(p, 'front/dense1', flat, 128, 'relu'), D, 'linear', 1);
}

/** The back half: the middle → logits of a picture with one dot more. */
function back(p: Parameters, z: TF.Tensor2D): TF.Tensor2D {
  const h = dense(p, 'back/dense2', dense(p, 'back/dense1', z, 256, 'relu'), 384, 'relu');
  return dense(p, 'back/dense3', h, PIXELS, 'linear', 1);
}

function teach(tf: typeof TF, seed: number, steps: number, onStep: (step: number) => void): Weights {
  const p = new Parameters(tf, seed);
  const adam = new Adam(p, {});
  const canonical = new Float32Array(K * PIXELS);
  for (let count = 0; count < K; count++)
    drawStyled(count, new Float32Array(STYLE.dots), canonical, count * PIXELS);
  tf.tidy(() => void back(p, front(p, tf.zeros([1, PIXELS]))));
  const names = [...p.variables.keys()];
  for (let step = 0; step < steps; step++) {
    const loss = () => {
      const random = new Random(seed, 91, step);
      const x = new Float32Array(BATCH * PIXELS);
      const y = new Float32Array(BATCH * PIXELS);
      for (let i = 0; i < BATCH; i++) {
        const count = random.integer(K);
        drawVaried(count, x, i * PIXELS, random);
        const to = NEXT[count]! * PIXELS;
        y.set(canonical.subarray(to, to + PIXELS), i * PIXELS);
      }
      const logits = back(p, front(p, tf.tensor2d(x, [BATCH, PIXELS])));
      return tf.mul(tf.losses.sigmoidCrossEntropy(tf.tensor2d(y, [BATCH, PIXELS]), logits), 10) as TF.Scalar;
    };
    adam.step(names, loss, oneCycle(step, steps, 2e-3));
    onStep(step + 1);
  }
  const weights = adam.averages();
  adam.dispose();
  p.dispose();
  return weights;
}

/** Measure; `other` is a host with the plugins of another founding. Writes contrast.json and contrast.md. */
export async function contrast(
  tf: typeof TF,
  one: Host,
  other: Host,
  out: string,
  steps: number,
  onProgress: (done: number, total: number) => void,
): Promise<Contrast> {
  const { x, labels } = variedDots(TEST, SEED);
  const right = (shown: Float32Array) => share(TEST, (i) => countDots(shown, i) === NEXT[labels[i]!]);
  const nets = [0, 1].map((which) =>
    teach(tf, SEED + which, steps, (step) => onProgress(which * steps + step, 2 * steps)),
  );
  const coupled = (fronts: Weights, backs: Weights) => {
    const p = new Parameters(tf, 0, {
      ...fronts,
      ...Object.fromEntries(Object.entries(backs).filter(([name]) => name.startsWith('back/'))),
    });
    const shown = tf.tidy(
      () => tf.sigmoid(back(p, front(p, tf.tensor2d(x, [TEST, PIXELS])))).dataSync() as Float32Array,
    );
    p.dispose();
    return right(shown);
  };
  const plugins = async (reader: Host, computer: Host, painter: Host) => {
    const { latent } = await reader.encode('dots', x);
    const moved = await computer.apply('add-one', latent);
    return right(await painter.decode('dots', moved, normals(TEST * STYLE.dots, SEED)));
  };
  const [a, b] = nets as [Weights, Weights];
  const result: Contrast = {
    steps,
    rows: [
      { what: 'coupled network A, dots → one dot more', accuracy: coupled(a, a) },
      { what: 'coupled network B, the same from another seed', accuracy: coupled(b, b) },
      { what: 'A’s front half with B’s back half', accuracy: coupled(a, b) },
      { what: 'B’s front half with A’s back half', accuracy: coupled(b, a) },
      { what: 'plugins of this founding: dots → add-one → dots', accuracy: await plugins(one, one, one) },
      {
        what: 'plugins of another founding: dots → add-one → dots',
        accuracy: await plugins(other, other, other),
      },
      { what: 'encode of this founding, the rest of the other', accuracy: await plugins(one, other, other) },
      {
        what: 'encode and add-one of this founding, decode of the other',
        accuracy: await plugins(one, one, other),
      },
      { what: 'encode of the other founding, the rest of this', accuracy: await plugins(other, one, one) },
    ],
  };
  writeWhole(join(out, 'contrast.json'), `${JSON.stringify(result, null, 2)}\n`);
  writeWhole(
    join(out, 'contrast.md'),
    `# The contrast

Made by \`node packages/train/dist/bin/contrast.js\`; do not edit. ${TEST} pictures of dots by the training’s renderer; right is an answer in which one dot more is counted (none after nine). The coupled networks are taught end to end, ${steps} steps of ${BATCH} pictures, and cut at a layer as wide as a latent (${D}).

${table(
  ['what', 'right'],
  result.rows.map(({ what, accuracy }) => [what, `${(100 * accuracy).toFixed(2)} %`]),
)}

Halves of coupled networks do not fit each other, though both compute the same. Plugins of one founding do, every one with every other, because they meet in one space; plugins of two foundings do not: a new founding is a new space, which the host refuses to mix.
`,
  );
  return result;
}

/** The files that ship say what the networks said in training: the same weights, tfjs here, onnxruntime there. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkModel, type ModelPort, readModel } from '@deepfunctor/onnx';
import type { Tensor2D } from '@tensorflow/tfjs';
import { InferenceSession, Tensor as Values } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { leftOut, python } from '../../../scripts/judges.js';
import type { Space } from '../src/fuzzy-digits/extract.js';
import {
  decodeModel,
  encodeModel,
  morphismModel,
  probeModel,
  supportModel,
} from '../src/fuzzy-digits/models.js';
import { amplitudes, DOTS_REACH, DRAWN_REACH, see, seeStyle, show } from '../src/fuzzy-digits/networks.js';
import { decodersOnBeliefs, SHARPENINGS } from '../src/fuzzy-digits/refine.js';
import {
  BITS,
  D,
  FUNCTORS,
  type FunctorName,
  K,
  MORPHISMS,
  PIXELS,
  SIDE,
  STYLE,
  TABLES,
} from '../src/fuzzy-digits/settings.js';
import { carry, NORM, readBelief, writeBelief } from '../src/fuzzy-digits/space.js';
import { Parameters, type Weights } from '../src/nn.js';
import { Random } from '../src/random.js';
import { engines } from './engines.js';
import { drawnFrame } from './frames.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const { tf } = await engines();

const N = 5;
const TOLERANCE = 1e-4;
const random = new Random(7);
const space: Space = {
  frame: drawnFrame(2),
  temperatures: { dots: 0.7, digits: 1.6, binary: 1 },
  tables: TABLES,
  readings: { dots: TABLES.identity, digits: TABLES.identity, binary: TABLES.identity },
  measured: {},
};
const width = (f: FunctorName) => (f === 'binary' ? BITS : PIXELS);
const shape = (f: FunctorName) => (f === 'binary' ? [BITS] : [1, SIDE, SIDE]);

/** Weights of all networks, biases too, as they are before refinement (`joint`) and after. */
const joint = drawnWeights();
const weights = decodersOnBeliefs(joint, space);
const p = new Parameters(tf, 0, weights);
afterAll(() => p.dispose());

/** Beliefs of every kind: certain, blends, nearly certain with specks below what a morphism keeps. */
const beliefs = Float32Array.from([
  ...rowOf({ 3: 1 }),
  ...rowOf({ 0: 0.5, 9: 0.5 }),
  ...rowOf({ 7: 0.9995, 2: 3e-4, 4: 2e-4 }),
  ...rowOf({ 1: 0.4, 5: 0.35, 6: 0.2, 8: 0.05 }),
  ...rowOf({ 0: 0.1, 1: 0.1, 2: 0.1, 3: 0.1, 4: 0.1, 5: 0.1, 6: 0.1, 7: 0.1, 8: 0.1, 9: 0.1 }),
]);
const written = writeBelief(beliefs, space.frame);
/** The same a little off the space, as encoders of other people may give them. */
const latents = written.map((v) => v + 0.1 * random.normal());

const FILES: Record<string, { bytes: Uint8Array; inputs: ModelPort[]; outputs: ModelPort[] }> = {
  probe: file(probeModel(space), { latent: [D] }, { distribution: [K] }),
  support: file(supportModel(space), { latent: [D] }, { distance: [] }),
};
for (const f of FUNCTORS) {
  const style: Record<string, number[]> = STYLE[f] > 0 ? { style: [STYLE[f]] } : {};
  const format = shape(f);
  FILES[`${f}/encode`] = file(encodeModel(f, weights, space), { input: format }, { latent: [D], ...style });
  FILES[`${f}/decode`] = file(decodeModel(f, weights, space), { latent: [D], ...style }, { output: format });
}
for (const m of MORPHISMS)
  FILES[m] = file(morphismModel(m, TABLES[m], space), { latent_0: [D] }, { latent: [D] });

describe('an encoder', () => {
  test.each(FUNCTORS)('of %s writes its belief on the frame, and reads the style knowing it', async (f) => {
    const x = Float32Array.from({ length: N * width(f) }, () =>
      f === 'binary' ? random.integer(2) : random.uniform(),
    );
    const [latent, style] = tf.tidy(() => {
      const input = tf.tensor2d(x, [N, width(f)]);
      const calm = tf.div(see(p, f, input), space.temperatures[f]) as Tensor2D;
      const frame = tf.tensor2d(space.frame, [K, D]);
      const z = tf.mul(tf.matMul(amplitudes(tf, calm), frame), NORM * Math.sqrt(D)).dataSync();
      if (STYLE[f] === 0) return [z, undefined];
      const sharp = sharpened(tf.softmax(calm).dataSync() as Float32Array);
      return [z, seeStyle(p, f, input, tf.tensor2d(sharp, [N, K]))[0].dataSync()];
    });
    const found = await run(`${f}/encode`, { input: x });
    agree(found.latent!, latent);
    if (style) agree(found.style!, style);
    else expect(Object.keys(found)).toEqual(['latent']);
    // Different inputs, different latents: the comparison is of something.
    expect(Math.max(...spread(latent, D))).toBeGreaterThan(0.01);
  });
});

describe('a decoder', () => {
  const shown = (f: FunctorName, style?: Float32Array) =>
    tf.tidy(() => {
      const belief = tf.tensor2d(sharpened(readBelief(latents, space.frame)), [N, K]);
      const hand = style && tf.tensor2d(reachable(f, style), [N, STYLE[f]]);
      return tf.sigmoid(show(p, f, belief, hand)).dataSync();
    });
  /** The style that is drawn: of digits at most so far from 0 as a whole, of dots in each of its parts. */
  const reachable = (f: FunctorName, style: Float32Array) =>
    style.map((v, j) => {
      if (f === 'dots') return Math.min(DOTS_REACH, Math.max(-DOTS_REACH, v));
      const row = Math.floor(j / STYLE[f]) * STYLE[f];
      return v * Math.min(1, DRAWN_REACH / Math.hypot(...style.subarray(row, row + STYLE[f]), 1e-12));
    });

  test.each(FUNCTORS)('of %s shows the sharpened belief, in the style it is given', async (f) => {
    const style = STYLE[f] > 0 ? random.normals(N * STYLE[f]) : undefined;
    const { output } = await run(`${f}/decode`, { latent: latents, ...(style && { style }) });
    agree(output!, shown(f, style));
    expect(Math.max(...spread(output!, width(f)))).toBeGreaterThan(0.01);
  });

  test('of dots and digits shows the canonical style where it is zero', async () => {
    for (const f of ['dots', 'digits'] as const) {
      const style = new Float32Array(N * STYLE[f]);
      agree((await run(`${f}/decode`, { latent: latents, style })).output!, shown(f, style));
    }
  });

  test('of digits draws hands beyond the reach as at the reach, and nearer ones as they are', async () => {
    const S = STYLE.digits;
    const at = (distances: number[]) => {
      const style = new Random(3).normals(N * S);
      return style.map((v, j) => {
        const own = style.subarray(S * Math.floor(j / S), S * Math.floor(j / S) + S);
        return (v * distances[Math.floor(j / S)]!) / Math.hypot(...own);
      });
    };
    const drawn = async (...distances: number[]) => {
      const style = at(distances);
      const { output } = await run('digits/decode', { latent: latents, style });
      agree(output!, shown('digits', style));
      return output!;
    };
    const edge = await drawn(DRAWN_REACH, DRAWN_REACH, DRAWN_REACH, DRAWN_REACH, DRAWN_REACH);
    agree(await drawn(DRAWN_REACH + 0.01, 4, 6, 20, 1000), edge);
    const inside = await drawn(0.98 * DRAWN_REACH, 2.4, 2, 1, 0.1);
    for (const far of spread(inside, PIXELS, edge)) expect(far).toBeGreaterThan(2 * TOLERANCE);
  });

  test('shows of a certain belief what it showed of its latent before refinement', () => {
    const certain = Float32Array.from({ length: K * K }, (_, i) => (i % (K + 1) === 0 ? 1 : 0));
    const before = new Parameters(tf, 0, joint);
    for (const f of FUNCTORS) {
      const style = STYLE[f] > 0 ? random.normals(K * STYLE[f]) : undefined;
      tf.tidy(() => {
        const hand = style && tf.tensor2d(style, [K, STYLE[f]]);
        const z = tf.tensor2d(writeBelief(certain, space.frame), [K, D]);
        const after = show(p, f, tf.tensor2d(certain, [K, K]), hand).dataSync();
        agree(after as Float32Array, show(before, f, z, hand).dataSync());
      });
    }
    before.dispose();
  });
});

describe('in closed form', () => {
  test('the probe reads the belief', async () => {
    agree((await run('probe', { latent: written })).distribution!, beliefs);
    agree((await run('probe', { latent: latents })).distribution!, readBelief(latents, space.frame));
  });

  test.each(MORPHISMS)('%s carries the belief through its table', async (m) => {
    const { latent } = await run(m, { latent_0: latents });
    const carried = carry(readBelief(latents, space.frame), TABLES[m]);
    agree(latent!, writeBelief(carried, space.frame));
  });

  test('a morphism carries through any table', async () => {
    for (let round = 0; round < 5; round++) {
      const table = Array.from({ length: K }, () => random.integer(K));
      FILES.any = file(morphismModel('any', table, space), { latent_0: [D] }, { latent: [D] });
      const carried = carry(readBelief(latents, space.frame), table);
      agree((await run('any', { latent_0: latents })).latent!, writeBelief(carried, space.frame));
    }
    delete FILES.any;
  });

  test('the support is the distance from the nearest that a belief could be', async () => {
    const rest = latents.slice();
    for (let i = 0; i < N; i++)
      for (let k = 0; k < K; k++) {
        const along = space.frame.subarray(k * D, (k + 1) * D);
        const dot = along.reduce((sum, v, d) => sum + v * latents[i * D + d]!, 0);
        if (dot > 0) for (let d = 0; d < D; d++) rest[i * D + d] = rest[i * D + d]! - dot * along[d]!;
      }
    const distances = Array.from({ length: N }, (_, i) => rms(rest.subarray(i * D, (i + 1) * D)) / NORM);
    agree((await run('support', { latent: latents })).distance!, distances);
    agree((await run('support', { latent: written })).distance!, Array(N).fill(0));
    // The opposite of a certain belief is as far away as can be.
    const opposite = written.subarray(0, D).map((v) => -v);
    agree((await run('support', { latent: opposite })).distance!, [1]);
  });
});

describe('each file', () => {
  const absent = !existsSync(python);

  test.each(Object.keys(FILES))('is what the contract allows: %s', (name) => {
    const { bytes, inputs, outputs } = FILES[name]!;
    expect(checkModel(readModel(bytes, name), { inputs, outputs }, name)).toEqual([]);
  });

  test('gives a row of a batch what it gives the row alone', async () => {
    for (const [name, { inputs }] of Object.entries(FILES)) {
      const sizes = inputs.map((port) => port.shape.slice(1).reduce<number>((a, b) => a * b!, 1));
      const batch = inputs.map((port, i) =>
        port.name.startsWith('latent') ? latents : random.normals(N * sizes[i]!),
      );
      const feeds = (from: number, to: number) =>
        Object.fromEntries(
          inputs.map((port, i) => [port.name, batch[i]!.slice(from * sizes[i]!, to * sizes[i]!)]),
        );
      const whole = await run(name, feeds(0, N));
      const alone = await run(name, feeds(3, 4));
      for (const [port, values] of Object.entries(alone))
        agree(values, whole[port]!.subarray(3 * values.length, 4 * values.length));
    }
  });

  describe.skipIf(leftOut(absent))('before Python’s judges (scripts/python-env.sh)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'models-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    beforeAll(() => {
      if (absent) throw new Error('Python’s judges are not installed: run scripts/python-env.sh');
    });

    test('passes onnx.checker, with shapes inferred strictly', () => {
      const paths = Object.entries(FILES).map(([name, { bytes }]) => {
        const path = join(folder, `${name.replace('/', '-')}.onnx`);
        writeFileSync(path, bytes);
        return path;
      });
      const program =
        'import sys, onnx\nfor path in sys.argv[1:]:\n  onnx.checker.check_model(path, full_check=True)\n  print("ok")';
      const said = execFileSync(python, ['-c', program, ...paths], { encoding: 'utf8' });
      expect(said.trim().split('\n')).toEqual(paths.map(() => 'ok'));
      expect(paths).toHaveLength(2 + 2 * FUNCTORS.length + MORPHISMS.length);
    });
  });
});

/** Every variable that the networks ask for, drawn; biases, which begin as zeros, too. */
function drawnWeights(): Weights {
  const first = new Parameters(tf, 5);
  tf.tidy(() => {
    for (const f of FUNCTORS) {
      const x = tf.zeros([1, width(f)]) as Tensor2D;
      see(first, f, x);
      const style = tf.zeros([1, STYLE[f]]) as Tensor2D;
      show(first, f, tf.zeros([1, D]) as Tensor2D, STYLE[f] > 0 ? style : undefined);
      if (STYLE[f] > 0) seeStyle(first, f, x, tf.zeros([1, K]) as Tensor2D);
    }
  });
  const out: Weights = {};
  for (const [name, variable] of first.variables) {
    const values = Float32Array.from(variable.dataSync());
    const bias = name.endsWith('/bias') ? values.map(() => random.normal() / 4) : values;
    out[name] = { shape: variable.shape.slice(), values: bias };
  }
  first.dispose();
  return out;
}

function rowOf(parts: Record<number, number>): number[] {
  return Array.from({ length: K }, (_, k) => parts[k] ?? 0);
}

/** Beliefs `[n, K]` to a power, renormalised: as decoders and the reading of a style see them. */
function sharpened(belief: Float32Array): Float32Array {
  const power = belief.map((v) => v ** (2 ** SHARPENINGS));
  return power.map((v, i) => {
    const from = i - (i % K);
    return v / power.subarray(from, from + K).reduce((a, b) => a + b, 0);
  });
}

function file(bytes: Uint8Array, inputs: Record<string, number[]>, outputs: Record<string, number[]>) {
  const ports = (sides: Record<string, number[]>) =>
    Object.entries(sides).map(([name, rest]) => ({ name, shape: [null, ...rest] }));
  return { bytes, inputs: ports(inputs), outputs: ports(outputs) };
}

async function run(
  name: string,
  inputs: Record<string, Float32Array>,
): Promise<Record<string, Float32Array>> {
  const model = FILES[name]!;
  const session = await InferenceSession.create(model.bytes);
  const feeds = model.inputs.map(({ name: port, shape: [, ...rest] }) => {
    const sides = rest.map((side) => side!);
    const values = inputs[port]!;
    const rows = values.length / sides.reduce((a, b) => a * b, 1);
    return [port, new Values('float32', Float32Array.from(values), [rows, ...sides])];
  });
  const results = await session.run(Object.fromEntries(feeds));
  const found = Object.fromEntries(model.outputs.map(({ name: port }) => [port, results[port]!.data]));
  expect(Object.keys(results).sort()).toEqual(Object.keys(found).sort());
  await session.release();
  return found as Record<string, Float32Array>;
}

function agree(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found.length).toBe(expected.length);
  let apart = 0;
  for (let i = 0; i < found.length; i++) {
    const far = Math.abs(found[i]! - expected[i]!);
    apart = Math.max(apart, Number.isNaN(far) ? Number.POSITIVE_INFINITY : far);
  }
  expect(apart).toBeLessThan(TOLERANCE);
}

/** How far each row is from the first one, or from the same row of others: its largest difference. */
function spread(values: ArrayLike<number>, size: number, others?: ArrayLike<number>): number[] {
  return Array.from({ length: values.length / size }, (_, i) => {
    let far = 0;
    for (let j = 0; j < size; j++)
      far = Math.max(far, Math.abs(values[i * size + j]! - (others ? others[i * size + j]! : values[j]!)));
    return far;
  });
}

function rms(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
}

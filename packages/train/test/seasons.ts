/**
 * A category for tests that is nothing like digits: four seasons in eight dimensions, norm 3. A season is an axis, and the probe
 * is the softmax of scaled latents; the reference sample has clear latents and halves of two.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type Category,
  type CategoryRelease,
  fileRef,
  readCategory,
  readReference,
  spaceDigest,
  writeReference,
} from '@deepfunctor/core';
import { attribute, graph, type Model, writeModel } from '@deepfunctor/onnx';
import { Random } from '../src/random.js';

const LABELS = ['spring', 'summer', 'autumn', 'winter'];
const [K, D, NORM] = [4, 8, 3];
const SCALE = NORM * Math.sqrt(D);
const SHARPNESS = 14;

/** A new folder; the caller removes it. */
export function newFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'deepfunctor-train-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Write the release into a folder. */
export function writeSeasons(folder: string): Category {
  write(join(folder, 'probe.onnx'), writeModel(probe()));
  write(join(folder, 'support.onnx'), writeModel(support()));
  write(join(folder, 'reference.safetensors'), reference());
  const release: CategoryRelease = {
    release: 1,
    name: 'seasons',
    title: 'Seasons',
    version: '1.0.0',
    labels: LABELS.map((name, at) => ({ name, factors: { warm: Number(at % 3 > 0), at } })),
    dimension: D,
    norm: { kind: 'rms', value: NORM, tolerance: 0.01 },
    support: { threshold: 0.1 },
    files: {
      probe: fileRef(folder, 'probe.onnx'),
      support: fileRef(folder, 'support.onnx'),
      reference: fileRef(folder, 'reference.safetensors'),
    },
    card: {},
    digest: '',
  };
  write(join(folder, 'category.json'), JSON.stringify({ ...release, digest: spaceDigest(release) }, null, 2));
  return readCategory(folder);
}

/** The clearest latent of each label in the reference sample, `[K, D]`. */
export function clearest(category: Category): Float32Array {
  const { latents, distributions, count } = readReference(category);
  const [labels, dimension] = [category.labels.length, category.dimension];
  const out = new Float32Array(labels * dimension);
  for (let label = 0; label < labels; label++) {
    let best = 0;
    for (let row = 0; row < count; row++)
      if (distributions[row * labels + label]! > distributions[best * labels + label]!) best = row;
    out.set(latents.subarray(best * dimension, (best + 1) * dimension), label * dimension);
  }
  return out;
}

/** Twenty clear latents of each season and of each pair of seasons, with a little on the axes that mean nothing. */
function reference(): Uint8Array {
  const random = new Random(5);
  const latents: number[] = [];
  const distributions: number[] = [];
  const clear: number[] = [];
  const add = (axes: number[]) => {
    const z = Array.from({ length: D }, (_, d) =>
      axes.includes(d) ? 1 : d < K ? 0 : 0.01 * random.normal(),
    );
    const length = Math.hypot(...z);
    const row = z.map((value) => (value * SCALE) / length);
    const exps = row.slice(0, K).map((value) => Math.exp((SHARPNESS * value) / SCALE));
    const sum = exps.reduce((a, b) => a + b, 0);
    latents.push(...row);
    distributions.push(...exps.map((value) => value / sum));
    clear.push(axes.length === 1 ? 1 : 0);
  };
  for (let i = 0; i < 20; i++)
    for (let a = 0; a < K; a++) for (let b = a; b < K; b++) add(a === b ? [a] : [a, b]);
  return writeReference({
    latents: Float32Array.from(latents),
    distributions: Float32Array.from(distributions),
    clear: Uint8Array.from(clear),
    source: new Int32Array(clear.length),
    sources: ['by hand'],
    codes: Float32Array.from({ length: K * D }, (_, i) => Number(Math.floor(i / D) === i % D)),
  });
}

function probe(): Model {
  const g = graph('probe');
  const z = g.input('latent', [null, D]);
  const axes = Float32Array.from({ length: D * K }, (_, i) =>
    Math.floor(i / K) === i % K ? SHARPNESS / SCALE : 0,
  );
  const logits = g.node('MatMul', [z, g.weight('axes', axes, [D, K])]);
  g.output('distribution', g.node('Softmax', [logits], { axis: attribute.int(-1) }), [null, K]);
  return g.build({ producer: 'test' });
}

/** The part of the square that lies on axes that mean nothing. */
function support(): Model {
  const g = graph('support');
  const z = g.input('latent', [null, D]);
  const outside = Float32Array.from({ length: D }, (_, d) => (d < K ? 0 : 1 / SCALE ** 2));
  const sum = g.node('MatMul', [g.node('Mul', [z, z]), g.weight('outside', outside, [D, 1])]);
  g.output('distance', g.node('Reshape', [sum, g.weight('flat', new BigInt64Array([-1n]), [1])]), [null]);
  return g.build({ producer: 'test' });
}

function write(file: string, content: Uint8Array | string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

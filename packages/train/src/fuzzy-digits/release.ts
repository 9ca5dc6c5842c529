/** Writes version 1 of Fuzzy Digits and its founding plugins. */
import { join } from 'node:path';
import {
  type Card,
  type CategoryRelease,
  type FileRef,
  type FunctorManifest,
  sha256,
  spaceDigest,
  writeReference,
  writeWhole,
} from '@deepfunctor/core';
import type * as TF from '@tensorflow/tfjs';
import type { LabelledImages } from '../data/idx.js';
import { Parameters, type Weights } from '../nn.js';
import { writePlugin } from '../package.js';
import { Random } from '../random.js';
import { concat } from '../rows.js';
import { binaryNumbers, type Inputs, logitsOf, pixelsOf, type Space, variedDots } from './extract.js';
import { decodeModel, encodeModel, morphismModel, probeModel, supportModel } from './models.js';
import {
  bitsOf,
  D,
  FUNCTORS,
  type FunctorName,
  K,
  LABELS,
  MORPHISMS,
  NEVER_TRAINED,
  PIXELS,
  SIDE,
  STYLE,
} from './settings.js';
import { argmax, carry, NORM, NORM_TOLERANCE, readBelief, SUPPORT, softmax, writeBelief } from './space.js';

export const VERSION = '1.0.0';

/** A belief at least this sure of one label is clear. */
const CLEAR = 0.95;

export interface ReleaseOptions {
  seed: number;
  steps: number;
  /** The first row of the training data that was not trained on. */
  validation: number;
  /** Folder of the category's release, and of the plugins. */
  category: string;
  plugins: string;
  /** What the cards tell besides: how it was learned. */
  recipe: string;
  notes: string;
}

/** Write category and plugins; returns the space digest. */
export function writeRelease(
  tf: typeof TF,
  weights: Weights,
  space: Space,
  images: LabelledImages,
  options: ReleaseOptions,
): string {
  const put = (name: string, bytes: Uint8Array): FileRef => {
    writeWhole(join(options.category, name), bytes);
    return { path: name, sha256: sha256(bytes), bytes: bytes.length };
  };
  const release: Omit<CategoryRelease, 'digest'> = {
    release: 1,
    name: 'fuzzy-digits',
    title: 'Fuzzy Digits',
    version: VERSION,
    labels: LABELS,
    dimension: D,
    norm: { kind: 'rms', value: NORM, tolerance: NORM_TOLERANCE },
    support: { threshold: SUPPORT },
    files: {
      probe: put('probe.onnx', probeModel(space)),
      support: put('support.onnx', supportModel(space)),
      reference: put(
        'reference.safetensors',
        writeReference(sampleReference(tf, weights, space, images, options)),
      ),
    },
    card: {
      mode: 'founding',
      seed: options.seed,
      steps: options.steps,
      recipe: options.recipe,
      notes: options.notes,
      neverTrained: NEVER_TRAINED.map((path) => path.join(' -> ')),
      measured: space.measured,
      temperatures: space.temperatures,
    },
  };
  const digest = spaceDigest(release);
  writeWhole(join(options.category, 'category.json'), `${JSON.stringify({ ...release, digest }, null, 2)}\n`);

  const port = { category: release.name, contract: `^${VERSION}`, space: digest };
  const card = (data: string, measured: Card['measured'] = {}): Card => ({
    mode: 'founding',
    seed: options.seed,
    steps: options.steps,
    data,
    recipe: options.recipe,
    measured,
    notes: options.notes,
  });
  for (const f of FUNCTORS) {
    const about = FUNCTOR_TEXTS[f];
    writePlugin(join(options.plugins, `functor-${f}`), {
      package: `@deepfunctor/functor-${f}`,
      description: about.description,
      core: '>=0.1.0',
      manifest: {
        kind: 'functor',
        name: f,
        port,
        domain: LABELS.map(({ name }) => name),
        codec: about.codec,
        ...(STYLE[f] > 0 ? { style: STYLE[f] } : {}),
        card: card(about.data),
      },
      files: { encode: encodeModel(f, weights, space), decode: decodeModel(f, weights, space) },
    });
  }
  for (const m of MORPHISMS)
    writePlugin(join(options.plugins, `morphism-${m}`), {
      package: `@deepfunctor/morphism-${m}`,
      description: `Fuzzy Digits: ${MORPHISM_TEXTS[m]}.`,
      core: '>=0.1.0',
      manifest: {
        kind: 'morphism',
        name: m,
        inputs: [port],
        output: port,
        table: space.tables[m],
        card: card('The latents of the founding encoders.', {
          'answers that follow the table, as trained jointly':
            space.measured[`${m} as trained, answers that follow its table`]!,
        }),
      },
      files: { morphism: morphismModel(m, space.tables[m], space) },
    });
  return digest;
}

const picture = { kind: 'image', version: 1, channels: 1, height: SIDE, width: SIDE } as const;
const FUNCTOR_TEXTS: Record<
  FunctorName,
  { description: string; data: string; codec: FunctorManifest['codec'] }
> = {
  dots: {
    description: 'Fuzzy Digits as pictures of zero to nine dots.',
    data: 'Pictures of dots drawn by the recipe.',
    codec: { ...picture, fit: 'picture', empty: 'allow' },
  },
  digits: {
    description: 'Fuzzy Digits as handwritten digits.',
    data: 'MNIST, rows 0 to 54,999 of the training half, varied by the recipe.',
    codec: { ...picture, fit: 'glyph', empty: 'refuse' },
  },
  binary: {
    description: 'Fuzzy Digits as binary numbers of four bits.',
    data: 'The ten binary numbers.',
    codec: { kind: 'bits', version: 1, width: 4, values: LABELS.map((_, n) => bitsOf(n).join('')) },
  },
};
const MORPHISM_TEXTS = {
  identity: 'what comes in goes out',
  'add-one': 'one more, modulo ten',
  'times-two': 'twice as much, modulo ten',
};

/** Latents of each encoder on training data, of blends of two pictures, and of the morphisms. No test data. */
function sampleReference(
  tf: typeof TF,
  weights: Weights,
  space: Space,
  images: LabelledImages,
  { seed, validation }: ReleaseOptions,
) {
  const random = new Random(seed, 31);
  const p = new Parameters(tf, seed, weights);
  const size = Math.min(1000, validation);
  // Of fewer rows than MNIST's, a place that is there.
  const from = random.integer(50_000) % (validation - size + 1);
  const digits: Inputs = {
    x: pixelsOf(images, from, from + size),
    labels: images.labels.slice(from, from + size),
  };
  const inputs: Record<FunctorName, Inputs> = {
    dots: variedDots(600, seed + 3),
    digits,
    binary: binaryNumbers(10),
  };
  const parts: { source: string; belief: Float32Array }[] = [];
  for (const f of FUNCTORS) {
    const temperature = space.temperatures[f];
    parts.push({ source: f, belief: softmax(logitsOf(tf, p, f, inputs[f].x), temperature) });
    if (f !== 'binary')
      parts.push({
        source: f,
        belief: softmax(logitsOf(tf, p, f, blends(inputs[f], 400, random)), temperature),
      });
  }
  p.dispose();
  for (const { belief } of [...parts])
    for (const m of MORPHISMS) {
      const rows = Array.from({ length: Math.ceil(belief.length / K / 8) }, () =>
        random.integer(belief.length / K),
      );
      const some = Float32Array.from(rows.flatMap((row) => [...belief.subarray(row * K, (row + 1) * K)]));
      parts.push({ source: m, belief: carry(some, space.tables[m]) });
    }
  const sources: string[] = [...FUNCTORS, ...MORPHISMS];
  const latents = concat(parts.map(({ belief }) => writeBelief(belief, space.frame)));
  const distributions = readBelief(latents, space.frame);
  const count = distributions.length / K;
  return {
    latents,
    distributions,
    clear: Uint8Array.from({ length: count }, (_, i) =>
      distributions[i * K + argmax(distributions, i * K)]! >= CLEAR ? 1 : 0,
    ),
    source: Int32Array.from(
      parts.flatMap(({ source, belief }) =>
        new Array<number>(belief.length / K).fill(sources.indexOf(source)),
      ),
    ),
    sources,
    codes: space.frame,
  };
}

/** Half-and-half pictures of two inputs. */
function blends({ x }: Inputs, n: number, random: Random): Float32Array {
  const count = x.length / PIXELS;
  const out = new Float32Array(n * PIXELS);
  for (let i = 0; i < n; i++) {
    const [a, b] = [random.integer(count), random.integer(count)];
    for (let j = 0; j < PIXELS; j++) out[i * PIXELS + j] = (x[a * PIXELS + j]! + x[b * PIXELS + j]!) / 2;
  }
  return out;
}

/** Measures the founding plugins as they are installed: real weights, in the host. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pushForward } from '@deepfunctor/core';
import { type Functor, fitPicture, type Host, normals } from '@deepfunctor/host';
import { readMnist } from '../../data/idx.js';
import { openEngine } from '../../engine.js';
import { Random } from '../../random.js';
import { binaryNumbers, pixelsOf, variedDots } from '../extract.js';
import {
  BITS,
  bitsOf,
  FUNCTORS,
  type FunctorName,
  isTrained,
  K,
  MORPHISMS,
  PIXELS,
  STYLE,
  TABLES,
} from '../settings.js';
import {
  best10,
  calibrationError,
  correlation,
  countDots,
  share,
  totalVariation,
  variety,
} from './figures.js';
import { openJudge } from './judge.js';
import { evaluateLearned } from './learned.js';
import { measures } from './measures.js';
import { paintDots } from './painter.js';
import { type Cell, type Report, type Row, writeReport } from './report.js';

export type { Report } from './report.js';

export interface EvaluateOptions {
  host: Host;
  /** Folder of the four MNIST files. */
  data: string;
  /** Folder of PNG files of another source, each named LABEL-anything.png. */
  handwriting?: string;
  /** Where to write report.json, report.md and pictures. */
  out?: string;
  /** Where to keep the judge, which takes minutes to teach. Default: a folder for temporary files. */
  cache?: string;
  onProgress?: (done: number, total: number, what: string) => void;
  signal?: AbortSignal;
}

const SEED = 20_000;

/** Measure; writes the report where `out` is given. Errors: DATA_MISSING, DATA_BROKEN, CHAIN_UNKNOWN_NAME, WEIGHTS_…. */
export async function evaluate(options: EvaluateOptions): Promise<Report> {
  const { host, data, signal } = options;
  const stages = 14;
  let done = 0;
  const next = async (what: string) => {
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    options.onProgress?.(done++, stages, what);
  };
  const plugin = host.plugins.find(
    (each): each is Functor => each.name === 'digits' && each.kind === 'functor',
  );
  const category = plugin?.category.name ?? 'fuzzy-digits';
  const m = measures(host, category);
  const test = readMnist(data, 't10k');
  const tf = await openEngine();
  await next('the judge learns');
  const judge = await openJudge(
    tf,
    data,
    options.cache ?? join(tmpdir(), 'deepfunctor'),
    (step, steps) => options.onProgress?.(step / steps, stages, 'the judge learns'),
    signal,
  );
  const rows: Row[] = [];
  const add = (
    what: string,
    figure: string,
    value: number | null,
    holds: (x: number) => boolean,
    show = percent,
  ) =>
    rows.push({
      what,
      figure,
      measured: value === null ? null : show(value),
      reached: value === null ? null : holds(value),
    });
  const plain = (x: number) => x.toFixed(4);

  await next('encoders');
  const inputs: Record<FunctorName, { x: Float32Array; labels: Uint8Array }> = {
    digits: { x: pixelsOf(test, 0, test.count), labels: test.labels },
    dots: variedDots(10_000, SEED),
    binary: binaryNumbers(1_000),
  };
  const encoded = {} as Record<
    FunctorName,
    { latent: Float32Array; style: Float32Array | undefined; belief: Float32Array; accuracy: number }
  >;
  for (const f of FUNCTORS) {
    const { latent, style } = await m.encode(f, inputs[f].x);
    const belief = await m.probe(latent);
    const { labels } = inputs[f];
    encoded[f] = {
      latent,
      style,
      belief,
      accuracy: share(labels.length, (i) => best10(belief, i) === labels[i]),
    };
  }
  const exact = (bits: Float32Array, i: number, label: number) =>
    bitsOf(label).every((bit, j) => (bits[i * BITS + j]! > 0.5 ? 1 : 0) === bit);
  const through = await m.decode('binary', await m.apply('identity', encoded.digits.latent));
  const handwriting = share(test.count, (i) => exact(through, i, test.labels[i]!));
  add('handwriting (MNIST test) → identity → binary', '≥ 99.5 %, aim 99.7 %', handwriting, (x) => x >= 0.995);
  add('dots in, 10,000 of the training renderer', '≥ 99.95 %', encoded.dots.accuracy, (x) => x >= 0.9995);
  add('binary in, all numbers', '≥ 99.95 %', encoded.binary.accuracy, (x) => x >= 0.9995);

  await next('dots of another program');
  const random = new Random(SEED, 1);
  const painted = new Float32Array(4000 * PIXELS);
  const counts = Array.from({ length: 4000 }, (_, i) => i % K);
  for (const [i, count] of counts.entries()) painted.set(fitPicture(paintDots(count, random)), i * PIXELS);
  const seen = await m.probe((await m.encode('dots', painted)).latent);
  add(
    'dots that another program drew, 4,000',
    '≥ 99.5 %',
    share(4000, (i) => best10(seen, i) === counts[i]),
    (x) => x >= 0.995,
  );

  const matrix: Cell[] = [];
  for (const f of FUNCTORS)
    for (const name of MORPHISMS) {
      await next(`swap matrix: ${f} → ${name}`);
      const latent = await m.apply(name, encoded[f].latent);
      const expected = Array.from(inputs[f].labels, (label) => TABLES[name][label]!);
      for (const g of FUNCTORS) {
        const style = STYLE[g] > 0 ? normals(expected.length * STYLE[g], SEED + matrix.length) : undefined;
        const output = await m.decode(g, latent, style);
        const read = g === 'digits' ? judge.read(output) : undefined;
        const accuracy = share(expected.length, (i) =>
          g === 'binary'
            ? exact(output, i, expected[i]!)
            : g === 'dots'
              ? countDots(output, i) === expected[i]
              : read![i] === expected[i],
        );
        matrix.push({
          input: f,
          morphism: name,
          output: g,
          accuracy,
          encoder: encoded[f].accuracy,
          trained: isTrained(f, name, g),
        });
      }
    }
  const worst = (cells: Cell[]) => Math.max(...cells.map(({ encoder, accuracy }) => encoder - accuracy));
  const points = (x: number) => `${(100 * x).toFixed(2)} points`;
  add(
    '27 cells, the most that one is below its encoder',
    '≤ 0.1 points',
    worst(matrix),
    (x) => x <= 0.001,
    points,
  );
  add(
    'the never-trained cells alone',
    '≤ 0.1 points',
    worst(matrix.filter(({ trained }) => !trained)),
    (x) => x <= 0.001,
    points,
  );

  await next('pictures out');
  const clear = encoded.binary.latent;
  const labels = inputs.binary.labels;
  const dots = await m.decode('dots', clear, normals(labels.length * STYLE.dots, SEED + 50));
  add(
    'dots out, sampled style, counted',
    '≥ 99.9 %',
    share(labels.length, (i) => countDots(dots, i) === labels[i]),
    (x) => x >= 0.999,
  );
  const bits = await m.decode('binary', clear);
  add(
    'binary out, exact',
    '≥ 99.9 %',
    share(labels.length, (i) => exact(bits, i, labels[i]!)),
    (x) => x >= 0.999,
  );
  const sampled = await m.decode('digits', clear, normals(labels.length * STYLE.digits, SEED + 51));
  const readSampled = judge.read(sampled);
  add(
    'digits out, sampled, by the judge',
    '≥ 99.8 %',
    share(labels.length, (i) => readSampled[i] === labels[i]),
    (x) => x >= 0.998,
  );
  const canonical = judge.read(await m.decode('digits', clear.slice(0, (K * clear.length) / labels.length)));
  add(
    'digits out, canonical',
    '100 %',
    share(K, (i) => canonical[i] === labels[i]),
    (x) => x === 1,
  );
  const style = encoded.digits.style!;
  const moved = await m.apply('add-one', encoded.digits.latent);
  const meant = await m.probe(moved);
  const answer = await m.decode('digits', moved, style);
  const readAnswer = judge.read(answer);
  add(
    'digits → add-one → digits in the asker’s hand, the judge against the answer’s label',
    '≥ 99.5 %',
    share(test.count, (i) => readAnswer[i] === best10(meant, i)),
    (x) => x >= 0.995,
  );
  const mnist = inputs.digits.x;
  const own = variety(mnist, test.labels);
  add(
    `variety: deviation within a class, sampled (MNIST, measured alike: ${plain(own)})`,
    '≥ 0.12',
    variety(sampled, labels),
    (x) => x >= 0.12,
    plain,
  );
  const white = (pixels: Float32Array) => share(pixels.length, (i) => pixels[i]! >= 0.9);
  add(
    'sharpness: pixels ≥ 0.9, sampled, against MNIST',
    '≥ 75 %',
    white(sampled) / white(mnist),
    (x) => x >= 0.75,
  );
  const again = (await m.encode('digits', answer)).style!;
  add(
    'the hand is kept: style read again, mean correlation',
    '≥ 0.8',
    correlation(style, again, STYLE.digits),
    (x) => x >= 0.8,
    plain,
  );

  await next('depth');
  const depth: Report['depth'] = [];
  {
    let latent: Float32Array = encoded.digits.latent;
    const expected = Array.from(test.labels);
    const choice = new Random(SEED, 2);
    for (let step = 1; step <= 1000; step++) {
      const name = MORPHISMS[choice.integer(MORPHISMS.length)]!;
      latent = await m.apply(name, latent);
      expected.forEach((label, i) => {
        expected[i] = TABLES[name][label]!;
      });
      if (![1, 10, 100, 1000].includes(step)) continue;
      const belief = await m.probe(latent);
      depth.push({ steps: step, accuracy: share(test.count, (i) => best10(belief, i) === expected[i]) });
    }
  }
  add(
    'random chains: points lost from 1 to 1,000 morphisms',
    '≤ 0.1 points',
    depth[0]!.accuracy - depth[3]!.accuracy,
    (x) => x <= 0.001,
    points,
  );
  {
    let latent: Float32Array = encoded.digits.latent;
    for (let i = 0; i < 10; i++) latent = await m.apply('add-one', latent);
    add(
      'add-one ten times against identity, cosine',
      '≥ 0.98, aim 0.99',
      cosine(latent, await m.apply('identity', encoded.digits.latent), test.count),
      (x) => x >= 0.98,
      plain,
    );
  }

  await next('fuzziness');
  const pairs = 2000;
  const blends = new Float32Array(pairs * PIXELS);
  for (let i = 0; i < pairs; i++) {
    const a = random.integer(test.count);
    let b = random.integer(test.count);
    while (test.labels[a] === test.labels[b]) b = random.integer(test.count);
    for (let p = 0; p < PIXELS; p++)
      blends[i * PIXELS + p] = (mnist[a * PIXELS + p]! + mnist[b * PIXELS + p]!) / 2;
  }
  let latent = (await m.encode('digits', blends)).latent;
  let carried = await m.probe(latent);
  const fuzziness: Report['fuzziness'] = [];
  for (let step = 1; step <= 100; step++) {
    latent = await m.apply('add-one', latent);
    carried = pushForward(TABLES['add-one'], [carried], [K], K);
    if ([1, 10, 100].includes(step))
      fuzziness.push({ steps: step, variation: totalVariation(await m.probe(latent), carried) });
  }
  for (const [i, limit] of [0.01, 0.03, 0.15].entries())
    add(
      `belief of blends after ${fuzziness[i]!.steps} × add-one, total variation`,
      `≤ ${limit}`,
      fuzziness[i]!.variation,
      (x) => x <= limit,
      (x) => x.toFixed(5),
    );
  add(
    'calibration of the probe on MNIST’s test half, ECE of 15 bins',
    '≤ 0.005',
    calibrationError(encoded.digits.belief, test.labels),
    (x) => x <= 0.005,
    plain,
  );
  const support = await m.support(encoded.digits.latent);
  const { threshold } = host.categories.find(({ name }) => name === category)!.support;
  add(
    'handwriting’s latents within the support',
    '100 %',
    share(support.length, (i) => support[i]! <= threshold),
    (x) => x === 1,
  );
  add(
    'handwriting of another source',
    '≥ 98 %',
    options.handwriting === undefined ? null : await others(host, options.handwriting),
    (x) => x >= 0.98,
  );
  options.onProgress?.(stages, stages, 'done');

  const report: Report = {
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
    engine: `onnxruntime-${await host.engine()}`,
    digest: host.categories.find(({ name }) => name === category)!.digest,
    plugins: host.plugins.map(({ package: name, version }) => `${name}@${version}`),
    judge: judge.accuracy,
    rows,
    matrix,
    depth,
    fuzziness,
  };
  if (options.out !== undefined) writeReport(options.out, report);
  // Only where there are parts that the founding does not know.
  if (m.functors.length + m.morphisms.length > FUNCTORS.length + MORPHISMS.length)
    await evaluateLearned(
      m,
      judge,
      data,
      options.out,
      (part, what) => options.onProgress?.(stages + part, stages + 1, `parts learned later: ${what}`),
      signal,
    );
  return report;
}

const percent = (x: number) => `${(100 * x).toFixed(2)} %`;

function cosine(a: Float32Array, b: Float32Array, n: number): number {
  const D = a.length / n;
  let total = 0;
  for (let i = 0; i < n; i++) {
    let [ab, aa, bb] = [0, 0, 0];
    for (let d = i * D; d < (i + 1) * D; d++) {
      ab += a[d]! * b[d]!;
      aa += a[d]! ** 2;
      bb += b[d]! ** 2;
    }
    total += ab / Math.sqrt(aa * bb) / n;
  }
  return total;
}

/** Share of LABEL-anything.png in a folder whose answer is right, from file to binary number. */
async function others(host: Host, folder: string): Promise<number> {
  const chain = host.compose('digits -> identity -> binary');
  const files = readdirSync(folder)
    .filter((name) => /^\d-.*\.png$/i.test(name))
    .sort();
  let right = 0;
  for (const file of files) {
    const { value } = await chain.run(readFileSync(join(folder, file)), { where: [file] });
    if (value === bitsOf(Number(file[0])).join('')) right++;
  }
  return right / files.length;
}

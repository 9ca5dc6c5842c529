/** What plugins that were learned later are worth among the founding ones: every functor in, morphism and functor out. */
import { join } from 'node:path';
import { pushForward, writeWhole } from '@deepfunctor/core';
import { decodeOutput, encodeInput, type Functor, type Morphism, normals, rowShape } from '@deepfunctor/host';
import { readMnist } from '../../data/idx.js';
import { Random } from '../../random.js';
import { binaryNumbers, pixelsOf, variedDots } from '../extract.js';
import { D, K } from '../settings.js';
import { best10, calibrationError, countDots, share, totalVariation } from './figures.js';
import type { Judge } from './judge.js';
import type { Measures } from './measures.js';
import { type Drawing, drawLines, table } from './report.js';
import { handwrittenSums, PUBLISHED, type Sums } from './sums.js';

/** Rows of handwriting, of dots, and of each other format. */
const ROWS = { digits: 4000, dots: 4000, other: 1000 };
const SEED = 21_000;
const STEPS = [1, 10, 100];

export interface LearnedCell {
  input: string;
  morphism: string;
  output: string;
  rows: number;
  accuracy: number;
  /** What the table makes of the labels that the encoder reads. */
  encoder: number;
}

export interface LearnedReport {
  digest: string;
  plugins: string[];
  cells: LearnedCell[];
  /** Mean total variation of the push-forward on blends of handwriting. */
  fuzziness: {
    morphism: string;
    arity: number;
    bijection: boolean;
    points: { steps: number; variation: number }[];
  }[];
  /** Expected calibration error of the probe on handwriting, before and after ten morphisms. */
  calibration: { before: number; after: number };
  sums: Sums[];
}

interface Questions {
  functor: Functor;
  latent: Float32Array;
  labels: number[];
  /** What the probe reads. */
  read: number[];
}

/** Measure; writes learned.json, learned.md and a picture where `out` is given. `onProgress` gets a share of one. */
export async function evaluateLearned(
  m: Measures,
  judge: Judge,
  data: string,
  out: string | undefined,
  onProgress: (done: number, what: string) => void,
  signal?: AbortSignal,
): Promise<LearnedReport> {
  const test = readMnist(data, 't10k');
  const questions: Questions[] = [];
  for (const functor of m.functors) {
    const { x, labels } = await inputsOf(m, functor, test);
    const { latent } = await m.encode(functor.name, x);
    const belief = await m.probe(latent);
    questions.push({ functor, latent, labels, read: labels.map((_, row) => best10(belief, row)) });
  }
  const cells: LearnedCell[] = [];
  const total = questions.length * m.morphisms.length;
  for (const [i, asked] of questions.entries())
    for (const [j, morphism] of m.morphisms.entries()) {
      signal?.throwIfAborted();
      onProgress((i * m.morphisms.length + j) / total, `${asked.functor.name} → ${morphism.name}`);
      cells.push(...(await rowOfCells(m, judge, asked, morphism)));
    }
  const handwriting = questions.find(({ functor }) => functor.name === 'digits')!;
  onProgress(1, 'fuzziness and sums');
  const has = (name: string) => m.morphisms.some((each) => each.name === name);
  const report: LearnedReport = {
    digest: m.functors[0]!.category.digest,
    plugins: m.host.plugins.map(({ package: name, version }) => `${name}@${version}`),
    cells,
    fuzziness: await fuzziness(m, test),
    calibration: await calibration(m, handwriting),
    sums: has('add') && has('carry-3') ? await handwrittenSums(m, test, SEED) : [],
  };
  if (out !== undefined) write(out, report);
  return report;
}

async function inputsOf(
  m: Measures,
  { name, manifest, domain }: Functor,
  test: ReturnType<typeof readMnist>,
) {
  if (name === 'digits')
    return { x: pixelsOf(test, 0, ROWS.digits), labels: Array.from(test.labels.subarray(0, ROWS.digits)) };
  if (name === 'dots') {
    const { x, labels } = variedDots(ROWS.dots, SEED);
    return { x, labels: Array.from(labels) };
  }
  const labels = Array.from({ length: ROWS.other }, (_, row) => domain[row % domain.length]!);
  const { codec } = manifest;
  if (codec.kind === 'image') {
    // Its own pictures: latents of binary numbers in sampled styles.
    const { x: bits, labels: all } = binaryNumbers(K);
    const { latent } = await m.encode('binary', bits);
    const z = new Float32Array(labels.length * D);
    labels.forEach((label, row) => {
      const from = all.indexOf(label) * D;
      z.set(latent.subarray(from, from + D), row * D);
    });
    return { x: await m.decode(name, z, normals(labels.length * (manifest.style ?? 0), SEED)), labels };
  }
  const rows = codec.values.map((value) => encodeInput(codec, value, { functor: name, where: value }));
  const x = new Float32Array(labels.length * rows[0]!.length);
  labels.forEach((label, row) => void x.set(rows[domain.indexOf(label)]!, row * rows[0]!.length));
  return { x, labels };
}

/** The cells of one functor and one morphism; further objects are the same questions in other orders. */
async function rowOfCells(
  m: Measures,
  judge: Judge,
  asked: Questions,
  morphism: Morphism,
): Promise<LearnedCell[]> {
  const n = asked.labels.length;
  const random = new Random(SEED, 3, morphism.inputs.length);
  const orders = morphism.inputs.map((_, k) =>
    Array.from({ length: n }, (_, row) => (k === 0 ? row : random.integer(n))),
  );
  const latents = orders.map((order) => {
    const z = new Float32Array(n * D);
    order.forEach((from, row) => void z.set(asked.latent.subarray(from * D, (from + 1) * D), row * D));
    return z;
  });
  const through = (labels: readonly number[], row: number) =>
    morphism.manifest.table[orders.reduce((place, order) => place * K + labels[order[row]!]!, 0)]!;
  const expected = asked.labels.map((_, row) => through(asked.labels, row));
  const byTable = asked.labels.map((_, row) => through(asked.read, row));
  const answer = await m.apply(morphism.name, ...latents);
  const cells: LearnedCell[] = [];
  for (const output of m.functors) {
    const rows = expected.flatMap((label, row) => (output.domain.includes(label) ? [row] : []));
    const style = output.manifest.style;
    const shown = await m.decode(
      output.name,
      answer,
      style === undefined ? undefined : normals(n * style, SEED + 1),
    );
    const right = await judged(m, judge, output, shown, expected);
    cells.push({
      input: asked.functor.name,
      morphism: morphism.name,
      output: output.name,
      rows: rows.length,
      accuracy: share(rows.length, (i) => right(rows[i]!)),
      encoder: share(rows.length, (i) => byTable[rows[i]!] === expected[rows[i]!]),
    });
  }
  return cells;
}

/** Whether a row shows what it should: handwriting by the judge, dots by count, texts by their codec, the rest by reading it again. */
async function judged(
  m: Measures,
  judge: Judge,
  { name, manifest, domain }: Functor,
  shown: Float32Array,
  expected: number[],
) {
  const { codec } = manifest;
  if (name === 'dots') return (row: number) => countDots(shown, row) === expected[row];
  if (name === 'digits') {
    const read = judge.read(shown);
    return (row: number) => read[row] === expected[row];
  }
  if (codec.kind === 'image') {
    const belief = await m.probe((await m.encode(name, shown)).latent);
    return (row: number) => best10(belief, row) === expected[row];
  }
  const size = rowShape(codec).reduce((a, b) => a * b, 1);
  return (row: number) =>
    decodeOutput(codec, shown.subarray(row * size, (row + 1) * size)).value ===
    codec.values[domain.indexOf(expected[row]!)];
}

async function fuzziness(
  m: Measures,
  test: ReturnType<typeof readMnist>,
): Promise<LearnedReport['fuzziness']> {
  const random = new Random(SEED, 5);
  const n = 1000;
  const pixels = pixelsOf(test, 0, test.count);
  const size = pixels.length / test.count;
  const blends = () => {
    const out = new Float32Array(n * size);
    for (let i = 0; i < n; i++) {
      const a = random.integer(test.count);
      let b = random.integer(test.count);
      while (test.labels[a] === test.labels[b]) b = random.integer(test.count);
      for (let p = 0; p < size; p++) out[i * size + p] = (pixels[a * size + p]! + pixels[b * size + p]!) / 2;
    }
    return out;
  };
  const objects: { latent: Float32Array; belief: Float32Array }[] = [];
  for (let k = 0; k < 3; k++) {
    const { latent } = await m.encode('digits', blends());
    objects.push({ latent, belief: await m.probe(latent) });
  }
  const out: LearnedReport['fuzziness'] = [];
  for (const morphism of m.morphisms) {
    const arity = morphism.inputs.length;
    if (arity > objects.length) continue;
    const { table: to } = morphism.manifest;
    const bijection = arity === 1 && new Set(to).size === to.length;
    const points: { steps: number; variation: number }[] = [];
    let { latent, belief } = objects[0]!;
    for (let step = 1; step <= (arity === 1 ? Math.max(...STEPS) : 1); step++) {
      const rest = objects.slice(1, arity);
      latent = await m.apply(morphism.name, latent, ...rest.map((each) => each.latent));
      const beliefs = [belief, ...rest.map((each) => each.belief)];
      belief = pushForward(
        to,
        beliefs,
        beliefs.map(() => K),
        K,
      );
      if (STEPS.includes(step))
        points.push({ steps: step, variation: totalVariation(await m.probe(latent), belief) });
    }
    out.push({ morphism: morphism.name, arity, bijection, points });
  }
  return out;
}

/** After ten morphisms that are bijections, drawn by the seed. */
async function calibration(
  m: Measures,
  { latent, labels }: Questions,
): Promise<LearnedReport['calibration']> {
  const before = calibrationError(await m.probe(latent), labels);
  const bijections = m.morphisms.filter(
    ({ inputs, manifest }) => inputs.length === 1 && new Set(manifest.table).size === K,
  );
  const random = new Random(SEED, 6);
  let z: Float32Array = latent;
  let now = [...labels];
  for (let step = 0; step < 10; step++) {
    const { name, manifest } = bijections[random.integer(bijections.length)]!;
    z = await m.apply(name, z);
    now = now.map((label) => manifest.table[label]!);
  }
  return { before, after: calibrationError(await m.probe(z), now) };
}

const percent = (x: number) => `${(100 * x).toFixed(2)} %`;

function write(out: string, report: LearnedReport): void {
  const { cells, sums, calibration: ece, digest, plugins } = report;
  const below = (cell: LearnedCell) => cell.encoder - cell.accuracy;
  const worst = (key: 'input' | 'morphism' | 'output', name: string) =>
    cells.filter((cell) => cell[key] === name).reduce((a, b) => (below(b) > below(a) ? b : a));
  const names = (key: 'input' | 'morphism' | 'output') => [...new Set(cells.map((cell) => cell[key]))];
  const parts = [
    ...names('output').map((name) => ['functor', name, worst('output', name)] as const),
    ...names('morphism').map((name) => ['morphism', name, worst('morphism', name)] as const),
  ];
  const points = (x: number) => `${(100 * x).toFixed(2)} points`;
  const lines: Drawing[] = report.fuzziness
    .filter(({ arity }) => arity === 1)
    .map(({ morphism, points: drawn }) => ({
      name: morphism,
      data: drawn.map(({ steps, variation }) => [steps, variation]),
    }));
  writeWhole(join(out, 'push-forward.svg'), drawLines('total variation on blends of handwriting', lines));
  writeWhole(join(out, 'learned.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeWhole(
    join(out, 'learned.md'),
    `# Plugins learned later, among the founding ones

Made by \`deepfunctor evaluate --data DIR --out docs/report\`; do not edit. Space \`${digest}\`, plugins ${plugins.join(', ')}.

## Swap matrix

${cells.length} cells: every functor in × every morphism × every functor out. Rows: ${ROWS.digits} of MNIST’s test half, ${ROWS.dots} pictures of dots, ${ROWS.other} inputs of each other format (pictures of later formats are the functor’s own). A cell is compared with what the morphism’s table makes of the labels that its encoder reads. For each part, the cell in which it is farthest below that:

${table(
  ['part', 'name', 'worst cell', 'accuracy', 'encoder', 'below'],
  parts.map(([kind, name, cell]) => [
    kind,
    name,
    `${cell.input} → ${cell.morphism} → ${cell.output}`,
    percent(cell.accuracy),
    percent(cell.encoder),
    points(below(cell)),
  ]),
)}

## Push-forward

Mean total variation between what the probe reads after the morphism and the product of the inputs’ beliefs carried through its table, half-and-half blends of two handwritten digits.

![push-forward](push-forward.svg)

${table(
  ['morphism', 'arity', 'after 1', 'after 10', 'after 100'],
  report.fuzziness.map(({ morphism, arity, points: drawn }) => [
    morphism,
    String(arity),
    ...STEPS.map((steps) => drawn.find((point) => point.steps === steps)?.variation.toFixed(5) ?? '–'),
  ]),
)}

Calibration of the probe on handwriting, ECE of 15 bins: ${ece.before.toFixed(4)}, and ${ece.after.toFixed(4)} after ten morphisms.

## Handwritten sums

Two numbers of N digits of MNIST’s test half, added digit by digit by \`add\` and \`carry-3\`; every digit of the sum has to be right. Nothing was trained for it. The published systems learn to read digits from sums alone; here the encoder was taught with labels, so the figures show what composition costs (nothing), not who learns better from less.

${table(
  ['N', 'sums', 'exact', 'published'],
  sums.map(({ digits, pairs, exact }) => [
    String(digits),
    String(pairs),
    percent(exact),
    Object.entries(PUBLISHED[digits] ?? {})
      .map(([system, accuracy]) => `${system} ${accuracy}`)
      .join(', ') || '–',
  ]),
)}
`,
  );
}

/** The laws of a plugin among the others. A partner must hold its own laws first, or the plugin would bear its faults. */
import type { Category } from '@deepfunctor/core';
import type { Functor, Morphism, Plugin } from '@deepfunctor/host';
import { type Bench, benchOf } from './bench.js';
import { reliable } from './functor.js';
import { type AcrossLaw, measured, nothing, type Subject } from './law.js';
import { sound } from './morphism.js';
import { asInput, questions, shown } from './questions.js';
import { gather, wrongs } from './rows.js';
import { TOLERANCES } from './tolerances.js';
import { tableAt } from './tuples.js';

type Settings = Pick<Subject, 'host' | 'seed' | 'samples'>;

/** One path of the swap matrix, and how it was judged. */
export interface Cell {
  input: string;
  morphism: string;
  output: string;
  rows: number;
  /** Share of right answers, 0 … 1; 1 where the domains leave no question. */
  accuracy: number;
  /** The first wrong answer in words, or empty. */
  first: string;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const named = ({ labels }: Category, label: number) => `“${labels[label]!.name}”`;
const takes = ({ inputs, output }: Morphism, { digest }: Category) =>
  inputs.every((each) => each.digest === digest) && output.digest === digest;

const natural: AcrossLaw = {
  name: 'natural',
  of: 'across',
  statement:
    'for functors F and G: converting F to G and then G(m) shows the label of F(m) and then converting',
  tolerance: TOLERANCES.natural,
  async check(subject) {
    const bench = benchOf(subject);
    const { functors, morphisms, left } = await partners(subject);
    const triples = functors.flatMap((f) =>
      functors
        .filter((g) => g.name !== f.name && g.category.digest === f.category.digest)
        .flatMap((g) => morphisms.filter((m) => takes(m, f.category)).map((m) => ({ f, g, m }))),
    );
    const own = triples.filter(({ f, g, m }) => [f, g, m].some(({ name }) => name === subject.plugin.name));
    if (own.length === 0) return nothing(TOLERANCES.natural, `too few partners${left}`);
    let worst = { share: -1, detail: '' };
    for (const { f, g, m } of own) {
      const found = await bench.once(`natural ${f.name} ${g.name} ${m.name}`, () => square(bench, f, g, m));
      if (found.share > worst.share) worst = found;
    }
    return measured(worst.share, TOLERANCES.natural, `${worst.detail}; ${own.length} square(s) tried${left}`);
  },
};

const swap: AcrossLaw = {
  name: 'swap',
  of: 'across',
  statement: 'every functor in, every morphism and every functor out give the right label together',
  tolerance: TOLERANCES.swap,
  async check(subject) {
    const { functors, morphisms, left } = await partners(subject);
    const cells = await cellsOf(subject, functors, morphisms, [subject.plugin.name]);
    if (cells.length === 0) return nothing(TOLERANCES.swap, `too few partners${left}`);
    const worst = cells.reduce((a, b) => (b.accuracy < a.accuracy ? b : a));
    const path = `${worst.input} -> ${worst.morphism} -> ${worst.output}`;
    const wrong = Math.round((1 - worst.accuracy) * worst.rows);
    const detail = `${wrong} of ${worst.rows} answers are wrong in the worst of ${cells.length} cells, ${path}`;
    return measured(
      1 - worst.accuracy,
      TOLERANCES.swap,
      `${detail}${worst.first && `; ${worst.first}`}${left}`,
    );
  },
};

/** The laws of any plugin among the others. */
export const acrossLaws: readonly AcrossLaw[] = [natural, swap];

/** All paths of functor, morphism and functor among the plugins whose files are whole; or those of some plugins. */
export async function swapMatrix(settings: Settings, plugins?: readonly string[]): Promise<Cell[]> {
  const bench = benchOf(settings);
  return cellsOf(settings, await allFunctors(bench), await bench.morphisms(), plugins);
}

async function cellsOf(
  settings: Settings,
  functors: Functor[],
  morphisms: Morphism[],
  only?: readonly string[],
): Promise<Cell[]> {
  const bench = benchOf(settings);
  const cells: Cell[] = [];
  for (const f of functors)
    for (const m of morphisms.filter(({ inputs }) => inputs[0]!.digest === f.category.digest))
      for (const g of functors.filter(({ category }) => category.digest === m.output.digest))
        if (only === undefined || [f, m, g].some(({ name }) => only.includes(name)))
          cells.push(await bench.once(`cell ${f.name} ${m.name} ${g.name}`, () => cellOf(bench, f, m, g)));
  return cells;
}

/** What a functor is asked for a morphism. */
interface Asked {
  rows: number;
  /** The question, or row of the reference sample, that each object is. */
  drawn: number[][];
  /** `[rows, D]` and labels of each object that the morphism takes: what they were made from, and what is read. */
  latents: Float32Array[];
  labels: number[][];
  read: number[][];
  /** `[rows, S]`, the style of the first question. */
  style: Float32Array | undefined;
}

/**
 * The functor's questions, drawn anew for each further object; objects of another category are clear reference latents.
 */
async function ask(bench: Bench, f: Functor, m: Morphism): Promise<Asked> {
  const { category, manifest } = f;
  const asked = await questions(bench, f);
  const pick = bench.picker(`ask ${f.name} ${m.name}`);
  const rows = m.inputs.length === 1 ? asked.rows : Math.max(asked.rows, bench.samples);
  const first = Array.from({ length: rows }, (_, row) => row % asked.rows);
  const objects = m.inputs.map(({ digest, dimension }, i) => {
    const sample = digest === category.digest ? undefined : bench.sample(m.inputs[i]!);
    const drawn = sample
      ? first.map(() => sample.clear[pick(sample.clear.length)]!)
      : i === 0
        ? first
        : first.map(() => pick(asked.rows));
    const { labels, read, latents } = sample
      ? { labels: sample.labels, read: sample.labels, latents: sample.latents }
      : { labels: asked.labels, read: asked.read, latents: asked.latent };
    return {
      drawn,
      latents: gather(latents, dimension, drawn),
      labels: drawn.map((row) => labels[row]!),
      read: drawn.map((row) => read[row]!),
    };
  });
  return {
    rows,
    drawn: objects.map(({ drawn }) => drawn),
    latents: objects.map(({ latents }) => latents),
    labels: objects.map(({ labels }) => labels),
    read: objects.map(({ read }) => read),
    style: asked.style && gather(asked.style, manifest.style!, first),
  };
}

async function cellOf(bench: Bench, f: Functor, m: Morphism, g: Functor): Promise<Cell> {
  const {
    rows: all,
    latents,
    labels,
    style,
  } = await bench.once(`ask ${f.name} ${m.name}`, () => ask(bench, f, m));
  const wanted = Array.from({ length: all }, (_, row) =>
    tableAt(
      m,
      labels.map((each) => each[row]!),
    ),
  );
  const defined = wanted.flatMap((label, row) => (g.domain.includes(label) ? [row] : []));
  const object = await bench.once(`apply ${f.name} ${m.name}`, () => bench.host.apply(m.name, ...latents));
  const own = f.name === g.name ? style : undefined;
  const output = await bench.host.decode(
    g.name,
    gather(object, g.category.dimension, defined),
    own && gather(own, g.manifest.style!, defined),
  );
  const seen = await shown(bench, g, output);
  const { share, rows, first } = wrongs(defined.length, (i) => {
    const row = defined[i]!;
    if (seen[i] === wanted[row]) return undefined;
    const given = m.inputs.map((category, k) => named(category, labels[k]![row]!)).join(', ');
    return `(${given}) shows ${named(g.category, seen[i]!)}, not ${named(g.category, wanted[row]!)}`;
  });
  return { input: f.name, morphism: m.name, output: g.name, rows, accuracy: 1 - share, first };
}

/** Latents of some rows, and where each row is among them. */
interface Rows {
  latent: Float32Array;
  at: Map<number, number>;
}

const rowsOf = (rows: readonly number[], latent: Float32Array): Rows => ({
  latent,
  at: new Map(rows.map((row, at) => [row, at])),
});

const taken = ({ latent, at }: Rows, size: number, rows: readonly number[]) =>
  gather(
    latent,
    size,
    rows.map((row) => at.get(row)!),
  );

/** The questions of F that G can show, converted to G: what its `encode` makes of what its `decode` shows. */
async function conversion(bench: Bench, f: Functor, g: Functor): Promise<Rows> {
  const { rows, read, latent } = await questions(bench, f);
  const both = range(rows).filter((row) => f.domain.includes(read[row]!) && g.domain.includes(read[row]!));
  const seen = await bench.host.decode(g.name, gather(latent, f.category.dimension, both));
  return rowsOf(both, (await bench.host.encode(g.name, asInput(g, seen))).latent);
}

/** F(m) of F's questions, as its `encode` reads what its `decode` shows, in the hand of the first object. */
async function answers(bench: Bench, f: Functor, m: Morphism, { rows, ...asked }: Asked): Promise<Rows> {
  const { latents, read, style } = asked;
  const own = range(rows).filter((row) => {
    const labels = read.map((each) => each[row]!);
    return [...labels, tableAt(m, labels)].every((label) => f.domain.includes(label));
  });
  const objects = latents.map((values) => gather(values, f.category.dimension, own));
  const hand = style && gather(style, f.manifest.style!, own);
  const answer = await bench.host.decode(f.name, await bench.host.apply(m.name, ...objects), hand);
  return rowsOf(own, (await bench.host.encode(f.name, asInput(f, answer))).latent);
}

/** Both ways around the square of two functors and a morphism of their category. */
async function square(
  bench: Bench,
  f: Functor,
  g: Functor,
  m: Morphism,
): Promise<{ share: number; detail: string }> {
  const { host } = bench;
  const asked = await bench.once(`ask ${f.name} ${m.name}`, () => ask(bench, f, m));
  const { drawn, read } = asked;
  // Neither depends on the third: pictures are dear.
  const toG = await bench.once(`convert ${f.name} ${g.name}`, () => conversion(bench, f, g));
  const answered = await bench.once(`answer ${f.name} ${m.name}`, () => answers(bench, f, m, asked));
  const defined = range(asked.rows).filter((row) => {
    const labels = read.map((each) => each[row]!);
    return answered.at.has(row) && [...labels, tableAt(m, labels)].every((label) => g.domain.includes(label));
  });

  const size = f.category.dimension;
  const converted = drawn.map((questions) =>
    taken(
      toG,
      size,
      defined.map((row) => questions[row]!),
    ),
  );
  const convertFirst = await host.decode(g.name, await host.apply(m.name, ...converted));
  const convertLast = await host.decode(g.name, taken(answered, size, defined));

  const [a, b] = [await shown(bench, g, convertFirst), await shown(bench, g, convertLast)];
  const { share, count, rows, first } = wrongs(defined.length, (i) => {
    if (a[i] === b[i]) return undefined;
    const given = read.map((each) => named(f.category, each[defined[i]!]!)).join(', ');
    return `(${given}) shows ${named(g.category, a[i]!)} when converted first, ${named(g.category, b[i]!)} when converted last`;
  });
  const detail = `${count} of ${rows} differ for F = ${f.name}, G = ${g.name}, m = ${m.name}${first && `; ${first}`}`;
  return { share, detail };
}

/** The subject with every partner that can be relied on, and a remark on those that cannot. */
async function partners(
  subject: Subject,
): Promise<{ functors: Functor[]; morphisms: Morphism[]; left: string }> {
  const bench = benchOf(subject);
  const faulty: string[] = [];
  const keep = async <P extends Plugin>(all: P[], holds: (plugin: P) => Promise<boolean>): Promise<P[]> => {
    const kept: P[] = [];
    for (const each of all) {
      if (each.name === subject.plugin.name || (await holds(each))) kept.push(each);
      else faulty.push(each.name);
    }
    return kept;
  };
  const functors = await keep(await allFunctors(bench), (each) => reliable(subject, each));
  const morphisms = await keep(await bench.morphisms(), (each) => sound(subject, each));
  const left = faulty.length === 0 ? '' : `; without ${faulty.join(', ')}, which fail laws of their own`;
  return { functors, morphisms, left };
}

async function allFunctors(bench: Bench): Promise<Functor[]> {
  const found: Functor[] = [];
  for (const category of bench.host.categories) found.push(...(await bench.functors(category)));
  return found;
}

/** The laws of a morphism. Every one is measured on the reference sample and the probe of its categories. */
import type { Functor, Morphism } from '@deepfunctor/host';
import { type Bench, benchOf, chosen, endomorphisms } from './bench.js';
import { holding, type MorphismLaw, measured, nothing, type Subject } from './law.js';
import { questions } from './questions.js';
import { concat, gather, largestDifference, likeliest, mean, variations, wrongs } from './rows.js';
import { batchBound, strayed } from './space.js';
import { NOISE, STEPS, TOLERANCES } from './tolerances.js';
import {
  ambiguousTuples,
  applyInPieces,
  clearTuples,
  identitiesOf,
  noised,
  pushForward,
  type Tuples,
  tableAt,
} from './tuples.js';

const quoted = ({ labels }: Morphism['output'], label: number) => `“${labels[label]!.name}”`;
const tupleOf = ({ inputs }: Morphism, labels: readonly number[]) =>
  inputs.map((category, i) => quoted(category, labels[i]!)).join(', ');
const at = ({ labels }: Tuples, row: number) => labels.map((each) => each[row]!);

const lands: MorphismLaw = {
  name: 'lands',
  of: 'morphism',
  statement:
    'its latents are finite, of the norm and within the support; a row in a batch equals the row alone',
  tolerance: TOLERANCES.lands,
  async check(subject) {
    const { host, plugin } = subject;
    const bench = benchOf(subject);
    const parts = [clearTuples(bench, plugin), ambiguousTuples(bench, plugin)];
    const latents = plugin.inputs.map((_, i) => concat(parts.map((part) => part.latents[i]!)));
    const labels = plugin.inputs.map((_, i) => parts.flatMap((part) => part.labels[i]!));
    const rows = labels[0]!.length;
    const stray = await strayed(bench, plugin.output, await host.apply(plugin.name, ...latents));
    const some = (chosenRows: readonly number[]) =>
      host.apply(plugin.name, ...latents.map((z, i) => gather(z, plugin.inputs[i]!.dimension, chosenRows)));
    const bound = await batchBound(some, rows, plugin.output.norm.value);
    const { count, share, first } = wrongs(rows, (row) => {
      const problem = stray(row) ?? bound(row);
      const tuple = labels.map((each) => each[row]!);
      return problem && `of (${tupleOf(plugin, tuple)}): ${problem}`;
    });
    return measured(share, TOLERANCES.lands, `${count} of ${rows} latents are off${first && `; ${first}`}`);
  },
};

/** `morphism.onnx` computes the table of its manifest. Others rely on it, so it is measured once. */
export const table: MorphismLaw = {
  name: 'table',
  of: 'morphism',
  statement: 'on clear reference latents the probe reads what the table says',
  tolerance: TOLERANCES.table,
  check(subject) {
    const bench = benchOf(subject);
    return bench.once(`table ${subject.plugin.name}`, async () => {
      const { host, plugin } = subject;
      const tuples = clearTuples(bench, plugin);
      const read = await readings(subject, await host.apply(plugin.name, ...tuples.latents));
      const { count, rows, share, first } = wrongs(tuples.rows, (row) => {
        const [wanted, found] = [tableAt(plugin, at(tuples, row)), read[row]!];
        if (found === wanted) return undefined;
        return `(${tupleOf(plugin, at(tuples, row))}) gives ${quoted(plugin.output, found)}, not ${quoted(plugin.output, wanted)}`;
      });
      return measured(
        share,
        TOLERANCES.table,
        `${count} of ${rows} tuples are wrong${first && `; ${first}`}`,
      );
    });
  },
};

const unit: MorphismLaw = {
  name: 'unit',
  of: 'morphism',
  statement: 'id ∘ m = m = m ∘ id, in what the probe reads',
  tolerance: TOLERANCES.unit,
  async check(subject) {
    const { host, plugin } = subject;
    const bench = benchOf(subject);
    const own = (each: Morphism) => sound(subject, each);
    const all = await bench.morphisms();
    const after = await identitiesOf(all, plugin.output, own);
    const before = await identitiesOf(all, plugin.inputs[0]!, own);
    if (after.length + before.length === 0) return nothing(TOLERANCES.unit, 'no identity is installed');
    const cases = [clearTuples(bench, plugin), ambiguousTuples(bench, plugin)].filter(({ rows }) => rows > 0);
    let worst = { figure: 0, what: '' };
    const compare = async (what: string, plain: Float32Array, other: Float32Array) => {
      const [p, q] = [await believed(subject, plain), await believed(subject, other)];
      const figure = mean(variations(p, q, plugin.output.labels.length));
      if (figure >= worst.figure) worst = { figure, what };
    };
    for (const { latents } of cases) {
      const plain = await host.apply(plugin.name, ...latents);
      for (const { name } of after)
        await compare(`${plugin.name} -> ${name}`, plain, await host.apply(name, plain));
      for (const { name } of before) {
        const first = await host.apply(name, latents[0]!);
        const other = await host.apply(plugin.name, first, ...latents.slice(1));
        await compare(`${name} -> ${plugin.name}`, plain, other);
      }
    }
    const detail = `mean total variation from ${plugin.name} alone, at most ${worst.figure.toPrecision(2)} (${worst.what})`;
    return measured(worst.figure, TOLERANCES.unit, detail);
  },
};

/** Rows in a piece of the second grouping: a number that divides nothing. */
const PIECE = 7;

const associativity: MorphismLaw = {
  name: 'associativity',
  of: 'morphism',
  statement: '(h ∘ g) ∘ f = h ∘ (g ∘ f): a chain in one go gives the latents of its halves, row by row',
  tolerance: TOLERANCES.associativity,
  async check(subject) {
    const { host, plugin } = subject;
    const bench = benchOf(subject);
    const pick = bench.picker(`associativity ${plugin.name}`);
    const firsts = chosen(await endomorphisms(bench, plugin.inputs[0]!), 3, pick);
    const lasts = chosen(await endomorphisms(bench, plugin.output), 3, pick);
    if (firsts.length === 0 || lasts.length === 0)
      return nothing(TOLERANCES.associativity, 'no morphism of one object meets it on both sides');
    const functor = await cheapest(bench, plugin.inputs[0]!);
    const answer = await cheapest(bench, plugin.output);
    const { latents } = clearTuples(bench, plugin);
    let worst = { figure: -1, what: '' };
    const compare = (what: string, a: Float32Array, b: Float32Array) => {
      const figure = largestDifference(a, b) / plugin.output.norm.value;
      if (!(figure <= worst.figure)) worst = { figure, what };
    };
    for (const f of firsts)
      for (const h of lasts) {
        const what = `${f.name} -> ${plugin.name} -> ${h.name}`;
        const early = [await host.apply(f.name, latents[0]!), ...latents.slice(1)];
        const whole = await host.apply(h.name, await host.apply(plugin.name, ...early));
        const halves: Float32Array[] = [];
        for (const half of await applyInPieces(host, plugin, early, PIECE))
          halves.push(await host.apply(h.name, half));
        compare(what, whole, concat(halves));
        if (functor === undefined || answer === undefined) continue;
        // The same through a chain of the host, which may group or fuse it as it likes.
        const { rows, input, latent } = await questions(bench, functor);
        const others = plugin.inputs.slice(1);
        if (others.some(({ digest }) => digest !== plugin.inputs[0]!.digest)) continue;
        const branches = [`${functor.name} -> ${f.name}`, ...others.map(() => functor.name)].join(', ');
        const text = `${others.length === 0 ? branches : `(${branches})`} -> ${plugin.name} -> ${h.name} -> ${answer.name}`;
        const chain = await host
          .compose(text as string)
          .runTensors(Array(plugin.inputs.length).fill(input), rows);
        const split = await host.apply(
          plugin.name,
          await host.apply(f.name, latent),
          ...others.map(() => latent),
        );
        compare(text, chain.latents, await host.apply(h.name, split));
      }
    const detail = `largest difference ${worst.figure.toPrecision(2)} of the norm (${worst.what})`;
    return measured(worst.figure, TOLERANCES.associativity, detail);
  },
};

const steady: MorphismLaw = {
  name: 'steady',
  of: 'morphism',
  statement: `noise of ${NOISE} of the norm changes no label of clear latents, nor do ${STEPS.at(-1)} steps from there; further objects are the surest of their labels`,
  tolerance: TOLERANCES.steady,
  async check(subject) {
    const { host, plugin, seed } = subject;
    const bench = benchOf(subject);
    const tuples = clearTuples(bench, plugin);
    const noisy = tuples.latents.map((z, i) => noised(z, plugin.inputs[i]!, NOISE, seed + i));
    let worst = { share: 0, detail: '' };
    const look = async (steps: number, latents: Float32Array, labels: readonly number[]) => {
      const read = await readings(subject, latents);
      const { share, count, rows, first } = wrongs(tuples.rows, (row) => {
        if (read[row] === labels[row]) return undefined;
        return `(${tupleOf(plugin, at(tuples, row))}) is ${quoted(plugin.output, read[row]!)} then, not ${quoted(plugin.output, labels[row]!)}`;
      });
      const detail = `${count} of ${rows} labels changed after ${steps} step(s)${first && `; ${first}`}`;
      if (share > worst.share || worst.share === 0) worst = { share, detail };
    };
    const wanted = (labels: readonly number[]) =>
      labels.map((label, row) => tableAt(plugin, [label, ...at(tuples, row).slice(1)]));
    await look(1, await host.apply(plugin.name, ...noisy), wanted(tuples.labels[0]!));

    // A result can be the first object of the next step where it is of the same category. An object that is not quite
    // sure would by right make the result less sure with every step, so the others are the surest there are.
    if (plugin.output.digest === plugin.inputs[0]!.digest) {
      const others = plugin.inputs
        .slice(1)
        .map((category, i) => surest(bench, category, tuples.labels[i + 1]!));
      let [latents, labels, done] = [noisy[0]!, tuples.labels[0]!, 0];
      for (const steps of STEPS) {
        for (; done < steps; done++) {
          latents = await host.apply(plugin.name, latents, ...others);
          labels = wanted(labels);
        }
        await look(steps, latents, labels);
      }
    }
    return measured(worst.share, TOLERANCES.steady, worst.detail);
  },
};

const fuzzy: MorphismLaw = {
  name: 'fuzzy',
  of: 'morphism',
  statement:
    'the push-forward: the probe reads the product of the beliefs carried through the table, clear and ambiguous',
  tolerance: TOLERANCES.fuzzy,
  async check(subject) {
    const { host, plugin } = subject;
    const bench = benchOf(subject);
    const limit = TOLERANCES.fuzzy * plugin.inputs.length;
    const measure = async ({ rows, latents, beliefs, labels }: Tuples) => {
      if (rows === 0) return undefined;
      const read = await believed(subject, await host.apply(plugin.name, ...latents));
      const all = variations(read, pushForward(plugin, beliefs), plugin.output.labels.length);
      const worst = all.indexOf(Math.max(...all));
      const tuple = tupleOf(
        plugin,
        labels.map((each) => each[worst]!),
      );
      return {
        figure: mean(all),
        worst: `${all[worst]!.toPrecision(2)} of a row that is likeliest (${tuple})`,
      };
    };
    const clear = await measure(clearTuples(bench, plugin));
    const ambiguous = await measure(ambiguousTuples(bench, plugin));
    const parts = [
      clear && `clear ${clear.figure.toPrecision(2)} (at most ${clear.worst})`,
      ambiguous
        ? `ambiguous ${ambiguous.figure.toPrecision(2)} (at most ${ambiguous.worst})`
        : 'no ambiguous latent in the reference sample',
    ];
    const figure = Math.max(clear?.figure ?? 0, ambiguous?.figure ?? 0);
    return measured(figure, limit, `mean total variation: ${parts.join(', ')}`);
  },
};

/** The laws of a morphism. */
export const morphismLaws: readonly MorphismLaw[] = [lands, table, unit, associativity, steady, fuzzy];

/** Whether a morphism computes its table, so that what fails with it is not its fault. */
export function sound(subject: Subject, morphism: Morphism): Promise<boolean> {
  return holding(() => table.check({ ...subject, plugin: morphism }));
}

async function believed({ host, plugin }: Subject<Morphism>, latents: Float32Array): Promise<Float32Array> {
  return host.probe(plugin.output, latents);
}

async function readings(subject: Subject<Morphism>, latents: Float32Array): Promise<number[]> {
  return likeliest(await believed(subject, latents), subject.plugin.output.labels.length);
}

/** The clear latent that is surest of each label. */
function surest(bench: Bench, category: Morphism['output'], labels: readonly number[]): Float32Array {
  const { latents, clearest } = bench.sample(category);
  return gather(
    latents,
    category.dimension,
    labels.map((label) => clearest[label]!),
  );
}

/** A functor for chains; texts are smaller than pictures. */
async function cheapest(bench: Bench, category: Morphism['output']): Promise<Functor | undefined> {
  const all = await bench.functors(category);
  return all.find(({ manifest }) => manifest.codec.kind !== 'image') ?? all[0];
}

/** The laws of a functor F, over its domain. F(m) is `decode ∘ m ∘ encode`. */
import { fail } from '@deepfunctor/core';
import type { Functor, Morphism } from '@deepfunctor/host';
import { benchOf, chosen, endomorphisms } from './bench.js';
import { type FunctorLaw, holding, type Labelled, measured, nothing, type Subject } from './law.js';
import { sound } from './morphism.js';
import { asInput, labelsOf, questions, rowLength, sampledStyles, shown } from './questions.js';
import { concat, correlation, gather, largestDifference, rowOf, wrongs } from './rows.js';
import { batchBound, strayed } from './space.js';
import { RANGE_TOLERANCE, TOLERANCES } from './tolerances.js';
import { identitiesOf } from './tuples.js';

/** So many morphisms, or pairs of them, are tried; of more, a seeded choice. */
const PARTNERS = 9;
/** Hands in which the labels' pictures are compared. */
const HANDS = 4;
/** Of more labels, a seeded choice is compared pair by pair. */
const COMPARED = 256;

const quoted = ({ category }: Functor, label: number) => `“${category.labels[label]!.name}”`;

const lands: FunctorLaw = {
  name: 'lands',
  of: 'functor',
  statement:
    'encode gives latents that are finite, of the norm and within the support, decode values of 0 … 1; a row in a batch equals the row alone',
  tolerance: TOLERANCES.lands,
  async check(subject) {
    const { host, plugin } = subject;
    const { category, name } = plugin;
    const bench = benchOf(subject);
    const sample = bench.sample(category);
    const domain = new Set(plugin.domain);
    const pick = bench.picker(`lands ${name}`);
    const within = sample.labels.flatMap((label, row) => (domain.has(label) ? [row] : []));
    const latents = gather(sample.latents, category.dimension, chosen(within, bench.samples, pick));
    const rows = latents.length / category.dimension;
    const style = sampledStyles(bench, plugin, rows, 0);
    const output = await host.decode(name, latents, style);
    const width = rowLength(plugin);
    const drawn = (row: number) => {
      const wrong = rowOf(output, width, row).find(
        (v) => !(v >= -RANGE_TOLERANCE && v <= 1 + RANGE_TOLERANCE),
      );
      return wrong === undefined
        ? undefined
        : `decode gives ${wrong.toPrecision(3)}, which is not within 0 … 1`;
    };
    const decodeBound = await batchBound(
      (some) =>
        host.decode(
          name,
          gather(latents, category.dimension, some),
          style && gather(style, plugin.manifest.style!, some),
        ),
      rows,
      1,
    );
    const decoded = wrongs(rows, (row) => drawn(row) ?? decodeBound(row));

    const asked = await questions(bench, plugin);
    const given = givenInput(subject);
    // Pictures of ambiguous latents are inputs that a person may well give; a text is always one of the values.
    const others =
      plugin.manifest.codec.kind === 'image' && output.every(Number.isFinite) ? output : new Float32Array();
    const input = concat([asked.input, given?.value ?? new Float32Array(), others]);
    const inputs = input.length / width;
    const stray = await strayed(bench, category, (await host.encode(name, input)).latent);
    const encodeBound = await batchBound(
      async (some) => (await host.encode(name, gather(input, width, some))).latent,
      inputs,
      category.norm.value,
    );
    const encoded = wrongs(inputs, (row) => {
      const problem = stray(row) ?? encodeBound(row);
      const label = asked.labels[row];
      return (
        problem && `the latent of ${label === undefined ? `input ${row}` : quoted(plugin, label)}: ${problem}`
      );
    });
    const told = [
      `${encoded.count} of ${inputs} latents are off${encoded.first && `; ${encoded.first}`}`,
      `${decoded.count} of ${rows} outputs are off${decoded.first && `; ${decoded.first}`}`,
    ];
    return measured(Math.max(encoded.share, decoded.share), TOLERANCES.lands, told.join('; '));
  },
};

const agrees: FunctorLaw = {
  name: 'agrees',
  of: 'functor',
  statement:
    'the probe reads the label of an input from what encode makes of it; the canonical one of each label always',
  tolerance: TOLERANCES.agrees,
  async check(subject) {
    const { host, plugin } = subject;
    const asked = await questions(benchOf(subject), plugin);
    const given = givenInput(subject);
    const theirs = given
      ? await labelsOf(benchOf(subject), plugin, (await host.encode(plugin.name, given.value)).latent)
      : [];
    const labels = [...asked.labels, ...(given?.labels ?? [])];
    const read = [...asked.read, ...theirs];
    const tell = (row: number) =>
      read[row] === labels[row]
        ? undefined
        : `${quoted(plugin, labels[row]!)} is read as ${quoted(plugin, read[row]!)}`;
    const { count, rows, share, first } = wrongs(labels.length, tell);
    const canonical = wrongs(asked.canonical, tell);
    const detail = `${count} of ${rows} inputs are misread${first && `; ${first}`}`;
    const result = measured(share, TOLERANCES.agrees, detail);
    return canonical.count === 0
      ? result
      : { ...result, holds: false, detail: `${detail}, though it is canonical` };
  },
};

const section: FunctorLaw = {
  name: 'section',
  of: 'functor',
  statement: 'decode ∘ encode keeps the label; what decode makes of clear reference latents shows theirs',
  tolerance: TOLERANCES.section,
  async check(subject) {
    const { host, plugin } = subject;
    const bench = benchOf(subject);
    const { latent, style, read, rows } = await questions(bench, plugin);
    const again = await shown(bench, plugin, await host.decode(plugin.name, latent, style));
    const kept = wrongs(rows, (row) =>
      changed(plugin, plugin.domain.includes(read[row]!), read[row]!, again[row]!),
    );
    const { byLabel, latents } = bench.sample(plugin.category);
    const pick = bench.picker(`section ${plugin.name}`);
    const each = Math.ceil(bench.samples / plugin.domain.length);
    const chosenRows = plugin.domain.flatMap((label) =>
      chosen(byLabel[label]!, each, pick).map((row) => ({ row, label })),
    );
    const reference = gather(
      latents,
      plugin.category.dimension,
      chosenRows.map(({ row }) => row),
    );
    const seen = await shown(bench, plugin, await host.decode(plugin.name, reference));
    const drawn = wrongs(chosenRows.length, (i) => changed(plugin, true, chosenRows[i]!.label, seen[i]!));
    const detail = `${kept.count} of ${rows} inputs and ${drawn.count} of ${drawn.rows} reference latents change their label`;
    const first = kept.first || drawn.first;
    return measured(
      Math.max(kept.share, drawn.share),
      TOLERANCES.section,
      first ? `${detail}; ${first}` : detail,
    );
  },
};

const faithful: FunctorLaw = {
  name: 'faithful',
  of: 'functor',
  statement: 'distinct labels have distinct images, in the canonical style and in any other',
  tolerance: TOLERANCES.faithful,
  async check(subject) {
    const { host, plugin } = subject;
    const { category, manifest, domain } = plugin;
    const bench = benchOf(subject);
    const { latents, clearest } = bench.sample(category);
    const labels = chosen(
      domain.filter((label) => clearest[label] !== undefined),
      COMPARED,
      bench.picker(`faithful ${plugin.name}`),
    );
    const objects = gather(
      latents,
      category.dimension,
      labels.map((label) => clearest[label]!),
    );
    const hands = sampledStyles(bench, plugin, manifest.style === undefined ? 1 : 1 + HANDS, 1);
    let worst = { figure: 0, what: 'there is one label' };
    for (let hand = 0; hand < (hands ? 1 + HANDS : 1); hand++) {
      const style = hands && concat(labels.map(() => rowOf(hands, manifest.style!, hand)));
      const output = await host.decode(plugin.name, objects, style);
      const width = rowLength(plugin);
      for (const [i, a] of labels.entries())
        for (const [j, b] of labels.slice(0, i).entries()) {
          const figure = 1 - largestDifference(rowOf(output, width, i), rowOf(output, width, j));
          if (figure > worst.figure || worst.figure === 0)
            worst = {
              figure,
              what: `${quoted(plugin, b)} and ${quoted(plugin, a)} differ by ${(1 - figure).toPrecision(3)} where they differ most`,
            };
        }
    }
    return measured(
      Math.max(0, worst.figure),
      TOLERANCES.faithful,
      `the closest two of ${labels.length} labels: ${worst.what}`,
    );
  },
};

const identity: FunctorLaw = {
  name: 'identity',
  of: 'functor',
  statement: 'F(id) = id, for every identity that is installed and for the chain without a morphism',
  tolerance: TOLERANCES.identity,
  async check(subject) {
    const { host, plugin } = subject;
    const bench = benchOf(subject);
    const { latent, style, read, rows } = await questions(bench, plugin);
    const installed = await identitiesOf(await bench.morphisms(), plugin.category, (each) =>
      sound(subject, each),
    );
    let worst: { share: number; detail: string } | undefined;
    for (const each of [undefined, ...installed]) {
      const object = each === undefined ? latent : await host.apply(each.name, latent);
      const again = await shown(bench, plugin, await host.decode(plugin.name, object, style));
      const { share, count, first } = wrongs(rows, (row) =>
        changed(plugin, plugin.domain.includes(read[row]!), read[row]!, again[row]!),
      );
      const what = each === undefined ? 'no morphism' : `“${each.name}”`;
      const detail = `${count} of ${rows} inputs change their label through ${what}${first && `; ${first}`}`;
      if (worst === undefined || share > worst.share) worst = { share, detail };
    }
    const tried = installed.length === 0 ? ' (no identity is installed)' : '';
    return measured(worst!.share, TOLERANCES.identity, `${worst!.detail}${tried}`);
  },
};

const composition: FunctorLaw = {
  name: 'composition',
  of: 'functor',
  statement: 'F(g ∘ f) = F(g) ∘ F(f), in the label that is shown',
  tolerance: TOLERANCES.composition,
  async check(subject) {
    const { host, plugin } = subject;
    const bench = benchOf(subject);
    const pick = bench.picker(`composition ${plugin.name}`);
    const all = await endomorphisms(bench, plugin.category);
    const pairs = chosen(
      all.flatMap((f) => all.map((g) => ({ f, g }))),
      PARTNERS,
      pick,
    );
    if (pairs.length === 0) return nothing(TOLERANCES.composition, 'no morphism of one object is installed');
    const { latent, style, read } = await questions(bench, plugin);
    const covered = (label: number | undefined) => label !== undefined && plugin.domain.includes(label);
    let worst: { share: number; detail: string } | undefined;
    for (const { f, g } of pairs) {
      // F(f) is defined where the domain covers what it gives, and so is F(g) of that.
      const defined = read.flatMap((label, row) => {
        const middle = f.manifest.table[label]!;
        return covered(label) && covered(middle) && covered(g.manifest.table[middle]) ? [row] : [];
      });
      const z = gather(latent, plugin.category.dimension, defined);
      const s = style && gather(style, plugin.manifest.style!, defined);
      const middle = await host.apply(f.name, z);
      const once = await shown(
        bench,
        plugin,
        await host.decode(plugin.name, await host.apply(g.name, middle), s),
      );
      const between = await host.encode(
        plugin.name,
        asInput(plugin, await host.decode(plugin.name, middle, s)),
      );
      const object = await host.apply(g.name, between.latent);
      const twice = await shown(bench, plugin, await host.decode(plugin.name, object, between.style));
      const { share, count, rows, first } = wrongs(defined.length, (i) =>
        once[i] === twice[i]
          ? undefined
          : `${quoted(plugin, read[defined[i]!]!)} becomes ${quoted(plugin, once[i]!)} at once, ${quoted(plugin, twice[i]!)} in two steps`,
      );
      const detail = `${count} of ${rows} inputs differ for ${f.name} -> ${g.name}${first && `; ${first}`}`;
      if (worst === undefined || share > worst.share) worst = { share, detail };
    }
    return measured(worst!.share, TOLERANCES.composition, `${worst!.detail}; ${pairs.length} pair(s) tried`);
  },
};

const keeps: FunctorLaw = {
  name: 'keeps',
  of: 'functor',
  statement: 'where encode gives a style, F(m) keeps it',
  tolerance: TOLERANCES.keeps,
  async check(subject) {
    const { host, plugin } = subject;
    const size = plugin.manifest.style;
    if (size === undefined) return nothing(TOLERANCES.keeps, 'the format has no variety');
    const bench = benchOf(subject);
    const asked = await questions(bench, plugin);
    const varied = Array.from({ length: asked.rows - asked.canonical }, (_, i) => asked.canonical + i);
    const partners = await endomorphisms(bench, plugin.category);
    let worst: { figure: number; what: string } | undefined;
    for (const m of [undefined, ...chosen(partners, PARTNERS, bench.picker(`keeps ${plugin.name}`))]) {
      const defined = varied.filter((row) => plugin.domain.includes(image(m, asked.read[row]!)));
      const latent = gather(asked.latent, plugin.category.dimension, defined);
      const before = gather(asked.style!, size, defined);
      const output = await host.decode(plugin.name, m ? await host.apply(m.name, latent) : latent, before);
      const after = (await host.encode(plugin.name, output)).style!;
      const figure = 1 - correlation(before, after, size);
      if (worst === undefined || figure > worst.figure) worst = { figure, what: m?.name ?? 'no morphism' };
    }
    const { figure, what } = worst!;
    return measured(
      figure,
      TOLERANCES.keeps,
      `the style read again correlates with the question’s by ${(1 - figure).toFixed(3)} after ${what}`,
    );
  },
};

/** The laws of a functor. */
export const functorLaws: readonly FunctorLaw[] = [
  lands,
  agrees,
  section,
  faithful,
  identity,
  composition,
  keeps,
];

/** Whether a functor reads and shows what is meant, so that what fails with it is not its fault. */
export function reliable(subject: Subject, functor: Functor): Promise<boolean> {
  const own = { ...subject, plugin: functor, inputs: undefined };
  return benchOf(subject).once(
    `reliable ${functor.name}`,
    async () => (await holding(() => agrees.check(own))) && (await holding(() => section.check(own))),
  );
}

const image = (m: Morphism | undefined, label: number) => (m ? m.manifest.table[label]! : label);

function changed(functor: Functor, covered: boolean, before: number, after: number): string | undefined {
  return !covered || before === after
    ? undefined
    : `${quoted(functor, before)} comes back as ${quoted(functor, after)}`;
}

/** The labelled inputs that came with the subject, labels as indices. Errors: INPUT_TENSOR, VALUE_OUTSIDE_DOMAIN. */
function givenInput({
  plugin,
  inputs,
}: Subject<Functor>): { value: Float32Array; labels: number[] } | undefined {
  if (inputs === undefined) return undefined;
  const { value, labels }: Labelled = inputs;
  const where = `the inputs given for “${plugin.name}”`;
  const shape = [labels.length, rowLength(plugin)];
  if (value.length !== shape[0]! * shape[1]!)
    fail('INPUT_TENSOR', {
      where,
      name: 'value',
      reason: `it has ${value.length} values`,
      shape: `[${shape.join(', ')}]`,
    });
  const indices = labels.map((label) => {
    const index = plugin.manifest.domain.indexOf(label);
    const values = plugin.manifest.domain.join(', ');
    return index >= 0
      ? plugin.domain[index]!
      : fail('VALUE_OUTSIDE_DOMAIN', { where, value: label, functor: plugin.name, values });
  });
  return { value, labels: indices };
}

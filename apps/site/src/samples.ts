/** What a plugin does, shown by really running it on its category's reference codes. */
import { type Category, readReference } from '@deepfunctor/core';
import { decodeOutput, type Functor, type Host, type Morphism, normals, rowShape } from '@deepfunctor/host';
import { isPainter, type Painter, sheetOf, tilesOf } from './pictures.js';

export interface Sample {
  caption: string;
  png: Uint8Array;
  /** In pixels. */
  width: number;
  height: number;
}

/** A text format's form of each label. */
export type Values = { label: string; value: string }[];

/** Rows of hands below the canonical one. */
const HANDS = 4;
/** A sheet shows no more labels along a side. */
const SIDE = 20;

/** `[n, D]`: the reference code of each label. */
function codesOf(category: Category, labels: readonly number[]): Float32Array {
  const { codes } = readReference(category);
  const d = category.dimension;
  return Float32Array.from(labels.flatMap((label) => [...codes.subarray(label * d, (label + 1) * d)]));
}

const all = ({ labels }: Category): number[] => labels.map((_, index) => index).slice(0, SIDE);

/** An image functor as its labels: the canonical rendering, and below it, where there is a style, sampled ones. */
export async function labelStrip(host: Host, painter: Painter): Promise<Sample> {
  const labels = painter.domain.slice(0, SIDE);
  const codes = codesOf(painter.category, labels);
  const tiles = await tilesOf(host, painter, codes);
  const { style } = painter.manifest;
  for (let hand = 1; style !== undefined && hand <= HANDS; hand++) {
    // One hand writes a whole row.
    const one = [...normals(style, hand)];
    tiles.push(...(await tilesOf(host, painter, codes, Float32Array.from(labels.flatMap(() => one)))));
  }
  const names = labels.map((label) => painter.category.labels[label]!.name).join(', ');
  const hands = style === undefined ? '' : `; below, the same in ${HANDS} sampled styles`;
  return { caption: `Decoded from the codes of ${names}${hands}.`, ...sheetOf(tiles, labels.length) };
}

/** A text functor as its labels: what its decoder spells for the code of each. */
export async function labelValues(host: Host, functor: Functor): Promise<Values> {
  const { codec } = functor.manifest;
  const size = rowShape(codec).reduce((product, side) => product * side, 1);
  const output = await host.decode(functor.name, codesOf(functor.category, functor.domain));
  return functor.domain.map((label, i) => {
    const { value, raw } = decodeOutput(codec, output.subarray(i * size, (i + 1) * size));
    return { label: functor.category.labels[label]!.name, value: raw ?? String(value) };
  });
}

/** The image functor that draws objects of a category: a founding one that covers every label, the first by name. */
export function painterFor(host: Host, category: Category): Painter | undefined {
  const painters = host.plugins
    .filter((plugin): plugin is Functor => plugin.kind === 'functor')
    .filter(isPainter)
    .filter(
      (each) => each.category.digest === category.digest && each.domain.length === category.labels.length,
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return painters.find(({ manifest }) => manifest.card.mode === 'founding') ?? painters[0];
}

/** A morphism at work, drawn by its categories' painters; nothing where a category has none. */
export async function morphismSamples(host: Host, morphism: Morphism): Promise<Sample[]> {
  const painter = painterFor(host, morphism.output);
  if (painter === undefined) return [];
  if (morphism.inputs.length === 1) return [await beforeAndAfter(host, morphism, painter)];
  if (morphism.inputs.length === 2) return [await grid(host, morphism, painter, 'first')];
  return [await grid(host, morphism, painter, 'first'), await grid(host, morphism, painter, 'last')];
}

/** Each object above, and what the morphism makes of it below. */
async function beforeAndAfter(host: Host, morphism: Morphism, painter: Painter): Promise<Sample> {
  const category = morphism.inputs[0]!;
  const codes = codesOf(category, all(category));
  const answers = await tilesOf(host, painter, await host.apply(morphism.name, codes));
  // An object of another category has another painter, and pictures of two sizes share no sheet.
  if (painterFor(host, category)?.directory !== painter.directory) {
    const caption = `What ${morphism.name} makes of ${all(category)
      .map((label) => category.labels[label]!.name)
      .join(', ')}, drawn by ${painter.name}.`;
    return { caption, ...sheetOf(answers, answers.length) };
  }
  const tiles = [...(await tilesOf(host, painter, codes)), ...answers];
  const caption = `Above each object, below it what ${morphism.name} makes of it; drawn by ${painter.name}.`;
  return { caption, ...sheetOf(tiles, answers.length) };
}

/** Every pair of the first two inputs, the others all at their first or their last label. */
async function grid(
  host: Host,
  morphism: Morphism,
  painter: Painter,
  end: 'first' | 'last',
): Promise<Sample> {
  const [first, second, ...others] = morphism.inputs as [Category, Category, ...Category[]];
  const fixed = others.map(({ labels }) => (end === 'first' ? 0 : labels.length - 1));
  const tuples = all(first).flatMap((a) => all(second).map((b) => [a, b, ...fixed]));
  const latents = morphism.inputs.map((category, i) =>
    codesOf(
      category,
      tuples.map((tuple) => tuple[i]!),
    ),
  );
  const tiles = await tilesOf(host, painter, await host.apply(morphism.name, ...latents));
  const also = others.map(
    (category, i) => `, ${letter(i + 2)} is ${category.labels[fixed[i]!]!.name} throughout`,
  );
  const caption = `What ${morphism.name} makes of each pair, drawn by ${painter.name}: a changes from row to row, b along a row${also.join('')}.`;
  return { caption, ...sheetOf(tiles, all(second).length) };
}

/** Names of a morphism's inputs, as in the expression of a table. */
export const letter = (index: number): string => String.fromCharCode(97 + index);

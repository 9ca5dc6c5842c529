/** Labelled examples of a format: a CSV file of value and text, or a folder of labelled PNG files. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Category, fail, type ImageCodec, reasonOf } from '@deepfunctor/core';
import { encodeInput } from '@deepfunctor/host';
import { parse } from 'csv-parse/sync';

/** Texts of a format: one for each label of the domain, in the category's order. */
export interface Texts {
  /** Label indices, ascending. */
  domain: number[];
  values: string[];
}

/** Pictures of a format, as the image codec reads them. */
export interface Pictures {
  domain: number[];
  /** `[count, height · width]`, 0 … 1, ink is 1. */
  pixels: Float32Array;
  /** `[count]`, places in the domain. */
  places: number[];
  count: number;
}

/** Read a CSV file of label and text, with or without a first row that names them. Errors: INPUT_MISSING, EXAMPLES_INVALID. */
export function readTexts(path: string, category: Category, partial = false): Texts {
  const refuse = refusal(path);
  let rows: string[][];
  const content = readText(path);
  try {
    rows = parse(content, { skip_empty_lines: true, trim: true, bom: true });
  } catch (cause) {
    return refuse(`it is no CSV (${reasonOf(cause)})`, CSV, cause);
  }
  const byLabel = new Map<number, string>();
  for (const [line, row] of rows.entries()) {
    const [name, text] = row;
    if (row.length !== 2 || text === undefined || text === '')
      return refuse(`row ${line + 1} is not a value and a text`, CSV);
    const label = category.labels.findIndex((each) => each.name === name);
    if (label < 0) {
      if (line === 0) continue;
      return refuse(`“${name}” in row ${line + 1} is no label of “${category.name}”`, CSV);
    }
    const known = byLabel.get(label);
    if (known !== undefined && known !== text)
      return refuse(
        `they contradict each other: ${name} is both “${known}” and “${text}”`,
        'Give each value one text.',
      );
    const owner = [...byLabel].find(([other, value]) => other !== label && value === text);
    if (owner !== undefined)
      return refuse(
        `they contradict each other: “${text}” is both ${category.labels[owner[0]]!.name} and ${name}`,
        'Give each value a text of its own.',
      );
    byLabel.set(label, text);
  }
  const domain = covered([...byLabel.keys()], category, partial, refuse);
  return { domain, values: domain.map((label) => byLabel.get(label)!) };
}

/**
 * Read a folder of PNG files: LABEL/anything.png or LABEL-anything.png. Errors: INPUT_MISSING, EXAMPLES_INVALID (naming the
 * file that cannot be read, and pictures that are alike but labelled otherwise).
 */
export function readPictures(
  folder: string,
  category: Category,
  codec: ImageCodec,
  partial = false,
): Pictures {
  const refuse = refusal(folder);
  const found: { label: number; path: string }[] = [];
  const labelOf = (name: string) => category.labels.findIndex((each) => each.name === name);
  for (const name of names(folder)) {
    const path = join(folder, name);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      const pngs = names(path).filter((file) => /\.png$/i.test(file));
      const label = labelOf(name);
      if (label < 0 && pngs.length > 0)
        return refuse(`the folder “${name}” is no label of “${category.name}”`, FOLDER);
      for (const file of pngs) found.push({ label, path: join(path, file) });
    } else if (/\.png$/i.test(name)) {
      const label = labelOf(name.slice(0, Math.max(0, name.indexOf('-'))));
      if (label < 0)
        return refuse(`“${name}” does not begin with a label of “${category.name}” and a hyphen`, FOLDER);
      found.push({ label, path });
    }
  }
  const domain = covered(
    found.map(({ label }) => label),
    category,
    partial,
    refuse,
  );
  const size = codec.height * codec.width;
  const pixels = new Float32Array(found.length * size);
  const seen = new Map<string, { label: number; path: string }>();
  for (const [i, { label, path }] of found.entries()) {
    let row: Float32Array;
    try {
      row = encodeInput(codec, readFileSync(path), { functor: 'the examples', where: path });
    } catch (cause) {
      return refuse(
        `${basename(path)}: ${reasonOf(cause).replace(/\.$/, '')}`,
        'Mend or remove that file.',
        cause,
      );
    }
    const key = Buffer.from(row.buffer).toString('base64');
    const twin = seen.get(key);
    if (twin !== undefined && twin.label !== label)
      return refuse(
        `they contradict each other: ${basename(twin.path)} and ${basename(path)} are the same picture with different labels`,
        'Remove the one that is labelled wrongly.',
      );
    seen.set(key, { label, path });
    pixels.set(row, i * size);
  }
  return { domain, pixels, places: found.map(({ label }) => domain.indexOf(label)), count: found.length };
}

const CSV = 'Write one row for each value: its label, a comma, its text.';
const FOLDER = 'Name the files LABEL-anything.png, or put them into a folder for each label.';

function refusal(where: string) {
  return (reason: string, solution: string, cause?: unknown): never =>
    fail('EXAMPLES_INVALID', { where, reason, solution, cause });
}

/** The labels that there are examples of, ascending; all of the category's unless a part of them will do. */
function covered(
  labels: readonly number[],
  { labels: all }: Category,
  partial: boolean,
  refuse: (reason: string, solution: string) => never,
): number[] {
  const missing = all.filter((_, label) => !labels.includes(label)).map(({ name }) => name);
  if (labels.length === 0) return refuse('there is none', 'Give at least one example of each label.');
  if (missing.length > 0 && !partial)
    return refuse(
      `there is none of ${missing.join(', ')}`,
      'Give at least one example of each label, or --partial for a functor that covers only some.',
    );
  const domain = [...new Set(labels)].sort((a, b) => a - b);
  return domain.length > 1
    ? domain
    : refuse('they are all of one label', 'Give examples of at least two labels.');
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    return fail('INPUT_MISSING', { where: path, reason: reasonOf(cause), cause });
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    return fail('INPUT_MISSING', { where: folder, reason: reasonOf(cause), cause });
  }
}

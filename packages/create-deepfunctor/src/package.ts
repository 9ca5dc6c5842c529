/** The files of a new plugin's package. Its manifest, weights and typed reference come with the learning. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  builtinCategories,
  type Category,
  fail,
  readCategory,
  reasonOf,
  writeWhole,
} from '@deepfunctor/core';
import { type Answers, isCsv, picturesIn, starterTexts } from './answers.js';

/** Write the package, whole or not at all. Errors: INPUT_MISSING, OUTPUT_UNWRITABLE. */
export function writePackage(answers: Answers): void {
  const dir = resolve(answers.dir);
  const temporary = join(dirname(dir), `.${basename(dir)}.${randomUUID()}.tmp`);
  // An interrupt waits until the folder is in its place: nothing here gives way to it.
  const wait = () => {};
  process.once('SIGINT', wait);
  try {
    writeInto(temporary, answers);
    place(temporary, dir);
  } finally {
    if (existsSync(temporary)) rmSync(temporary, { recursive: true });
    process.removeListener('SIGINT', wait);
  }
}

function place(temporary: string, dir: string): void {
  try {
    // An empty folder may be there; not every system renames over it.
    if (existsSync(dir)) rmdirSync(dir);
    renameSync(temporary, dir);
  } catch (cause) {
    fail('OUTPUT_UNWRITABLE', { where: dir, reason: reasonOf(cause), cause });
  }
}

function writeInto(folder: string, answers: Answers): void {
  const { dir, kind, name } = answers;
  const put = (path: string, content: string) => writeWhole(join(folder, path), content);
  const source = sourceOf(answers);
  const json = {
    name: basename(resolve(dir)),
    version: '0.1.0',
    description: `A ${kind} for Deep Functor: ${name}.`,
    license: 'MIT',
    type: 'module',
    scripts: { learn: learnCommand(answers, source), test: 'vitest run', prepublishOnly: 'npm test' },
    devDependencies: companions(),
  };
  put('package.json', `${JSON.stringify(json, null, 2)}\n`);
  put('test/plugin.test.js', TEST);
  put('.gitignore', 'node_modules/\n*.tgz\n');
  if (source !== undefined) copySource(answers, join(folder, source));
}

/** What it is learned from, as it is called in the package; undefined for an expression. */
function sourceOf(answers: Answers): string | undefined {
  if (answers.kind === 'functor') return answers.codec === 'image' ? 'examples' : 'examples.csv';
  return isCsv(answers.table) ? 'table.csv' : undefined;
}

function learnCommand(answers: Answers, source: string | undefined): string {
  const { kind, name } = answers;
  const how =
    kind === 'functor'
      ? ['--codec', answers.codec, '--examples', source!]
      : ['--arity', String(answers.arity), '--table', JSON.stringify(source ?? answers.table)];
  return ['deepfunctor learn', kind, '--name', name, ...how, '--replace', '--out', '.'].join(' ');
}

function copySource(answers: Answers, to: string): void {
  if (answers.kind === 'morphism') writeWhole(to, read(answers.table));
  else if (answers.codec === 'image')
    for (const path of picturesIn(answers.examples!))
      writeWhole(join(to, path), read(join(answers.examples!, path)));
  else if (answers.examples !== undefined) writeWhole(to, read(answers.examples));
  else writeWhole(to, starter(answers.codec, readCategory(builtinCategories()[0]!)));
}

function read(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    return fail('INPUT_MISSING', { where: path, reason: reasonOf(cause), cause });
  }
}

function starter(codec: 'symbols' | 'bits', category: Category): string {
  const texts = starterTexts(codec, category);
  return category.labels.map(({ name }, i) => `${name},${texts[i]}\n`).join('');
}

/** What it is learned, tried and tested with: the versions that this release was made with. */
function companions(): Record<string, string> {
  const own = new URL('../package.json', import.meta.url);
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(own, 'utf8')) as Record<
    'dependencies' | 'peerDependencies',
    Record<string, string>
  >;
  const core = '@deepfunctor/core';
  return { [core]: `^${dependencies[core]}`, ...peerDependencies };
}

const TEST = `import { testPlugin } from '@deepfunctor/laws/vitest';

testPlugin(new URL('..', import.meta.url));
`;

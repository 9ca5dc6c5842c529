// A second founding of Fuzzy Digits, for what spaces and bridges are shown and tested with: another seed, and a training
// that is not refined and may be stopped early, because what is shown with it is its space. Only its category release
// (version 2.0.0) and its digits functor are kept: `pnpm found:second --data mnist [--stop 1000]`. The same command goes on
// from where it stopped.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { spaceDigest } from '../packages/core/dist/index.js';
import { loadCheckpoint } from '../packages/train/dist/checkpoint.js';
import { readMnist } from '../packages/train/dist/data/idx.js';
import { openEngine } from '../packages/train/dist/engine.js';
import { extractSpace } from '../packages/train/dist/fuzzy-digits/extract.js';
import { JOINT, trainJointly } from '../packages/train/dist/fuzzy-digits/joint.js';
import { decodersOnBeliefs } from '../packages/train/dist/fuzzy-digits/refine.js';
import { writeRelease } from '../packages/train/dist/fuzzy-digits/release.js';
import { TABLES } from '../packages/train/dist/fuzzy-digits/settings.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    seed: { type: 'string', default: '3' },
    // The schedule of the joint training, and where it is stopped.
    steps: { type: 'string', default: '2400' },
    stop: { type: 'string', default: '2400' },
    run: { type: 'string', default: '.founding-second' },
    out: { type: 'string', default: 'examples/second-founding' },
  },
});
if (values.data === undefined) throw new Error('Give --data, the folder of the four MNIST files.');
const VERSION = '2.0.0';
const [data, run, out] = [values.data, values.run, values.out].map((path) => resolve(path));
const [seed, steps, stop] = [Number(values.seed), Number(values.steps), Number(values.stop)];
const recipe = { ...JOINT, mode: 'path', seed, steps };

mkdirSync(run, { recursive: true });
const tf = await openEngine();
const checkpoint = join(run, 'joint.safetensors');
const reached = () => (existsSync(checkpoint) ? loadCheckpoint(checkpoint, recipe).state.step : 0);
if (reached() < stop) {
  const control = new AbortController();
  let said = 0;
  const onStep = (step, of, loss) => {
    if (step >= stop) control.abort();
    if (step < stop && Date.now() - said < 30_000) return;
    said = Date.now();
    console.log(`joint founding ${step}/${of}, loss ${loss.toFixed(4)}`);
  };
  try {
    await trainJointly(tf, recipe, { data, checkpoint, signal: control.signal, onStep });
  } catch (error) {
    if (!control.signal.aborted) throw error;
  }
}
// What a training comes to is its averaged weights; a weight without an average never had a gradient.
const { state, weights: kept } = loadCheckpoint(checkpoint, recipe);
const names = Object.keys(kept).filter((name) => name.startsWith('weight:'));
const weights = Object.fromEntries(
  names.map((name) => {
    const weight = name.slice('weight:'.length);
    return [weight, kept[`average:${weight}`] ?? kept[name]];
  }),
);

const images = readMnist(data, 'train');
const space = extractSpace(tf, weights, images, seed, recipe.validation);
for (const [name, answers] of Object.entries(space.readings))
  if (answers.join() !== TABLES.identity.join())
    throw new Error(`“${name}” has not learned its labels, it answers ${answers.join(' ')}: train longer`);
// No morphism of this founding is kept. Where one had not learned its table yet, the card says so.
const behind = Object.keys(TABLES).filter((name) => space.tables[name].join() !== TABLES[name].join());
space.tables = TABLES;
writeRelease(tf, decodersOnBeliefs(weights, space), space, images, {
  seed,
  steps: state.step,
  validation: recipe.validation,
  category: join(run, 'category'),
  plugins: join(run, 'plugins'),
  recipe: `Joint founding, one path of functor, morphism and functor a step, stopped after ${state.step} of ${steps} scheduled steps. The frame is the polar factor of the mean latents that the trained parts came to.`,
  notes: `Nothing was refined after the joint training: what is shown with this founding is its space.${behind.length === 0 ? '' : ` When it was stopped, ${behind.join(' and ')} did not give every label right yet; no morphism of it is kept, and the reference sample has the labels that are meant.`}`,
});

// A founding calls itself version 1; this is the second, so its release and its plugin say 2.
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));
const writeJson = (file, json) => writeFileSync(file, `${JSON.stringify(json, null, 2)}\n`);
const category = join(out, 'category-fuzzy-digits');
const functor = join(out, 'functor-digits');
for (const folder of [category, functor]) rmSync(folder, { recursive: true, force: true });
cpSync(join(run, 'category'), category, { recursive: true });
cpSync(join(run, 'plugins/functor-digits'), functor, { recursive: true });

const release = { ...readJson(join(category, 'category.json')), version: VERSION };
release.digest = spaceDigest(release);
writeJson(join(category, 'category.json'), release);
writeJson(join(category, 'package.json'), {
  name: '@deepfunctor/category-fuzzy-digits',
  version: VERSION,
  private: true,
  description: 'A second founding of Fuzzy Digits: another space, with the same labels.',
  license: 'MIT',
  keywords: ['deepfunctor-plugin'],
  exports: { './package.json': './package.json' },
  deepfunctor: { manifest: 1, kind: 'category', name: release.name, path: '.' },
});

const json = readJson(join(functor, 'package.json'));
json.version = VERSION;
json.private = true;
json.deepfunctor.port = { category: release.name, contract: `^${VERSION}`, space: release.digest };
writeJson(join(functor, 'package.json'), json);

const { accuracy } = state.curve.at(-1);
console.log(`Handwriting read right on rows kept for validation: ${(100 * accuracy).toFixed(2)} %`);
console.log(`Written to ${values.out}: ${release.digest}`);
process.exit();

// A second founding of Fuzzy Digits, for what spaces and bridges are shown and tested with: another seed, and a training
// that is stopped early and not refined (one step, the least there is), because what is shown with it is its space. Only its category release
// (version 2.0.0) and its digits functor are kept: `node scripts/found-second.js --data mnist`.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { spaceDigest } from '../packages/core/dist/index.js';
import { loadCheckpoint, saveCheckpoint } from '../packages/train/dist/checkpoint.js';
import { openEngine } from '../packages/train/dist/engine.js';
import { found } from '../packages/train/dist/fuzzy-digits/found.js';
import { JOINT, trainJointly } from '../packages/train/dist/fuzzy-digits/joint.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    seed: { type: 'string', default: '3' },
    // The schedule of the joint training, and where it is stopped.
    steps: { type: 'string', default: '2400' },
    stop: { type: 'string', default: '1000' },
    run: { type: 'string', default: '.founding-second' },
    out: { type: 'string', default: 'examples/second-founding' },
  },
});
if (values.data === undefined) throw new Error('Give --data, the folder of the four MNIST files.');

const VERSION = '2.0.0';
const REFINE = { encoders: 1, hands: 1, digits: 1, dots: 1, binary: 1 };
const [data, run, out] = [values.data, values.run, values.out].map((path) => resolve(path));
const [steps, stop] = [Number(values.steps), Number(values.stop)];
const joint = { seed: Number(values.seed), mode: 'path' };

let said = 0;
const onStep = (stage, step, of, loss) => {
  if (step < of && Date.now() - said < 30_000) return;
  said = Date.now();
  console.log(`${stage} ${step}/${of}, loss ${loss.toFixed(4)}`);
};

const tf = await openEngine();
mkdirSync(run, { recursive: true });
const begun = join(run, 'begun.safetensors');
const cut = join(run, 'joint.safetensors');
if (!existsSync(cut)) {
  const recipe = { ...JOINT, ...joint, steps };
  const control = new AbortController();
  await trainJointly(tf, recipe, {
    data,
    checkpoint: begun,
    signal: control.signal,
    onStep(step, of, loss) {
      onStep('joint founding', step, of, loss);
      if (step >= stop) control.abort();
    },
  }).catch((error) => {
    if (!control.signal.aborted) throw error;
  });
  const { state, weights } = loadCheckpoint(begun, recipe);
  saveCheckpoint(cut, { ...recipe, steps: state.step }, state, weights);
}
const founding = await found(tf, {
  data,
  run,
  category: join(run, 'category'),
  plugins: join(run, 'plugins'),
  joint: { ...joint, steps: Math.min(steps, stop) },
  refine: REFINE,
  onStep,
});

// A founding calls itself version 1; this is the second, so its release and its plugin say 2.
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));
const writeJson = (file, json) => writeFileSync(file, `${JSON.stringify(json, null, 2)}\n`);
const category = join(out, 'category-fuzzy-digits');
const functor = join(out, 'functor-digits');
for (const folder of [category, functor]) rmSync(folder, { recursive: true, force: true });
cpSync(join(run, 'category'), category, { recursive: true });
cpSync(join(run, 'plugins/functor-digits'), functor, { recursive: true });

const note = `The joint training was stopped after ${Math.min(steps, stop)} of ${steps} scheduled steps.`;
const release = { ...readJson(join(category, 'category.json')), version: VERSION };
release.card.notes = `${note} ${release.card.notes}`;
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
json.deepfunctor.card.notes = `${note} ${json.deepfunctor.card.notes}`;
writeJson(join(functor, 'package.json'), json);

console.log(
  `Handwriting read right on rows kept for validation: ${(100 * founding.validation).toFixed(2)} %`,
);
console.log(`Written to ${values.out}: ${release.digest}`);
process.exit();

// A second founding of Fuzzy Digits, for what spaces and bridges are shown and tested with, and what the contrast is drawn
// with: another seed, one path a step, refined for a shorter time. Its category release (version 2.0.0) and its digits
// functor are kept: `pnpm found:second --data mnist`. The same command goes on from where it stopped.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { spaceDigest } from '../packages/core/dist/index.js';
import { openEngine } from '../packages/train/dist/engine.js';
import { found } from '../packages/train/dist/fuzzy-digits/found.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    seed: { type: 'string', default: '3' },
    steps: { type: 'string', default: '2400' },
    run: { type: 'string', default: '.founding-second' },
    out: { type: 'string', default: 'examples/second-founding' },
  },
});
if (values.data === undefined) throw new Error('Give --data, the folder of the four MNIST files.');
const VERSION = '2.0.0';
const [data, run, out] = [values.data, values.run, values.out].map((path) => resolve(path));

let said = 0;
const founding = await found(await openEngine(), {
  data,
  run,
  category: join(run, 'category'),
  plugins: join(run, 'plugins'),
  joint: { mode: 'path', seed: Number(values.seed), steps: Number(values.steps) },
  refine: { encoders: { dots: 1000, digits: 1500 }, dots: 6000, digits: 800 },
  onStep(stage, step, steps, loss) {
    if (step < steps && Date.now() - said < 30_000) return;
    said = Date.now();
    console.log(`${stage} ${step}/${steps}, loss ${loss.toFixed(4)}`);
  },
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

console.log(
  `Handwriting read right on rows kept for validation: ${(100 * founding.validation).toFixed(2)} %`,
);
console.log(`Written to ${values.out}: ${release.digest}`);
process.exit();

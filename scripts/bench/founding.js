// Steps of the joint founding on the native engine against the same networks and losses in PyTorch, on the same batches.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Adam } from '../../packages/train/dist/adam.js';
import { openEngine } from '../../packages/train/dist/engine.js';
import { byLabel, makeBatch } from '../../packages/train/dist/fuzzy-digits/batch.js';
import { foundingLoss, pathsOf } from '../../packages/train/dist/fuzzy-digits/founding.js';
import { JOINT } from '../../packages/train/dist/fuzzy-digits/joint.js';
import { FUNCTORS, MORPHISMS, STYLE, TABLES } from '../../packages/train/dist/fuzzy-digits/settings.js';
import { Parameters } from '../../packages/train/dist/nn.js';
import { Random } from '../../packages/train/dist/random.js';
import { pictures } from './lib/pictures.js';
import { program, torch } from './lib/python.js';
import { figure, turns } from './lib/turns.js';

const BATCHES = 4;
/** Steps of a round; an epoch of 55,000 pictures in batches of 256 of handwriting is 215 of them. */
const STEPS = 12;

export default async function ({ data, smoke, progress }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-founding-'));
  try {
    const { seed, size, perLabel, rate, mode } = JOINT;
    const images = pictures(data, smoke, 'train');
    const rows = byLabel(images.labels, 0, Math.min(images.count, JOINT.validation));
    const batches = Array.from({ length: BATCHES }, (_, step) =>
      makeBatch(images, rows, seed, step, size, perLabel),
    );
    const paths = pathsOf(mode, new Random(seed, 2, 0));
    const file = join(folder, 'recipe.json');
    const told = batches.map((batch, index) =>
      Object.fromEntries(
        Object.entries(batch).map(([name, values]) => {
          if (typeof values === 'number') return [name, values];
          const path = join(folder, `${name}-${index}.bin`);
          writeFileSync(path, values);
          return [name, { path, type: values instanceof Float32Array ? 'float32' : 'uint8' }];
        }),
      ),
    );
    const settings = {
      functors: FUNCTORS,
      morphisms: MORPHISMS,
      styles: STYLE,
      tables: TABLES,
      paths,
      size,
      perLabel,
      rate,
    };
    writeFileSync(file, JSON.stringify({ ...settings, batches: told }));

    const tf = await openEngine('native');
    const p = new Parameters(tf, seed);
    const adam = new Adam(p);
    tf.tidy(() => void foundingLoss(p, batches[0], pathsOf('all', new Random(0)), new Random(0)));
    const names = [...p.variables.keys()];
    let at = 0;
    let loss = 0;
    const steps = smoke ? 1 : STEPS;
    const ours = () => {
      const from = performance.now();
      for (let step = 0; step < steps; step++, at++) {
        const random = new Random(seed, 3, at);
        loss = adam.step(names, () => foundingLoss(p, batches[at % BATCHES], paths, random), rate / 10);
      }
      if (!Number.isFinite(loss)) throw new Error('the founding diverged');
      return (performance.now() - from) / steps;
    };
    const python = program(torch(), 'founding.py', file);
    progress('PyTorch tries its threads');
    const { threads, weights } = await python.ask({ steps: smoke ? 1 : 4, choose: true });
    const own = names.reduce((sum, name) => sum + p.variables.get(name).size, 0);
    if (weights !== own) throw new Error(`the twin has ${weights} weights, the founding ${own}`);
    ours();
    progress(`${steps} steps in turns, ${paths.length} paths`);
    const theirs = async () => (await python.ask({ steps })).ms;
    const pair = await turns(ours, theirs, smoke ? 1 : 9);
    python.close();
    adam.dispose();
    p.dispose();
    return {
      title: 'The joint founding, against PyTorch',
      how: `Steps of mode “${mode}” (batches of ${size}, all ${paths.length} trained paths) on the native engine, one thread, against the same networks of ${own.toLocaleString('en')} weights, losses and Adam in PyTorch (${threads} thread${threads > 1 ? 's' : ''}, the faster choice). The batches are made beforehand, the same for both; an epoch is a number of such steps.`,
      figures: [
        figure('time of a step of the founding, against PyTorch', pair, {
          names: ['native engine', 'PyTorch'],
          limit: { most: 2 },
        }),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// Learning the roman functor on the native engine against the same recipe in PyTorch: the same beliefs, batches and steps.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeInput } from '../../packages/host/dist/index.js';
import { openEngine } from '../../packages/train/dist/engine.js';
import { noisedPool, openContract } from '../../packages/train/dist/learn/contract.js';
import { readTexts } from '../../packages/train/dist/learn/examples.js';
import { learnText, symbolsOf } from '../../packages/train/dist/learn/text.js';
import { hostOf, root } from './lib/chains.js';
import { program, torch } from './lib/python.js';
import { figure, turns } from './lib/turns.js';

const SEED = 1;
const POOL = 100;

export default async function ({ smoke, progress }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-learning-'));
  const host = await hostOf();
  try {
    const contract = openContract(host, 'fuzzy-digits');
    const texts = readTexts(join(root, 'plugins/functor-roman/recipe/roman.csv'), contract.category);
    const codec = symbolsOf(texts);
    const tf = await openEngine('native');
    const task = { name: 'roman', contract, codec, texts, seed: SEED };
    /** Milliseconds of a step, from the end of the first one to the end. */
    let steps = 0;
    const ours = async () => {
      let from;
      steps = (
        await learnText(tf, task, {
          onStep: (step) => {
            if (step === 1) from = performance.now();
          },
        })
      ).steps;
      return (performance.now() - from) / (steps - 1);
    };
    progress('learning once');
    await ours();
    const pool = await noisedPool(contract, 'learned', POOL, SEED);
    const rows = texts.values.map((value) => [
      ...encodeInput(codec, value, { functor: 'roman', where: value }),
    ]);
    const shapes = { positions: codec.length, symbols: codec.alphabet.length };
    const file = join(folder, 'recipe.json');
    const K = contract.category.labels.length;
    const labels = pool.byLabel.map((of) =>
      of.map((row) => [...pool.beliefs.subarray(row * K, (row + 1) * K)]),
    );
    writeFileSync(
      file,
      JSON.stringify({
        rows,
        ...shapes,
        beliefs: texts.domain.map((label) =>
          labels[label].map((belief) => texts.domain.map((to) => belief[to])),
        ),
      }),
    );
    const python = program(torch(), 'learning.py', file);
    progress(`${steps} steps, in turns with PyTorch`);
    const threads = (await python.ask({ steps: smoke ? 5 : steps, choose: true })).threads;
    const theirs = async () => (await python.ask({ steps })).ms;
    const pair = await turns(ours, theirs, smoke ? 1 : 9);
    python.close();
    return {
      title: 'Learning the roman functor, against PyTorch',
      how: `The steps of \`deepfunctor learn functor --codec symbols\` on the native engine against the same networks, losses, Adam and ${steps} steps in PyTorch (${threads} thread${threads > 1 ? 's' : ''}, the faster choice): time of a step, draws of its batch included on both sides.`,
      figures: [
        figure('time of a step of learning, against PyTorch', pair, {
          limit: { most: 2 },
          names: ['native engine', 'PyTorch'],
        }),
      ],
    };
  } finally {
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

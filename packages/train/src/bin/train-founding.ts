#!/usr/bin/env node
/** `pnpm train:founding`: found Fuzzy Digits anew, from MNIST to the committed release. */
import { resolve } from 'node:path';
import { DeepFunctorError, reasonOf } from '@deepfunctor/core';
import { MultiBar, type SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError, Option } from 'commander';
import { openEngine } from '../engine.js';
import { found } from '../fuzzy-digits/found.js';
import { JOINT } from '../fuzzy-digits/joint.js';

// What the engine calls of Node is no message for a user.
if (!process.noDeprecation) process.noDeprecation = true;

const whole = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number.');
  return value;
};

const program = new Command('train:founding')
  .description('Found Fuzzy Digits: joint training, extraction of the space, refinement, release.')
  .requiredOption('--data <dir>', 'folder of the four MNIST files')
  .option('--seed <n>', 'seed of every random choice', whole, JOINT.seed)
  .option('--steps <n>', 'steps of the joint training', whole, JOINT.steps)
  .addOption(new Option('--mode <mode>', 'outputs of a step').choices(['all', 'path']).default('all'))
  .addOption(
    new Option('--engine <engine>', 'tensor engine (default: native where it loads)').choices([
      'native',
      'wasm',
    ]),
  )
  .option('--run <dir>', 'where the run keeps its state; the same run goes on from it', '.founding')
  .option('--category <dir>', 'where the release is written', 'packages/core/categories/fuzzy-digits')
  .option('--plugins <dir>', 'where the plugins are written', 'plugins')
  .addHelpText(
    'after',
    `
Examples:
  pnpm train:founding --data mnist
  pnpm train:founding --data mnist --mode path --run .founding-path --category /tmp/path/category --plugins /tmp/path/plugins`,
  )
  .parse();

const options = program.opts();
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const bars = new MultiBar({
  format: '{stage} {bar} {value}/{total}, {eta_formatted} left, loss {loss}',
  etaBuffer: 50,
  noTTYOutput: true,
  notTTYSchedule: 30_000,
});
const barOf = new Map<string, SingleBar>();
try {
  const tf = await openEngine(options.engine);
  const result = await found(tf, {
    data: resolve(options.data),
    run: resolve(options.run),
    category: resolve(options.category),
    plugins: resolve(options.plugins),
    joint: { seed: options.seed, steps: options.steps, mode: options.mode },
    signal: stop.signal,
    lanes: true,
    onStep(stage, step, steps, loss) {
      const bar = barOf.get(stage) ?? bars.create(steps, step - 1, { stage: stage.padEnd(15), loss: '' });
      barOf.set(stage, bar);
      bar.update(step, { loss: loss.toFixed(4) });
    },
  });
  bars.stop();
  console.log(`Founded in ${result.minutes.toFixed(1)} minutes: ${result.digest}`);
  console.log(
    `Handwriting read right on the rows kept for validation: ${(100 * result.validation).toFixed(2)} %`,
  );
  console.log('Measure it: pnpm deepfunctor evaluate --data DIR --out docs/report');
} catch (error) {
  bars.stop();
  if (stop.signal.aborted) {
    console.error('Stopped. What is done is kept; the same command goes on from there.');
    process.exitCode = 130;
  } else {
    console.error(error instanceof DeepFunctorError ? error.message : reasonOf(error));
    process.exitCode = 1;
  }
}
process.exit();

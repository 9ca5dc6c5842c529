#!/usr/bin/env node
/** `pnpm train:founding`: found Fuzzy Digits anew, from MNIST to the committed release. */
import { resolve } from 'node:path';
import { DeepFunctorError, reasonOf } from '@deepfunctor/core';
import { SingleBar } from 'cli-progress';
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
let bar: SingleBar | undefined;
let current = '';
try {
  const tf = await openEngine(options.engine);
  const result = await found(tf, {
    data: resolve(options.data),
    run: resolve(options.run),
    category: resolve(options.category),
    plugins: resolve(options.plugins),
    joint: { seed: options.seed, steps: options.steps, mode: options.mode },
    signal: stop.signal,
    onStep(stage, step, steps, loss) {
      if (stage !== current) {
        bar?.stop();
        bar = new SingleBar({
          format: `${stage.padEnd(15)} {bar} {value}/{total}, {eta_formatted} left, loss {loss}`,
          etaBuffer: 50,
          noTTYOutput: true,
          notTTYSchedule: 30_000,
        });
        bar.start(steps, step - 1, { loss: '' });
        current = stage;
      }
      bar!.update(step, { loss: loss.toFixed(4) });
    },
  });
  bar?.stop();
  const minutes = Object.values(result.seconds).reduce((a, b) => a + b, 0) / 60;
  console.log(`Founded in ${minutes.toFixed(1)} minutes: ${result.digest}`);
  console.log(
    `Handwriting read right on the rows kept for validation: ${(100 * result.validation).toFixed(2)} %`,
  );
  console.log('Measure it: pnpm deepfunctor evaluate --data DIR --out docs/report');
} catch (error) {
  bar?.stop();
  if (stop.signal.aborted) {
    console.error('Stopped. What is done is kept; the same command goes on from there.');
    process.exitCode = 130;
  } else {
    console.error(error instanceof DeepFunctorError ? error.message : reasonOf(error));
    process.exitCode = 1;
  }
}
process.exit();

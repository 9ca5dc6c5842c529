#!/usr/bin/env node
/** Measures coupled networks against plugins, and plugins of two foundings against each other; see contrast.ts. */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openHost } from '@deepfunctor/host';
import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { openEngine } from '../engine.js';
import { contrast } from '../fuzzy-digits/evaluate/contrast.js';

// What the engine calls of Node is no message for a user.
if (!process.noDeprecation) process.noDeprecation = true;

const { otherCategory, otherPlugins, plugins, out, steps } = new Command('contrast')
  .requiredOption('--other-category <dir>', 'release of another founding')
  .requiredOption('--other-plugins <dir>', 'its plugins')
  .option('--plugins <dir>', 'plugins of this founding', 'plugins')
  .option('--out <dir>', 'where the report is written', 'docs/report')
  .option('--steps <n>', 'steps of each coupled network', Number, 1500)
  .parse()
  .opts();
const founding = ['dots', 'digits', 'binary'].map((name) => `functor-${name}`);
const folders = (dir: string) =>
  readdirSync(dir)
    .filter((name) => founding.includes(name) || name === 'morphism-add-one')
    .map((name) => resolve(join(dir, name)));
const one = await openHost({ plugins: folders(plugins) });
const other = await openHost({ plugins: folders(otherPlugins), categories: [resolve(otherCategory)] });
for (const { error } of [...one.setAside, ...other.setAside]) console.error(error.message);
const bar = new SingleBar({
  format: '{bar} {value}/{total} steps',
  noTTYOutput: true,
  notTTYSchedule: 30_000,
});
const tf = await openEngine();
bar.start(1, 0);
const { rows } = await contrast(tf, one, other, resolve(out), steps, (done, total) => {
  bar.setTotal(total);
  bar.update(done);
});
bar.stop();
for (const { what, accuracy } of rows) console.log(`${what}: ${(100 * accuracy).toFixed(2)} %`);
process.exit();

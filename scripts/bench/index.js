// pnpm bench [--data DIR] [--only NAME,…] [--smoke] [--out DIR]: measures, and writes benchmarks.md, .svg and .json.
//
// One file is one benchmark; each runs in a process of its own, one after the other. A figure is a ratio of two sides that
// took turns in one run. With --only the others stay as they were measured before. --smoke runs everything once or twice,
// to see that it works: its numbers mean nothing, and the pages say so. Exit code 1 where a benchmark failed, 2 for a wrong call.
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chart } from './lib/chart.js';
import { busy, machine } from './lib/machine.js';
import { page } from './lib/page.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
/** In the order of the page. `data` tells that it needs MNIST. */
const BENCHMARKS = [
  { name: 'host' },
  { name: 'fused' },
  { name: 'compose' },
  { name: 'engines' },
  { name: 'throughput', data: true },
  { name: 'cold' },
  { name: 'discovery' },
  { name: 'learning' },
  { name: 'founding', data: true },
  { name: 'learn-times' },
  // Comes with the server.
  ...(existsSync(join(here, 'serve.js')) ? [{ name: 'serve', file: 'lib/served.js' }] : []),
];

const wrong = (reason) => {
  console.error(`${reason}\nUsage: pnpm bench --data DIR [--only NAME,…] [--smoke] [--out DIR]
Benchmarks: ${BENCHMARKS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
};

let options;
try {
  const given = process.argv.slice(2).filter((each) => each !== '--');
  options = parseArgs({
    args: given,
    options: {
      data: { type: 'string' },
      only: { type: 'string', multiple: true },
      smoke: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
} catch (error) {
  wrong(error.message);
}
if (options.help) wrong('Measures this repository against other runtimes and tools.');
const { data, smoke } = options;
// What a smoke run gives is nothing to keep.
const out = options.out ?? join(root, smoke ? 'node_modules/.cache/bench-smoke' : 'docs');
const only = options.only?.flatMap((names) => names.split(','));
const unknown = only?.find((name) => !BENCHMARKS.some((each) => each.name === name));
if (unknown !== undefined) wrong(`There is no benchmark “${unknown}”.`);
const chosen = BENCHMARKS.filter(({ name }) => only === undefined || only.includes(name));
const needy = chosen.find((each) => each.data);
if (needy && !smoke && data === undefined)
  wrong(`“${needy.name}” needs the four MNIST files: give their folder with --data.`);

const store = join(out, 'benchmarks.json');
const before = existsSync(store) ? JSON.parse(readFileSync(store, 'utf8')).benchmarks : [];
const begun = performance.now();
const measured = [];
for (const { name, file = `${name}.js` } of chosen) {
  console.log(`${name} …`);
  const result = await measure(name, file);
  measured.push(result);
  if (result.error) console.log(`  failed: ${result.error}`);
  for (const { what, ratio, limit, reached } of result.figures)
    console.log(
      `  ${mark(reached)} ${what}: ${ratio.toPrecision(3)}${limit ? ` (${limitText(limit)})` : ''}`,
    );
}

const all = BENCHMARKS.flatMap(
  ({ name }) =>
    measured.find((each) => each.name === name) ??
    before.find((each) => each.name === name) ??
    unmeasured(name),
);
mkdirSync(out, { recursive: true });
writeFileSync(store, `${JSON.stringify({ smoke, benchmarks: all }, null, 2)}\n`);
writeFileSync(join(out, 'benchmarks.md'), page(all, smoke));
writeFileSync(join(out, 'benchmarks.svg'), chart(all));
const failed = measured.filter(({ error }) => error).map(({ name }) => name);
console.log(`${store}, benchmarks.md, benchmarks.svg: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exit(1);
}

/** Run one benchmark; resolves to what it told, or to its error. */
function measure(name, file) {
  const from = performance.now();
  const child = fork(join(here, 'lib/one.js'), [pathToFileURL(join(here, file)).href], {
    cwd: root,
    // What the engine for training calls of Node is no message.
    execArgv: ['--no-deprecation'],
  });
  process.once('SIGINT', () => {
    child.kill();
    process.exit(130);
  });
  return new Promise((resolve) => {
    let told;
    child.on('message', (message) => {
      if (message.progress) console.log(`  ${message.progress}`);
      else told = message;
    });
    child.on('exit', (code) => {
      process.removeAllListeners('SIGINT');
      const { result, error } = told ?? { error: `its process ended with code ${code}` };
      const figures = (result?.figures ?? []).map((figure) => ({ ...figure, reached: reached(figure) }));
      resolve({
        name,
        title: result?.title ?? name,
        how: result?.how ?? '',
        machine: machine(),
        busy: busy(),
        date: new Date().toISOString().slice(0, 10),
        seconds: Math.round((performance.now() - from) / 1000),
        figures,
        ...(error ? { error } : {}),
      });
    });
    child.send({ data, smoke });
  });
}

/** On the page too: nothing is left out in silence. */
function unmeasured(name) {
  const figures = [];
  return {
    name,
    title: name,
    how: '',
    machine: machine(),
    date: '',
    seconds: 0,
    figures,
    error: 'not measured yet',
  };
}

function reached({ ratio, limit }) {
  if (limit === undefined) return null;
  return limit.most !== undefined ? ratio <= limit.most : ratio >= limit.least;
}

function limitText({ most, least }) {
  return most === undefined ? `≥ ${least}` : `≤ ${most}`;
}

function mark(reached) {
  return reached === null ? '·' : reached ? '✓' : '✗';
}

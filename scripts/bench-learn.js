// Times learnings from start to a written package, each in a process of its own, on both engines; writes docs/report/learning.md and .json.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'apps/cli/bin/deepfunctor.js');
const ROUNDS = 3;
const tasks = {
  'functor roman (symbols, ten texts)': [
    ...['functor', '--name', 'roman', '--codec', 'symbols'],
    ...['--examples', join(root, 'plugins/functor-roman/recipe/roman.csv')],
  ],
  'morphism halve (arity 1)': ['morphism', '--name', 'halve', '--table', 'floor(a / 2)'],
  'morphism add (arity 2)': ['morphism', '--name', 'add', '--arity', '2', '--table', 'mod(a + b, 10)'],
};
const limits = { native: 10, wasm: 30 };
const rows = [];
for (const [task, args] of Object.entries(tasks))
  for (const engine of Object.keys(limits)) {
    const seconds = [];
    let learned;
    for (let round = 0; round < ROUNDS; round++) {
      const project = mkdtempSync(join(tmpdir(), 'bench-learn-'));
      writeFileSync(join(project, 'package.json'), '{"name": "bench"}');
      const begun = performance.now();
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [bin, 'learn', ...args, '--engine', engine, '--out', 'plugin', '--json'],
        { cwd: project, encoding: 'utf8' },
      );
      seconds.push((performance.now() - begun) / 1000);
      rmSync(project, { recursive: true, force: true });
      if (status !== 0) throw new Error(stderr || stdout);
      learned = JSON.parse(stdout);
    }
    const median = seconds.sort((a, b) => a - b)[ROUNDS >> 1];
    rows.push({
      task,
      engine,
      steps: learned.steps,
      seconds: Number(median.toFixed(2)),
      limit: limits[engine],
    });
    console.log(`${task}, ${engine}: ${median.toFixed(1)} s, ${learned.steps} steps`);
  }
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
writeFileSync(join(root, 'docs/report/learning.json'), `${JSON.stringify({ machine, rows }, null, 2)}\n`);
const lines = rows.map(({ task, engine, steps, seconds, limit }) => [
  task,
  engine,
  String(steps),
  `${seconds.toFixed(1)} s`,
  `≤ ${limit} s`,
]);
const table = [
  ['what', 'engine', 'steps', 'median of three', 'figure'],
  ['---', '---', '---', '---', '---'],
  ...lines,
];
writeFileSync(
  join(root, 'docs/report/learning.md'),
  `# How long learning takes

Made by \`pnpm bench:learn\`; do not edit. From the start of the command to a written and measured package, on ${machine}.

${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}
`,
);

// Learnings from the start of the command to a written and measured package, each in a process of its own, on both engines.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './lib/chains.js';
import { median } from './lib/turns.js';

const TASKS = {
  'functor roman (symbols, ten texts)': [
    ...['functor', '--name', 'roman', '--codec', 'symbols'],
    ...['--examples', join(root, 'plugins/functor-roman/recipe/roman.csv')],
  ],
  'morphism halve (arity 1)': ['morphism', '--name', 'halve', '--table', 'floor(a / 2)'],
};
const LIMITS = { native: 10, wasm: 30 };

export default async function ({ smoke, progress }) {
  const figures = [];
  for (const [task, parameters] of Object.entries(TASKS).slice(smoke ? 1 : 0))
    for (const [engine, limit] of Object.entries(LIMITS)) {
      progress(`${task}, ${engine}`);
      const seconds = Array.from({ length: smoke ? 1 : 3 }, () => learned(parameters, engine));
      const figure = median(seconds);
      figures.push({
        what: `${task}, ${engine}: in units of ${limit} s`,
        ratio: figure / limit,
        limit: { most: 1 },
        raw: { 'median of three': figure, unit: 's' },
      });
    }
  return {
    title: 'How long learning takes',
    how: '`deepfunctor learn …` from the start of the command to a package that is written and measured. A time, in units of what is asked: 10 s on the native engine, 30 s on the wasm engine.',
    figures,
  };
}

function learned(parameters, engine) {
  const project = mkdtempSync(join(tmpdir(), 'bench-learn-'));
  try {
    writeFileSync(join(project, 'package.json'), '{"name": "bench"}');
    const from = performance.now();
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        join(root, 'apps/cli/bin/deepfunctor.js'),
        'learn',
        ...parameters,
        '--engine',
        engine,
        '--out',
        'plugin',
        '--json',
      ],
      { cwd: project, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr || stdout);
    return (performance.now() - from) / 1000;
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

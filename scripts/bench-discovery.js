// How long it takes to discover 10, 100 and 1,000 installed plugins, each in a fresh process, and how much of that is
// only Node's own resolving and reading of as many package.json files. Prints a table; `--json` prints the figures.
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COUNTS = [10, 100, 1000];
const ROUNDS = 5;
const [mode, project] = process.argv.slice(2);
if (mode === 'measure') await measure(project);
else bench(mode === '--json');

function bench(json) {
  const temporary = mkdtempSync(join(tmpdir(), 'deepfunctor-discovery-'));
  try {
    const figures = COUNTS.map((count) => {
      const folder = join(temporary, String(count));
      install(folder, count);
      const rounds = Array.from({ length: ROUNDS }, () =>
        JSON.parse(execFileSync(process.execPath, [fileURLToPath(import.meta.url), 'measure', folder])),
      );
      const best = (key) => Math.min(...rounds.map((round) => round[key]));
      return { plugins: count, milliseconds: best('discover'), bare: best('bare'), cpu: best('cpu') };
    });
    if (json) console.log(JSON.stringify(figures, null, 2));
    else console.table(figures);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** A project with copies of this repository's plugins; their weights are holes of the right length. */
function install(folder, count) {
  const plugins = fileURLToPath(new URL('../plugins/', import.meta.url));
  const models = readdirSync(plugins)
    .map((name) => JSON.parse(readFileSync(join(plugins, name, 'package.json'), 'utf8')))
    .filter(({ deepfunctor }) => deepfunctor !== undefined);
  const dependencies = {};
  for (let i = 0; i < count; i++) {
    const model = models[i % models.length];
    const name = `@bench/plugin-${i}`;
    const own = join(folder, 'node_modules', name);
    mkdirSync(own, { recursive: true });
    const deepfunctor = { ...model.deepfunctor, name: `plugin-${i}` };
    writeFileSync(join(own, 'package.json'), JSON.stringify({ ...model, name, deepfunctor }, null, 2));
    for (const { path, bytes } of Object.values(deepfunctor.files)) {
      writeFileSync(join(own, path), '');
      truncateSync(join(own, path), bytes);
    }
    dependencies[name] = '*';
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies }));
}

async function measure(cwd) {
  const { discover } = await import('../packages/host/dist/index.js');
  const before = process.cpuUsage();
  const start = performance.now();
  const { plugins } = discover({ cwd });
  const took = performance.now() - start;
  const { user, system } = process.cpuUsage(before);

  const file = join(cwd, 'package.json');
  const names = Object.keys(JSON.parse(readFileSync(file, 'utf8')).dependencies);
  if (plugins.length !== names.length)
    throw new Error(`${plugins.length} of ${names.length} were discovered`);
  const again = performance.now();
  const { resolve } = createRequire(file);
  for (const name of names) JSON.parse(readFileSync(resolve(`${name}/package.json`), 'utf8'));
  const bare = performance.now() - again;
  console.log(JSON.stringify({ discover: took, bare, cpu: (user + system) / 1000 }));
}

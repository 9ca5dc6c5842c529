// How long it takes to look at 10, 100 and 1,000 installed plugins.
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './lib/chains.js';
import { figure, median, turns } from './lib/turns.js';

const LOOK = fileURLToPath(new URL('./lib/look.js', import.meta.url));

export default async function ({ smoke, progress }) {
  mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
  const base = mkdtempSync(join(root, 'node_modules/.cache/bench-discovery-'));
  try {
    const counts = smoke ? [2, 5, 10] : [10, 100, 1000];
    const looks = counts.map((count) => {
      progress(`${count} plugins`);
      const project = projectOf(join(base, String(count)), count);
      return () => {
        const told = JSON.parse(execFileSync(process.execPath, [LOOK, project], { encoding: 'utf8' }));
        if (told.plugins !== count) throw new Error(`${told.plugins} of ${count} plugins were found`);
        return told.ms;
      };
    });
    const rounds = smoke ? 1 : 9;
    const [few, some, many] = looks;
    const pair = await turns(many, some, rounds);
    const ten = median(Array.from({ length: rounds }, few));
    const names = counts
      .slice(1)
      .reverse()
      .map((count) => `${count} plugins`);
    return {
      title: 'Finding plugins',
      how: '`discover` in a fresh process, from the call to the plugins: each package with its manifest read and checked, its weights looked at. The first figure is a time, in units of 0.4 s; the second tells that ten times as many take no more than ten times as long.',
      figures: [
        {
          what: `${counts[2]} plugins found, in units of 0.4 s`,
          ratio: pair.a / 400,
          limit: { most: 1 },
          raw: { [`${counts[0]} plugins`]: ten, [names[1]]: pair.b, [names[0]]: pair.a, unit: 'ms' },
        },
        figure(
          'ten times as many plugins: time by ten times the time',
          { ...pair, ratio: pair.ratio / 10, quartiles: pair.quartiles.map((q) => q / 10) },
          { limit: { most: 1 }, names },
        ),
      ],
    };
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

/** A project that depends on copies of one plugin, each under a name of its own; their weights are one file. */
function projectOf(folder, count) {
  const source = join(root, 'plugins/morphism-add-one');
  const json = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  const names = Array.from({ length: count }, (_, i) => `plugin-${i}`);
  for (const name of names) {
    const to = join(folder, 'node_modules', name);
    const { keywords, exports, peerDependencies } = json;
    const manifest = { ...json.deepfunctor, name };
    mkdirSync(to, { recursive: true });
    writeFileSync(
      join(to, 'package.json'),
      JSON.stringify({ name, version: '1.0.0', keywords, exports, peerDependencies, deepfunctor: manifest }),
    );
    for (const { path } of Object.values(json.deepfunctor.files)) {
      mkdirSync(dirname(join(to, path)), { recursive: true });
      linkSync(join(source, path), join(to, path));
    }
  }
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'many', dependencies: Object.fromEntries(names.map((name) => [name, '1.0.0'])) }),
  );
  return folder;
}

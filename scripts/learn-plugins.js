// Learns the plugins of plugins/ that have a script “learn” against the committed space, one after the other, and has those
// with a script “draw” draw their examples before; names choose some.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);
const bin = join(root, 'node_modules/.bin');
let failed = 0;
for (const folder of readdirSync(join(root, 'plugins'))) {
  const cwd = join(root, 'plugins', folder);
  const file = join(cwd, 'package.json');
  const scripts = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).scripts : undefined;
  if (!scripts?.learn || (wanted.length > 0 && !wanted.includes(folder))) continue;
  console.log(`== ${folder}`);
  const run = (script) =>
    spawnSync('npm', ['run', '--silent', script], {
      cwd,
      stdio: 'inherit',
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
    }).status;
  // Pictures to learn from are drawn first.
  const status = (scripts.draw && run('draw')) || run('learn');
  if (status !== 0) {
    failed++;
    console.error(`-- ${folder} was not learned`);
  }
}
// A package is written for any project; in this one it has this one's layout.
spawnSync(join(bin, 'biome'), ['check', '--write', 'plugins'], { cwd: root, stdio: 'inherit' });
process.exit(failed === 0 ? 0 : 1);

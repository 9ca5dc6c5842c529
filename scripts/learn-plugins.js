// Learns the plugins of plugins/ that have a script “learn” against the committed space, one after the other; names choose some.
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
  const script = existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).scripts?.learn;
  if (!script || (wanted.length > 0 && !wanted.includes(folder))) continue;
  console.log(`== ${folder}`);
  const { status } = spawnSync('npm', ['run', '--silent', 'learn'], {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
  });
  if (status !== 0) {
    failed++;
    console.error(`-- ${folder} was not learned`);
  }
}
process.exit(failed === 0 ? 0 : 1);

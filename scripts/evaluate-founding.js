// Measures a founding that is not installed, as `deepfunctor evaluate` does the installed one:
// node scripts/evaluate-founding.js --run .founding-second --data mnist --out docs/report/path
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openHost } from '../packages/host/dist/index.js';
import { evaluate } from '../packages/train/dist/index.js';

const { values } = parseArgs({
  options: { run: { type: 'string' }, data: { type: 'string' }, out: { type: 'string' } },
});
for (const name of ['run', 'data', 'out'])
  if (values[name] === undefined) throw new Error(`Give --${name}, a folder.`);
const run = resolve(values.run);
const plugins = readdirSync(join(run, 'plugins')).map((name) => join(run, 'plugins', name));
const host = await openHost({ plugins, categories: [join(run, 'category')] });
mkdirSync(values.out, { recursive: true });
await evaluate({
  host,
  data: resolve(values.data),
  out: resolve(values.out),
  onProgress: (done, total, what) => console.log(`${Math.round((100 * done) / total)} %  ${what}`),
});
for (const file of ['founding.json', 'curve.json', 'curve.svg'])
  copyFileSync(join(run, file), join(values.out, file));
await host.close();
process.exit();

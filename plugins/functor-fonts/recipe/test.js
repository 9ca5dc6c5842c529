// How well the installed plugin reads fonts that it never saw: node test.js [--json] [--seed N] [--each N]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openHost } from '@deepfunctor/host';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    plugin: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
    seed: { type: 'string', default: '2' },
    each: { type: 'string', default: '10' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'fonts-'));
const host = await openHost({ plugins: [values.plugin] });
try {
  for (const { error } of host.setAside) throw error;
  const draw = fileURLToPath(new URL('draw.js', import.meta.url));
  execFileSync(
    process.execPath,
    [draw, folder, '--part', 'test', '--seed', values.seed, '--each', values.each],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const [{ name }] = host.plugins;
  const chain = host.compose(`${name} -> ${name}`);
  const files = readdirSync(folder).sort();
  const answers = await chain.runBatch(
    files.map((file) => [readFileSync(join(folder, file))]),
    { style: 'canonical' },
  );
  const pictures = files.map((file, i) => ({
    file,
    family: file.slice(file.indexOf('-') + 1).replace(/-\w+-\d+\.png$/, ''),
    right: likeliest(answers[i].before[0]) === file.slice(0, file.indexOf('-')),
  }));
  tell(pictures);
} finally {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
}

function likeliest(distribution) {
  return distribution.reduce((best, each) => (each.p > best.p ? each : best)).label;
}

function tell(pictures) {
  const accuracy = share(pictures);
  const families = [...new Set(pictures.map(({ family }) => family))];
  const each = Object.fromEntries(
    families.map((name) => [name, share(pictures.filter(({ family }) => family === name))]),
  );
  const misread = pictures.filter(({ right }) => !right).map(({ file }) => file);
  if (values.json) {
    console.log(JSON.stringify({ pictures: pictures.length, accuracy, families: each, misread }, null, 2));
    return;
  }
  for (const [family, part] of Object.entries(each)) console.log(`${percent(part)}  ${family}`);
  console.log(`${percent(accuracy)}  of ${pictures.length} pictures in ${families.length} families`);
}

function share(pictures) {
  return pictures.filter(({ right }) => right).length / pictures.length;
}

function percent(part) {
  return `${(100 * part).toFixed(2).padStart(6)} %`;
}

// How cost grows: rows of a batch, morphisms of a chain, distinct plugins, memory; and with RAY_PYTHON, what Ray adds.
// Writes docs/scaling.json, the tables in docs/scaling.md and docs/scaling.svg. Ratios are of one run, rounds interleaved.
//   node scripts/bench/scaling.js            RAY_PYTHON=$(bash scripts/ray-env.sh) node scripts/bench/scaling.js
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lines } from '../../apps/cli/dist/charts.js';
import { writeWhole } from '../../packages/core/dist/index.js';
import { encodeInput, openHost } from '../../packages/host/dist/index.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const own = (name) => fileURLToPath(new URL(name, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'scaling-'));
const depths = [1, 10, 100];
const batches = [1, 4, 16, 64, 256, 1024];
const ends = ['digits', 'binary'];

const host = await openHost({ cwd: root });
const morphisms = host.plugins.filter(({ kind, inputs }) => kind === 'morphism' && inputs.length === 1);
const names = morphisms.map(({ name }) => name);
const repeated = (depth, cycle) => Array.from({ length: depth }, (_, i) => cycle[i % cycle.length]);
const fileOf = async (name, middle) => {
  const { bytes } = await host
    .compose([ends[0], ...middle, ends[1]].join(' -> '))
    .toOnnx({ distribution: true });
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, bytes);
  return { path, bytes: bytes.length };
};

const byDepth = [];
for (const depth of [0, ...depths])
  byDepth.push({ depth, ...(await fileOf(`depth-${depth}`, repeated(depth, names.slice(0, 1)))) });
const byPlugins = [];
for (let distinct = 1; distinct <= names.length; distinct++)
  byPlugins.push({
    distinct,
    ...(await fileOf(`plugins-${distinct}`, repeated(100, names.slice(0, distinct)))),
  });
await host.close();

// In a process of its own, so that its memory is that of one session.
const measured = (files, sizes, rounds) =>
  JSON.parse(
    execFileSync(process.execPath, [own('scaling-session.js'), JSON.stringify({ files, sizes, rounds })], {
      cwd: root,
      encoding: 'utf8',
    }),
  );
const times = measured(
  byDepth.map(({ path }) => path),
  batches,
  15,
);
for (const [index, each] of byDepth.entries()) {
  each.microseconds = times.microseconds[index];
  each.memory = measured([each.path], [256], 3).memory;
}
for (const each of byPlugins) each.memory = measured([each.path], [256], 3).memory;

// Reading a picture, against the same rows through the chain.
const reader = host.plugins.find(({ name }) => name === ends[0]);
const examples = readdirSync(join(root, 'examples', ends[0])).filter((name) => name.endsWith('.png'));
const pictures = examples.map((name) => readFileSync(join(root, 'examples', ends[0], name)));
const seconds = Array.from({ length: 9 }, () => {
  const begun = performance.now();
  for (const [i, png] of pictures.entries())
    encodeInput(reader.manifest.codec, png, { functor: ends[0], where: examples[i] });
  return (1000 * (performance.now() - begun)) / pictures.length;
});
const reading = seconds.sort((a, b) => a - b)[seconds.length >> 1];

let ray;
if (process.env.RAY_PYTHON) {
  const question = [own('scaling_ray.py'), byDepth[1].path];
  ray = JSON.parse(execFileSync(process.env.RAY_PYTHON, question, { cwd: root, encoding: 'utf8' }));
}
rmSync(folder, { recursive: true, force: true });

const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
const strip = ({ path, ...rest }) => rest;
const result = {
  machine,
  ends,
  batches,
  byDepth: byDepth.map(strip),
  byPlugins: byPlugins.map(strip),
  reading,
  ray,
};
writeWhole(join(root, 'docs/scaling.json'), `${JSON.stringify(result, null, 2)}\n`);
draw(result);

/** The tables of the page, between its marks, and the chart. */
function draw({ byDepth, byPlugins, reading, ray }) {
  const [, one] = byDepth;
  const perRow = ({ microseconds }, batch) => microseconds[batches.indexOf(batch)] / batch;
  const times = (value) => `${value.toFixed(2)} ×`;
  const mega = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  const blocks = [
    '![Time of a row against the number of morphisms](scaling.svg)',
    'Time of a row against batch 1, one morphism:',
    table([
      ['rows of a batch', ...batches.map(String)],
      ['time of a row', ...batches.map((batch) => times(perRow(one, batch) / perRow(one, 1)))],
      [
        'the same, 100 morphisms',
        ...batches.map((batch) => times(perRow(byDepth[3], batch) / perRow(byDepth[3], 1))),
      ],
    ]),
    'Depth, the same morphism again and again; time and memory of the session against one morphism:',
    table([
      ['morphisms', 'time, batch 1', 'time, batch 256', 'file', 'memory, batch 256'],
      ...byDepth.map((each) => [
        String(each.depth),
        times(perRow(each, 1) / perRow(one, 1)),
        times(perRow(each, 256) / perRow(one, 256)),
        mega(each.bytes),
        times(each.memory / one.memory),
      ]),
    ]),
    'Distinct plugins among 100 morphisms:',
    table([
      ['distinct', 'file', 'memory, batch 256, against one'],
      ...byPlugins.map((each) => [
        String(each.distinct),
        mega(each.bytes),
        times(each.memory / byPlugins[0].memory),
      ]),
    ]),
  ];
  blocks.push(
    `Reading a picture of the examples takes ${times(reading / perRow(one, 64))} the time of its row in a batch of 64 through the chain.`,
  );
  if (ray)
    blocks.push(
      `Ray, ${ray.rows} rows of a Parquet set in ${ray.parts} parts, against one process that does the same with one session:`,
      table([
        ['how', 'time, against one process', 'of a row, start not counted'],
        ['one process', times(1), times(1)],
        ...ray.runs.map(({ workers, seconds, working }) => [
          `Ray, ${workers} worker${workers > 1 ? 's' : ''}`,
          times(seconds / ray.alone),
          times(working / ray.alone),
        ]),
      ]),
    );
  const page = join(root, 'docs/scaling.md');
  const [begin, end] = ['<!-- scaling: node scripts/bench/scaling.js -->', '<!-- /scaling -->'];
  const text = readFileSync(page, 'utf8');
  const [before, after] = [text.split(begin)[0], text.split(end)[1]];
  writeWhole(
    page,
    `${before}${begin}\n\nMeasured on ${machine}.\n\n${blocks.join('\n\n')}\n\n${end}${after}`,
  );
  const series = [1, 16, 256].map((batch) => ({
    name: `batch ${batch}`,
    points: byDepth
      .filter(({ depth }) => depth > 0)
      .map((each) => ({
        steps: each.depth,
        figure: Number((perRow(each, batch) / perRow(one, batch)).toFixed(2)),
      })),
  }));
  writeWhole(
    join(root, 'docs/scaling.svg'),
    lines('Time of a row, against one morphism', series, { min: 0 }),
  );
}

function table([head, ...body]) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...body.map(line)].join('\n');
}

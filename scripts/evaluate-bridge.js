// What a bridge costs: the bridge between the committed space and a second founding of it is learned here, and test digits
// go over it in both directions. Writes docs/report/bridge.md and bridge.json: `pnpm evaluate:bridge --data mnist`.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { builtinCategories, readCategory, releaseName, writeWhole } from '../packages/core/dist/index.js';
import { decodeOutput, openHost } from '../packages/host/dist/index.js';
import { verify } from '../packages/laws/dist/index.js';
import { learnBridgePlugin, readMnist } from '../packages/train/dist/index.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    second: { type: 'string', default: 'examples/second-founding' },
    rows: { type: 'string', default: '10000' },
    out: { type: 'string', default: 'docs/report' },
  },
});
if (values.data === undefined) throw new Error('Give --data, the folder of the four MNIST files.');

const second = readCategory(resolve(values.second, 'category-fuzzy-digits'));
const first = readCategory(builtinCategories().find((folder) => readCategory(folder).name === second.name));
const BRIDGE = 'first-to-second';
const folder = mkdtempSync(join(tmpdir(), 'bridge-'));
const bridge = join(folder, 'bridge');
const learned = await learnBridgePlugin({
  name: BRIDGE,
  out: bridge,
  from: releaseName(first),
  to: second.directory,
  cwd: folder,
  categories: [second.directory],
});

// Two installed plugins cannot have one name, so the old handwriting is read under another.
const old = join(folder, 'functor-old-digits');
cpSync(resolve('plugins/functor-digits'), old, {
  recursive: true,
  filter: (path) => !path.includes('node_modules'),
});
const manifest = JSON.parse(readFileSync(join(old, 'package.json'), 'utf8'));
manifest.deepfunctor.name = 'old-digits';
writeFileSync(join(old, 'package.json'), JSON.stringify(manifest));

const plugins = [resolve(values.second, 'functor-digits'), old, bridge];
for (const name of ['morphism-add-one', 'functor-roman']) plugins.push(resolve('plugins', name));
const host = await openHost({ cwd: folder, plugins, categories: [second.directory] });
const [aside] = host.setAside;
if (aside !== undefined) throw aside.error;

const images = readMnist(resolve(values.data), 't10k');
const rows = Math.min(Number(values.rows), images.count);
const size = images.height * images.width;
const pixels = Float32Array.from(images.pixels.subarray(0, rows * size), (v) => v / 255);
const labels = Array.from(images.labels.subarray(0, rows));
const plugin = (name) => host.plugins.find((each) => each.name === name);
const table = plugin('add-one').manifest.table;

const K = second.labels.length;
const likeliest = (beliefs) =>
  labels.map((_, row) => {
    const belief = beliefs.subarray(row * K, (row + 1) * K);
    return belief.indexOf(Math.max(...belief));
  });
const share = (answers, wanted) => answers.filter((answer, row) => answer === wanted[row]).length / rows;
const moved = labels.map((label) => table[label]);
const variation = (p, q) => p.reduce((sum, v, i) => sum + Math.abs(v - q[i]), 0) / 2 / rows;

/** A chain on the rows, from its own reading of the question to its answer. */
async function through(text) {
  const chain = host.compose(text);
  const answer = await chain.runTensors([pixels], rows, { style: chain.output.style && 'canonical' });
  return { chain, answer, own: share(likeliest(answer.before[0]), labels) };
}
const points = (a, b) => Number((100 * (a - b)).toFixed(3));

const home = await through('digits -> add-one -> roman');
const codec = plugin('roman').manifest.codec;
const width = home.answer.output.length / rows;
const spelled = labels.map((_, row) =>
  codec.values.indexOf(
    decodeOutput(codec, home.answer.output.subarray(row * width, (row + 1) * width)).value,
  ),
);
const roman = share(spelled, moved);
const meant = share(likeliest(home.answer.distributions), moved);

const away = await through('old-digits -> add-one -> digits');
const carried = share(likeliest(away.answer.distributions), moved);
const again = await host.encode('digits', away.answer.output);
const drawn = share(likeliest(await host.probe(second, again.latent)), moved);

// Read without a bridge: what mixing would give.
const { latent } = await host.encode('digits', pixels);
const mixed = share(likeliest(await host.probe(first, latent)), labels);
const blur = variation(
  await host.probe(second, latent),
  await host.probe(first, await host.cross(BRIDGE, 'back', latent)),
);
const findings = await verify({ host, plugins: [BRIDGE] });
await host.close();
rmSync(folder, { recursive: true, force: true });

const release = ({ name, version, digest, card }) => ({
  name,
  version,
  digest,
  seed: card.seed,
  steps: card.steps,
});
const report = {
  rows,
  first: release(first),
  second: release(second),
  toRoman: {
    chain: home.chain.description,
    encoder: home.own,
    answers: roman,
    readAtTheEnd: meant,
    pointsLost: points(home.own, roman),
  },
  fromOld: {
    chain: away.chain.description,
    encoder: away.own,
    answers: carried,
    pointsLost: points(away.own, carried),
    drawnAndReadAgain: drawn,
  },
  beliefs: { meanTotalVariation: Number(blur.toPrecision(3)) },
  withoutBridge: mixed,
  learned: learned.measured,
  laws: findings.map(({ law, holds, figure, limit, detail }) => ({ law, holds, figure, limit, detail })),
};
const percent = (value) => `${(100 * value).toFixed(2)} %`;
const figure = (value) => (value === null ? '–' : String(Number(value.toPrecision(3))));
const page = `# Over a bridge

Two foundings of ${first.title}, ${releaseName(first)} (seed ${first.card.seed}) and ${releaseName(second)} (seed ${second.card.seed}), and a bridge that \`deepfunctor learn bridge\` found between their spaces. Measured by \`pnpm evaluate:bridge\` on ${rows} rows of MNIST's test half; nothing was trained on them. Of the second founding see [examples/second-founding](../../examples/second-founding).

| chain | the encoder alone | over the bridge | points lost |
| --- | --- | --- | --- |
| \`${report.toRoman.chain}\` | ${percent(home.own)} | ${percent(roman)} | ${report.toRoman.pointsLost} |
| \`${report.fromOld.chain}\` | ${percent(away.own)} | ${percent(carried)} | ${report.fromOld.pointsLost} |

In brackets is what the host has put in. Of the first chain, the new digits, old add-one and old roman, the answer is the text (what the old probe reads at the end is right in ${percent(meant)}); of the second, it is what the new space's probe reads at the end. Its pictures, read again by the new encoder, are right in ${percent(drawn)}: that figure has the new founding's decoder and reader in it. Beliefs of the new handwriting move over the bridge by ${figure(blur)} (mean total variation).

Without a bridge the old probe reads ${percent(mixed)} of the new handwriting right: that is why the host refuses to mix spaces.

| law of the bridge | figure | at most | holds |
| --- | --- | --- | --- |
${report.laws.map(({ law, figure: value, limit, holds }) => `| ${law} | ${figure(value)} | ${limit} | ${holds ? 'yes' : 'no'} |`).join('\n')}
`;
writeWhole(resolve(values.out, 'bridge.json'), `${JSON.stringify(report, null, 2)}\n`);
writeWhole(resolve(values.out, 'bridge.md'), page);
console.log(page);
if (!report.laws.every(({ holds }) => holds)) process.exitCode = 1;

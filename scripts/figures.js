// Writes the table of plugins in README.md from the manifests of plugins/ and docs/report/report.json; with --check it only looks.
// With --json it prints the figures of each package instead, for whoever shows them elsewhere.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const json = (path) => JSON.parse(readFileSync(`${root}${path}`, 'utf8'));
const report = json('docs/report/report.json');
const percent = (x) => `${(100 * x).toFixed(2)} %`;
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** What the report says of a founding plugin. */
function founding({ kind, name }) {
  const cells = (key) => report.matrix.filter((cell) => cell[key] === name);
  if (kind === 'morphism') {
    const below = Math.max(...cells('morphism').map(({ encoder, accuracy }) => encoder - accuracy));
    return `at most ${(100 * below).toFixed(2)} points below the encoder in ${cells('morphism').length} cells`;
  }
  const shown = cells('output').filter(({ input }) => input === 'binary');
  return `reads ${percent(cells('input')[0].encoder)}, shows ${percent(mean(shown.map(({ accuracy }) => accuracy)))}`;
}

/** What the card of a plugin that was learned later says: shares, the push-forward, and what few examples come to. */
function learned({ card }) {
  const told = [];
  const shots = [];
  for (const [what, value] of Object.entries(card.measured)) {
    const few = /after (\d+) example/.exec(what);
    if (few) shots.push([few[1], percent(value)]);
    else if (what.startsWith('total variation')) told.push(`push-forward off by ${value.toFixed(4)}`);
    else if (typeof value === 'number' && value <= 1 && !what.includes('support'))
      told.push(`${what.replace('of them', 'examples kept')} ${percent(value)}`);
  }
  if (shots.length > 0)
    told.push(
      `learned from ${shots.map(([n]) => n).join(', ')} examples a label: ${shots.map(([, p]) => p).join(', ')}`,
    );
  return told.join('; ');
}

const plugins = readdirSync(`${root}plugins`)
  .map((folder) => ({ folder, ...json(`plugins/${folder}/package.json`) }))
  .filter(({ deepfunctor }) => deepfunctor !== undefined)
  .map((plugin) => ({
    ...plugin,
    figures: (plugin.deepfunctor.card.mode === 'founding' ? founding : learned)(plugin.deepfunctor),
  }));
const rows = plugins.map(({ folder, name, description, figures }) => [
  `[${name}](plugins/${folder})`,
  description,
  figures,
]);
const lines = [['plugin', 'what', 'figures'], ...rows];
const widths = lines[0].map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
const table = [line(lines[0]), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
const begin = '<!-- figures: node scripts/figures.js -->';
const end = '<!-- /figures -->';
const readme = readFileSync(`${root}README.md`, 'utf8');
const [head, rest] = readme.split(begin);
const current = `${head}${begin}\n\n${table}\n\n${end}${rest.split(end)[1]}`;
if (process.argv.includes('--json')) {
  console.log(JSON.stringify(Object.fromEntries(plugins.map(({ name, figures }) => [name, figures]))));
} else if (process.argv.includes('--check')) {
  if (current !== readme) {
    console.error('The figures in README.md are not current: run `node scripts/figures.js`.');
    process.exitCode = 1;
  }
} else writeFileSync(`${root}README.md`, current);

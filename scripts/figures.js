// Writes the table of plugins in README.md from the manifests of plugins/ and docs/report/report.json; with --check it only looks.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
  return `reads ${percent(cells('input')[0].encoder)}, shows ${percent(mean(shown.map(({ accuracy }) => accuracy)))} in sampled styles`;
}

/** What the card of a plugin that was learned later says. */
function learned({ card }) {
  const shown = ([what, value]) =>
    `${what}: ${typeof value === 'number' && value <= 1 ? percent(value) : value}`;
  return Object.entries(card.measured).map(shown).join('; ');
}

const rows = readdirSync(`${root}plugins`)
  .filter((folder) => existsSync(`${root}plugins/${folder}/package.json`))
  .map((folder) => {
    const { name, description, deepfunctor } = json(`plugins/${folder}/package.json`);
    const figures = deepfunctor.card.mode === 'founding' ? founding(deepfunctor) : learned(deepfunctor);
    return `| [${name}](plugins/${folder}) | ${description} | ${figures} |`;
  });
const table = ['| plugin | what | figures |', '| --- | --- | --- |', ...rows].join('\n');
const begin = '<!-- figures: node scripts/figures.js -->';
const end = '<!-- /figures -->';
const readme = readFileSync(`${root}README.md`, 'utf8');
const [head, rest] = readme.split(begin);
const current = `${head}${begin}\n\n${table}\n\n${end}${rest.split(end)[1]}`;
if (process.argv.includes('--check')) {
  if (current !== readme) {
    console.error('The figures in README.md are not current: run `node scripts/figures.js`.');
    process.exitCode = 1;
  }
} else writeFileSync(`${root}README.md`, current);

// Draws labelled pictures of printed digits: node draw.js DIR [--part learn|test] [--seed N] [--each N]
// The fonts are those of fonts.json, fetched once by npm into this package's node_modules/.cache; none of them ships.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { uniforms } from '@deepfunctor/host';
import { Resvg } from '@resvg/resvg-js';
import { PNG } from 'pngjs';

const FACES = ['400Regular', '700Bold'];
const cache = fileURLToPath(new URL('../node_modules/.cache/fonts', import.meta.url));
const fonts = JSON.parse(readFileSync(new URL('fonts.json', import.meta.url), 'utf8'));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    part: { type: 'string', default: 'learn' },
    seed: { type: 'string', default: '1' },
    each: { type: 'string', default: '4' },
  },
});
const [folder] = positionals;
const families = fonts[values.part];
if (folder === undefined || families === undefined)
  throw new Error('usage: node draw.js DIR [--part learn|test] [--seed N] [--each N]');
const random = uniforms(Number(values.seed));
const between = (low, high) => low + (high - low) * random();
const chance = (part) => random() < part;

fetchFonts([...fonts.learn, ...fonts.test]);
mkdirSync(folder, { recursive: true });
for (const family of families)
  for (const face of FACES)
    for (const file of filesOf(family, face))
      for (let label = 0; label < 10; label++)
        for (let n = 1; n <= Number(values.each); n++) {
          const name = `${label}-${basename(family.package)}-${face}-${n}.png`;
          writeFileSync(join(folder, name), picture(label, file));
        }

/** Installs all families at once, where one is missing or of another version. */
function fetchFonts(all) {
  const isThere = ({ package: name, version }) => {
    const manifest = join(cache, 'node_modules', name, 'package.json');
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version;
  };
  if (all.every(isThere)) return;
  mkdirSync(cache, { recursive: true });
  const dependencies = Object.fromEntries(all.map(({ package: name, version }) => [name, version]));
  writeFileSync(join(cache, 'package.json'), JSON.stringify({ private: true, dependencies }));
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'], {
    cwd: cache,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
}

/** The font file of a face; none where the family has no such face. */
function filesOf({ package: name }, face) {
  const directory = join(cache, 'node_modules', name, face);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((file) => file.endsWith('.ttf'))
    .map((file) => join(directory, file));
}

/** One digit, printed: any size and place, dark on light or light on dark, some of it a little blurred or noisy. */
function picture(label, file) {
  const height = Math.round(20 * 12 ** random());
  const size = height * between(0.55, 1.15);
  const font = { fontFiles: [file], loadSystemFonts: false };
  const blur = chance(0.3) ? size * between(0.002, 0.015) : 0;
  const text = (x, y, colour) =>
    `<text x="${x}" y="${y}" font-size="${size}" fill="${colour}"${blur > 0 ? ' filter="url(#blur)"' : ''}>${label}</text>`;
  const svg = (width, high, content) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${high}">
      <filter id="blur"><feGaussianBlur stdDeviation="${blur}"/></filter>${content}</svg>`;
  // Where the ink of this sign is, so that it can be placed whole.
  const box = new Resvg(svg(3 * size, 3 * size, text(size, 2 * size, '#000')), { font }).innerBBox();
  if (box === undefined) throw new Error(`${file} has no ${label}`);
  const [left, top] = [box.x - size, box.y - 2 * size];
  const width = Math.round(Math.max(box.width * 1.06 + 2, height * between(0.5, 1.4)));
  const grey = (value) => `rgb(${[value, value, value].map(Math.round)})`;
  const [dark, light] = [between(0, 90), between(170, 255)];
  const [ground, colour] = chance(0.5) ? [light, dark] : [dark, light];
  const [x, y] = [(width - box.width) * between(0.1, 0.9), (height - box.height) * between(0.1, 0.9)];
  const content = `<rect width="100%" height="100%" fill="${grey(ground)}"/>${text(x - left, y - top, grey(colour))}`;
  const { pixels } = new Resvg(svg(width, height, content), { font }).render();
  const png = new PNG({ width, height });
  png.data = noisy(pixels, chance(0.2) ? between(1, 8) : 0);
  return PNG.sync.write(png);
}

/** Noise of that deviation on every pixel, the same for its channels. */
function noisy(pixels, deviation) {
  const out = Buffer.from(pixels);
  for (let i = 0; deviation > 0 && i < out.length; i += 4) {
    const by = deviation * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
    for (let c = i; c < i + 3; c++) out[c] = Math.min(255, Math.max(0, Math.round(out[c] + by)));
  }
  return out;
}

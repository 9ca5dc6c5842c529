/** The page of one plugin, in Markdown. Texts of a manifest are other people's: they are shown, never interpreted. */
import type { Category, FileRef, Port } from '@deepfunctor/core';
import type { Functor, Morphism, Plugin } from '@deepfunctor/host';
import type { Entry, PackageJson } from './gallery.js';
import { isPainter } from './pictures.js';
import { letter } from './samples.js';

/** A text that Markdown, HTML and Vue leave alone. */
export const plain = (text: string): string =>
  text.replace(/[<>&|{}*_`[\]\\#~$!]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

export function pluginPage(plugin: Plugin, entry: Entry, json: PackageJson, example: Example): string {
  const { card } = plugin.manifest;
  const measured = Object.entries(card.measured);
  const learn = json.scripts?.learn;
  return `---
aside: false
---

# ${plain(plugin.name)} <Badge type="tip" text="${plugin.kind}" /> <Badge type="info" text="${plain(card.mode)}" />

${plain(entry.description)}

${shown(entry)}

## Use it

\`\`\`sh
npm install ${['deepfunctor', ...example.packages].join(' ')}
npx deepfunctor run ${example.run}
\`\`\`

## Figures

${figuresOf(entry, measured)}

[The reports](../../docs/report/report.md) tell what was measured with others, and how.

## How it was learned

${plain(card.recipe)}

${plain(card.data)}

${card.notes === undefined ? '' : plain(card.notes)}

${table(['mode', 'seed', 'steps'], [[MODES[card.mode], String(card.seed), String(card.steps)]])}

${learn === undefined ? '' : `Learned again, in its folder:\n\n\`\`\`sh\n${learn}\n\`\`\`\n`}
## Its side of the contract

${table(['field', 'value'], contractOf(plugin, json))}

${plugin.kind === 'morphism' ? tableOf(plugin) : ''}
`;
}

/** What its card says, and where that is left to the report of the founding, the line that the README has. */
function figuresOf({ figures }: Entry, measured: [string, number | string][]): string {
  if (measured.length === 0) return plain(figures);
  return table(
    ['measured', 'figure'],
    measured.map(([what, value]) => [plain(what), plain(String(value))]),
  );
}

const MODES = {
  founding: 'jointly, with the space',
  frozen: 'against the frozen space',
  'warm-start': 'from a sibling’s weights',
};

/** Pictures with their captions, or the values of a text format. */
function shown({ name, pictures, values }: Entry): string {
  if (values.length > 0)
    return table(
      ['label', ...values.map(({ label }) => plain(label))],
      [[plain(name), ...values.map(({ value }) => `**${plain(value)}**`)]],
    );
  return pictures
    .map(
      ({ src, caption, width, height }) =>
        `<figure class="sample"><img src="${src}" alt="${plain(caption)}" width="${width}" height="${height}"><figcaption>${plain(caption)}</figcaption></figure>`,
    )
    .join('\n\n');
}

/** What is installed for a chain, and the arguments that run it. */
export interface Example {
  packages: string[];
  run: string;
}

/** The arguments of `deepfunctor run` for a chain that uses the plugin and that the plugins beside it make complete. */
export function exampleOf(plugin: Plugin, plugins: readonly Plugin[]): Example {
  const functors = plugins.filter((each): each is Functor => each.kind === 'functor');
  const of = (category: Category): Functor | undefined => {
    const fit = functors.filter((each) => each.category.digest === category.digest);
    return fit.find(isPainter) ?? fit[0];
  };
  const starts = plugin.kind === 'functor' ? [plugin] : plugin.inputs.map(of);
  const names = starts.map((each) => each?.name ?? 'FUNCTOR');
  const start = names.length === 1 ? names[0] : `(${names.join(', ')})`;
  const middle = plugin.kind === 'functor' ? '' : ` -> ${plugin.name}`;
  const end =
    plugin.kind === 'morphism'
      ? of(plugin.output)
      : functors.find((each) => each !== plugin && each.category.digest === plugin.category.digest);
  const inputs = starts.map((each, i) => {
    const codec = each?.manifest.codec;
    return ` --input ${codec === undefined || codec.kind === 'image' ? `${letter(i)}.png` : codec.values.at(-1)}`;
  });
  const out = end !== undefined && isPainter(end) ? ' --out answer.png' : '';
  return {
    packages: [...new Set([plugin, ...starts, end].flatMap((each) => each?.package ?? []))],
    run: `"${start}${middle} -> ${end?.name ?? 'FUNCTOR'}"${inputs.join('')}${out}`,
  };
}

function contractOf(plugin: Plugin, json: PackageJson): [string, string][] {
  const { manifest } = plugin;
  const ports: [string, Port][] =
    manifest.kind === 'functor'
      ? [['port', manifest.port]]
      : [
          ...manifest.inputs.map((port, i) => [`input ${letter(i)}`, port] as [string, Port]),
          ['output', manifest.output],
        ];
  const rows: [string, string][] = [
    ['package', `${plain(json.name)} ${plain(json.version)}`],
    ...ports.map(([name, port]): [string, string] => [
      name,
      `${plain(port.category)} ${plain(port.contract)}, space <code class="digest">${plain(port.space)}</code>`,
    ]),
  ];
  if (manifest.kind === 'functor') {
    const { kind, ...fields } = manifest.codec;
    const told = Object.entries(fields).map(
      ([field, value]) =>
        `${field} ${Array.isArray(value) ? value.map((each) => `“${each}”`).join(' ') : value}`,
    );
    rows.push(['domain', manifest.domain.map(plain).join(', ')]);
    rows.push(['codec', plain(`${kind}: ${told.join(', ')}`)]);
    rows.push(['style', manifest.style === undefined ? 'none' : `${manifest.style} numbers`]);
  }
  for (const [name, file] of Object.entries(manifest.files) as [string, FileRef][])
    rows.push([
      name,
      `${plain(file.path)}, ${file.bytes.toLocaleString('en')} bytes, SHA-256 <code class="digest">${file.sha256}</code>`,
    ]);
  return rows;
}

/** The values that a morphism is meant to compute, where they fit a page: of one object a row, of two a square. */
function tableOf({ manifest, inputs, output }: Morphism): string {
  const [a, b, ...more] = inputs as [Category, ...Category[]];
  const side = 40;
  const names = output.labels.map(({ name }) => plain(name));
  const value = (index: number): string => names[manifest.table[index]!]!;
  if (more.length > 0 || a.labels.length > side || (b?.labels.length ?? 0) > side)
    return `Its table has ${manifest.table.length.toLocaleString('en')} values; they stand in the package.json.`;
  const across = (b ?? a).labels.map(({ name }) => plain(name));
  if (b === undefined)
    return `Its table:\n\n${table(['a', ...across], [[`**${plain(manifest.name)}**`, ...a.labels.map((_, i) => value(i))]])}`;
  const rows = a.labels.map(({ name }, i) => [
    `**${plain(name)}**`,
    ...b.labels.map((_, j) => value(i * b.labels.length + j)),
  ]);
  return `Its table, a down and b across:\n\n${table(['', ...across], rows)}`;
}

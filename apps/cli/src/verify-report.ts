/** The page of a verification: HTML with its pictures inside, or Markdown with its pictures beside it. */
import { basename, extname } from 'node:path';
import { type DeepFunctorError, writeWhole } from '@deepfunctor/core';
import { type Cell, type Finding, laws, type Point } from '@deepfunctor/laws';
import { heatMap, lines } from './charts.js';
import { KINDS, tableOf } from './verify-table.js';

/** What `deepfunctor verify --json` prints. */
export interface Verification {
  /** Every law holds, and nothing was set aside. */
  holds: boolean;
  seed: number;
  samples: number;
  engine: string;
  categories: {
    name: string;
    version: string;
    digest: string;
    depth: Point[];
    fuzziness: { morphism: string; points: Point[] }[];
  }[];
  plugins: { name: string; kind: string; version: string }[];
  setAside: readonly { name: string; error: DeepFunctorError }[];
  findings: Finding[];
  matrix: Cell[];
}

/** A part of the page, in either form. */
type Block =
  | { title: string }
  | { text: string }
  | { head: string[]; rows: string[][] }
  | { picture: string; svg: string };

/** Write the page; the pictures of Markdown first, so that a page never shows one that is not there. */
export function writePage(file: string, verification: Verification): void {
  const blocks = contentOf(verification);
  if (extname(file).toLowerCase() === '.html') {
    writeWhole(file, html(blocks));
    return;
  }
  const stem = file.slice(0, -extname(file).length);
  for (const block of blocks)
    if ('svg' in block) writeWhole(`${stem}-${block.picture}.svg`, `${block.svg}\n`);
  writeWhole(file, markdown(blocks, basename(stem)));
}

function contentOf(verification: Verification): Block[] {
  const { holds, seed, samples, engine, categories, plugins, setAside, findings, matrix } = verification;
  const failed = findings.filter((finding) => !finding.holds);
  const spaces = categories.map(({ name, version, digest }) => `${name} ${version} (${digest})`).join(', ');
  const blocks: Block[] = [
    { title: 'Laws of the installed plugins' },
    {
      text: `Made by deepfunctor verify with seed ${seed} and about ${samples} rows for each measurement, engine ${engine}. Space: ${spaces}. Installed: ${plugins.map(({ name, version }) => `${name} ${version}`).join(', ')}.`,
    },
    {
      text: holds
        ? `All ${findings.length} laws hold.`
        : `${failed.length} of ${findings.length} laws do not hold.`,
    },
    {
      text: 'A figure is a deviation, 0 is perfect; – means that there was nothing to measure.',
    },
  ];
  for (const kind of KINDS) blocks.push(...[tableOf(findings, kind)].filter((t) => !!t));
  if (failed.length > 0)
    blocks.push(
      { title: 'What does not hold' },
      {
        head: ['plugin', 'law', 'figure', 'at most', 'found'],
        rows: failed.map(({ plugin, law, figure, limit, detail, error }) => [
          plugin,
          law,
          error?.code ?? String(Number(figure!.toPrecision(3))),
          String(limit),
          error?.what ?? detail,
        ]),
      },
    );
  if (setAside.length > 0)
    blocks.push(
      { title: 'Set aside' },
      {
        head: ['name', 'code', 'why'],
        rows: setAside.map(({ name, error }) => [name, error.code, error.what]),
      },
    );
  if (matrix.length > 0) blocks.push({ title: 'Swap matrix' }, { picture: 'swap', svg: swapPicture(matrix) });
  for (const { name, depth, fuzziness } of categories) {
    if (depth.length > 0) {
      const points = depth.map(({ steps, figure }) => ({ steps, figure: 100 * figure }));
      const min = Math.min(99, Math.floor(Math.min(...points.map(({ figure }) => figure))));
      const title = `${name}: right labels after random chains, %`;
      blocks.push(
        { title: `Depth, ${name}` },
        {
          picture: `${name}-depth`,
          svg: lines(title, [{ name: 'clear reference latents', points }], { min, max: 100 }),
        },
      );
    }
    if (fuzziness.length > 0)
      blocks.push(
        { title: `Fuzziness, ${name}` },
        {
          picture: `${name}-fuzziness`,
          svg: lines(
            `${name}: total variation from the push-forward, ambiguous latents`,
            fuzziness.map(({ morphism, points }) => ({ name: morphism, points })),
            { min: 0 },
          ),
        },
      );
  }
  blocks.push(
    { title: 'The laws' },
    {
      head: ['law', 'of', 'says', 'tolerance'],
      rows: laws.map((law) => [law.name, law.of, law.statement, String(law.tolerance)]),
    },
  );
  return blocks;
}

function swapPicture(matrix: readonly Cell[]): string {
  const cells = matrix.map(({ input, morphism, output, accuracy }) => ({
    row: `${input} → ${morphism}`,
    column: `→ ${output}`,
    value: Number((100 * accuracy).toFixed(2)),
  }));
  const min = Math.min(99, Math.floor(Math.min(...cells.map(({ value }) => value))));
  return heatMap('Right answers, %', cells, { min, max: 100 });
}

function markdown(blocks: readonly Block[], stem: string): string {
  const cell = (text: string) => text.replace(/\s+/g, ' ').replaceAll('|', '\\|');
  const row = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  const parts = blocks.map((block, i) => {
    if ('title' in block) return `${i === 0 ? '#' : '##'} ${block.title}`;
    if ('text' in block) return block.text;
    if ('svg' in block) return `![${block.picture}](${encodeURI(`${stem}-${block.picture}.svg`)})`;
    return [row(block.head), row(block.head.map(() => '---')), ...block.rows.map(row)].join('\n');
  });
  return `${parts.join('\n\n')}\n`;
}

function html(blocks: readonly Block[]): string {
  const safe = (text: string) =>
    text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((text) => `<${tag}${text.startsWith('✗') ? ' class="no"' : ''}>${safe(text)}</${tag}>`).join('')}</tr>`;
  const parts = blocks.map((block, i) => {
    if ('title' in block) return `<h${i === 0 ? 1 : 2}>${safe(block.title)}</h${i === 0 ? 1 : 2}>`;
    if ('text' in block) return `<p>${safe(block.text)}</p>`;
    if ('svg' in block) return `<figure id="${safe(block.picture)}">${block.svg}</figure>`;
    return `<table>${[row(block.head, 'th'), ...block.rows.map((cells) => row(cells, 'td'))].join('\n')}</table>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Laws</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word }
table { border-collapse: collapse; margin: 1rem 0 } th, td { border: 1px solid #ccc; padding: 0.2rem 0.6rem; text-align: left }
.no { background: #fde0c5 } figure { margin: 1rem 0; overflow-x: auto }
</style>
${parts.join('\n')}
</html>
`;
}

// Write docs/errors.md from the one table of errors: code · meaning · how to solve. `--check` only compares.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERRORS, writeWhole } from '../packages/core/dist/index.js';

const path = fileURLToPath(new URL('../docs/errors.md', import.meta.url));
const text = (template) => template.replace(/\{(\w+)\}/g, '_$1_').replaceAll('|', '\\|');
const rows = Object.entries(ERRORS).map(([code, { meaning, what, todo }]) => [
  `\`${code}\``,
  `${meaning}<br>${text(what)}`,
  text(todo),
]);

/** A Markdown table with its columns aligned, as the formatter of this repository wants them. */
function table(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  const line = (cells, filler) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column], filler)).join(' | ')} |`;
  const [head, ...body] = lines;
  const rule = head.map(() => '-');
  return [line(head, ' '), line(rule, '-'), ...body.map((cells) => line(cells, ' '))].join('\n');
}

const page = `# Errors

Every error has a code, says what was wrong and where, and what to do:

\`\`\`
<what> [CODE]
  where: <the file, argument or part>
  do: <what to do>
\`\`\`

Words in _italics_ are filled in. This page is generated: \`node scripts/errors-doc.js\`.

${table([['code', 'meaning', 'how to solve'], ...rows])}
`;

if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== page) {
    console.error('docs/errors.md is not current: run `node scripts/errors-doc.js`.');
    process.exitCode = 1;
  }
} else {
  writeWhole(path, page);
}

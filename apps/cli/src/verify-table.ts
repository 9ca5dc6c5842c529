/** Findings as tables of law and plugin. */
import { type Finding, lawsOf } from '@deepfunctor/laws';

/** Kinds of plugins, in the order of their tables. */
export const KINDS = ['functor', 'morphism', 'bridge'] as const;
type Kind = (typeof KINDS)[number];

/** How a finding is told in a cell: a mark and the figure, `–` where there was nothing to measure. */
function cellOf({ holds, figure, error }: Finding): string {
  const value = error ? error.code : figure === null ? '–' : String(Number(figure.toPrecision(2)));
  return `${holds ? '✓' : '✗'} ${value}`;
}

/** A table of law and plugin for each kind of plugin: the laws in their order, and a column for each plugin. */
export function tableOf(
  findings: readonly Finding[],
  kind: Kind,
): { head: string[]; rows: string[][] } | undefined {
  const plugins = [...new Set(findings.filter(({ of }) => of === kind).map(({ plugin }) => plugin))];
  if (plugins.length === 0) return undefined;
  const rows = lawsOf({ kind }).map(({ name }) => [
    name,
    ...plugins.map((plugin) => cellOf(findings.find((f) => f.plugin === plugin && f.law === name)!)),
  ]);
  return { head: [kind, ...plugins], rows };
}

/** The tables as text, and below them what each law that does not hold has found. */
export function tables(findings: readonly Finding[]): string {
  const blocks = KINDS.flatMap((kind) => {
    const table = tableOf(findings, kind);
    if (table === undefined) return [];
    const all = [table.head, ...table.rows];
    const widths = table.head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
    const line = (row: string[]) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd();
    return [all.map(line).join('\n')];
  });
  const failed = findings.filter(({ holds }) => !holds);
  if (failed.length > 0)
    blocks.push(
      failed
        .map(({ plugin, law, figure, limit, detail, error }) =>
          error
            ? `✗ ${plugin}, ${law}: ${detail}`
            : `✗ ${plugin}, ${law}: ${Number(figure!.toPrecision(3))}, at most ${limit}; ${detail}`,
        )
        .join('\n'),
    );
  return blocks.join('\n\n');
}

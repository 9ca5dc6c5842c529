/** The report of an evaluation: JSON, a page, and pictures. */
import { join } from 'node:path';
import { writeWhole } from '@deepfunctor/core';
import * as echarts from 'echarts';

export interface Row {
  what: string;
  /** What is to be reached, as a text. */
  figure: string;
  measured: string | null;
  reached: boolean | null;
}

export interface Cell {
  input: string;
  morphism: string;
  output: string;
  /** Shares, 0 … 1. */
  accuracy: number;
  encoder: number;
  trained: boolean;
}

export interface Report {
  machine: string;
  engine: string;
  /** The space, and the plugins with their versions. */
  digest: string;
  plugins: string[];
  /** The judge's own accuracy on MNIST's test half. */
  judge: number;
  rows: Row[];
  matrix: Cell[];
  depth: { steps: number; accuracy: number }[];
  fuzziness: { steps: number; variation: number }[];
}

const percent = (x: number) => `${(100 * x).toFixed(2)} %`;

export function writeReport(out: string, report: Report): void {
  writeWhole(join(out, 'swap-matrix.svg'), heatMap(report.matrix));
  writeWhole(
    join(out, 'depth.svg'),
    line(
      'accuracy of random chains, %',
      report.depth.map(({ steps, accuracy }) => [steps, 100 * accuracy]),
    ),
  );
  writeWhole(
    join(out, 'fuzziness.svg'),
    line(
      'total variation after add-one',
      report.fuzziness.map(({ steps, variation }) => [steps, variation]),
    ),
  );
  writeWhole(join(out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeWhole(join(out, 'report.md'), page(report));
}

/** A table of Markdown. */
export function table(head: string[], lines: string[][]): string {
  const widths = head.map((_, c) => Math.max(...[head, ...lines].map((cells) => cells[c]!.length)));
  const row = (cells: string[]) => `| ${cells.map((cell, c) => cell.padEnd(widths[c]!)).join(' | ')} |`;
  return [row(head), `| ${widths.map((w) => '-'.repeat(w)).join(' | ')} |`, ...lines.map(row)].join('\n');
}

function page({ machine, engine, digest, plugins, judge, rows, matrix }: Report): string {
  const reached = (value: boolean | null) => (value === null ? '–' : value ? 'yes' : '**no**');
  return `# Report of the founding plugins

Made by \`deepfunctor evaluate --data DIR --out docs/report\`; do not edit. ${machine}, engine ${engine}.

Space \`${digest}\`, plugins ${plugins.join(', ')}. Pictures of digits are read by a judge that is no part of the system (${percent(judge)} on
MNIST's test half).

${table(
  ['what', 'figure', 'measured', 'reached'],
  rows.map((row) => [row.what, row.figure, row.measured ?? 'not measured', reached(row.reached)]),
)}

## Swap matrix

![swap matrix](swap-matrix.svg)

${table(
  ['in', 'morphism', 'out', 'accuracy', 'encoder', 'trained'],
  matrix.map((cell) => [
    cell.input,
    cell.morphism,
    cell.output,
    percent(cell.accuracy),
    percent(cell.encoder),
    cell.trained ? 'yes' : 'never',
  ]),
)}

## Depth and fuzziness

![depth](depth.svg)

![fuzziness](fuzziness.svg)
`;
}

function draw(option: object, width: number, height: number): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({ animation: false, backgroundColor: '#ffffff', ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

function heatMap(matrix: Cell[]): string {
  const columns = [...new Set(matrix.map(({ output }) => output))];
  const rows = [...new Set(matrix.map(({ input, morphism }) => `${input} → ${morphism}`))];
  const data = matrix.map((cell) => [
    columns.indexOf(cell.output),
    rows.indexOf(`${cell.input} → ${cell.morphism}`),
    Number((100 * cell.accuracy).toFixed(2)),
    cell.trained,
  ]);
  return draw(
    {
      title: { text: 'Right answers, %  (* never trained)', textStyle: { fontSize: 14 } },
      grid: { left: 150, right: 90, top: 40, bottom: 40 },
      xAxis: { type: 'category', data: columns.map((name) => `→ ${name}`) },
      yAxis: { type: 'category', data: rows, inverse: true },
      visualMap: {
        min: 99,
        max: 100,
        orient: 'vertical',
        right: 0,
        top: 'center',
        dimension: 2,
        inRange: { color: ['#fde0c5', '#2b6cb0'] },
      },
      series: [
        {
          type: 'heatmap',
          data,
          label: {
            show: true,
            formatter: ({ value }: { value: [number, number, number, boolean] }) =>
              `${value[2]}${value[3] ? '' : ' *'}`,
          },
        },
      ],
    },
    640,
    420,
  );
}

/** A line of a picture; x is a number of morphisms. */
export interface Drawing {
  name: string;
  data: number[][];
}

const line = (title: string, data: number[][]) => drawLines(title, [{ name: '', data }]);

export function drawLines(title: string, lines: Drawing[]): string {
  return draw(
    {
      title: { text: title, textStyle: { fontSize: 14 } },
      ...(lines.length > 1 ? { legend: { top: 24 } } : {}),
      grid: { left: 70, right: 30, top: lines.length > 1 ? 60 : 40, bottom: 48 },
      xAxis: { type: 'log', name: 'morphisms', nameLocation: 'middle', nameGap: 28 },
      yAxis: { type: 'value', scale: true },
      series: lines.map(({ name, data }) => ({ type: 'line', name, data })),
    },
    640,
    320,
  );
}

/** Charts as SVG pictures. */
import * as echarts from 'echarts';

/** Squares of rows and columns; `value` is drawn and coloured between `min` and `max`. */
export function heatMap(
  title: string,
  cells: readonly { row: string; column: string; value: number }[],
  { min, max }: { min: number; max: number },
): string {
  const rows = [...new Set(cells.map(({ row }) => row))];
  const columns = [...new Set(cells.map(({ column }) => column))];
  const left = 24 + 7 * Math.max(...rows.map(({ length }) => length));
  return draw(
    {
      title: { text: title, textStyle: { fontSize: 14 } },
      grid: { left, right: 90, top: 40, bottom: 40 },
      xAxis: { type: 'category', data: columns },
      yAxis: { type: 'category', data: rows, inverse: true },
      visualMap: {
        min,
        max,
        orient: 'vertical',
        right: 0,
        top: 'center',
        inRange: { color: ['#fde0c5', '#2b6cb0'] },
      },
      series: [
        {
          type: 'heatmap',
          data: cells.map(({ row, column, value }) => [columns.indexOf(column), rows.indexOf(row), value]),
          label: { show: true },
        },
      ],
    },
    left + 90 + 110 * columns.length,
    80 + 26 * rows.length,
  );
}

/** Lines over a number of steps, on a logarithmic axis; `ends` fixes an end of the other axis. */
export function lines(
  title: string,
  series: readonly { name: string; points: readonly { steps: number; figure: number }[] }[],
  ends: { min?: number; max?: number },
): string {
  return draw(
    {
      title: { text: title, textStyle: { fontSize: 14 } },
      legend: { top: 34, type: 'scroll', data: series.map(({ name }) => name) },
      grid: { left: 80, right: 30, top: 76, bottom: 48 },
      xAxis: { type: 'log', name: 'morphisms', nameLocation: 'middle', nameGap: 28 },
      yAxis: { type: 'value', scale: true, ...ends },
      series: series.map(({ name, points }) => ({
        name,
        type: 'line',
        data: points.map(({ steps, figure }) => [steps, figure]),
      })),
    },
    720,
    360,
  );
}

function draw(option: object, width: number, height: number): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({ animation: false, backgroundColor: '#ffffff', ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

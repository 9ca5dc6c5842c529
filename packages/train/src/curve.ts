import * as echarts from 'echarts';

/** A point of a learning curve; `accuracy` 0 … 1 where it was measured. */
interface Point {
  step: number;
  loss: number;
  accuracy?: number;
}

/** A learning curve as an SVG picture: loss on a logarithmic axis, and the share not read right on validation rows. */
export function drawCurve(points: readonly Point[]): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 900, height: 420 });
  const checked = points.filter((point) => point.accuracy !== undefined);
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    legend: { top: 8 },
    grid: { left: 70, right: 80, top: 48, bottom: 48 },
    xAxis: { type: 'value', name: 'step', nameLocation: 'middle', nameGap: 28, max: 'dataMax' },
    yAxis: [
      { type: 'log', name: 'loss' },
      { type: 'log', name: 'misread, %', splitLine: { show: false } },
    ],
    series: [
      { name: 'loss', type: 'line', showSymbol: false, data: points.map(({ step, loss }) => [step, loss]) },
      {
        name: 'handwriting misread, validation',
        type: 'line',
        yAxisIndex: 1,
        data: checked.map(({ step, accuracy }) => [step, Math.max(0.01, 100 * (1 - accuracy!))]),
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

import * as echarts from 'echarts';
import { limitText } from './page.js';

/** Every figure that something is asked of, as a part of it on a logarithmic axis: right of 1 is better. As an SVG. */
export function chart(benchmarks) {
  const bars = benchmarks.flatMap(({ figures }) =>
    figures
      .filter(({ limit }) => limit)
      .map(({ what, ratio, limit, reached }) => ({
        name: `${what} (${limitText(limit)})`,
        value: limit.most === undefined ? ratio / limit.least : limit.most / ratio,
        label: String(Number(ratio.toPrecision(3))),
        color: reached ? '#2b6cb0' : '#c05621',
      })),
  );
  const height = 90 + 28 * bars.length;
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 900, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: {
      text: 'Figures against what is asked of them (1 is enough, right is better)',
      textStyle: { fontSize: 14 },
    },
    grid: { left: 470, right: 60, top: 40, bottom: 40 },
    xAxis: { type: 'log', min: (range) => Math.min(0.5, range.min) },
    yAxis: {
      type: 'category',
      inverse: true,
      data: bars.map(({ name }) => name),
      axisLabel: { width: 450, overflow: 'truncate' },
    },
    series: [
      {
        type: 'scatter',
        symbolSize: 11,
        data: bars.map(({ value, label, color }) => ({
          value,
          itemStyle: { color },
          label: { show: true, position: 'right', formatter: label },
        })),
        markLine: {
          symbol: 'none',
          silent: true,
          label: { show: false },
          data: [{ xAxis: 1 }],
          lineStyle: { color: '#333' },
        },
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

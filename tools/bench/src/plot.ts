import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Report } from './report.ts';

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH = 960;
const HEIGHT = 420;
/** Messages a second: both panels end at a multiple of this. */
const TICK = 50_000;
const BATCHES = ['1', '16', '64', '256'];
const SIZE = '1KiB';
const PANELS = [
  { title: 'Send and SendStream', unary: 'send', stream: 'send-stream' },
  { title: 'Receive and ReceiveStream', unary: 'receive', stream: 'receive-stream' },
];
const TARGETS = ['peer', 'go-connector', 'executable', 'floor'];

/** Messages a second against messages per batch, as SVG; both directions side by side. */
export function plot(report: Report): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  const rateOf = (name: string, target: string): number | undefined =>
    report.summaries.find((one) => one.case === name && one.target === target)?.metrics.rate
      ?.median;
  const cases = PANELS.map(({ unary, stream }) => [
    `${unary}/${SIZE}/64-in-flight`,
    ...BATCHES.map((batch) => `${stream}/${SIZE}/${batch}-per-batch`),
  ]);
  const rates = cases.flat().flatMap((name) => TARGETS.map((target) => rateOf(name, target) ?? 0));
  const top = Math.ceil(Math.max(...rates) / TICK) * TICK;
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: PANELS.map(({ title }, i) => ({
      text: title,
      left: i === 0 ? '27%' : '77%',
      textAlign: 'center',
      textStyle: { fontSize: 14 },
    })),
    legend: { bottom: 0, itemGap: 24, data: TARGETS },
    grid: PANELS.map((_, i) => ({ left: i === 0 ? 80 : 560, width: 380, top: 50, bottom: 80 })),
    xAxis: PANELS.map((_, i) => ({
      gridIndex: i,
      type: 'category',
      data: ['unary', ...BATCHES],
      name: 'messages per batch',
      nameLocation: 'middle',
      nameGap: 28,
    })),
    yAxis: PANELS.map((_, i) => ({
      gridIndex: i,
      type: 'value',
      max: top,
      ...(i === 0 && { name: 'messages a second' }),
    })),
    series: cases.flatMap((names, i) =>
      TARGETS.map((target) => ({
        name: target,
        type: 'line' as const,
        xAxisIndex: i,
        yAxisIndex: i,
        symbolSize: 7,
        data: names.map((name) => rateOf(name, target) ?? '-'),
      })),
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

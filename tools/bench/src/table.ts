import type { Spread } from './statistics.ts';
import type { Summary } from './summary.ts';

type Column = readonly [title: string, cell: (summary: Summary) => string];

const NOTHING = '–';

/** All that was measured, for people: a table for each kind of case. */
export function tables(summaries: readonly Summary[]): string {
  const kinds = [
    ['load', loadColumns],
    ['memory', memoryColumns],
    ['start', startColumns],
  ] as const;
  const parts = kinds.flatMap(([kind, columns]) => {
    const rows = summaries.filter((summary) => summary.kind === kind);
    return rows.length === 0 ? [] : [table(rows, columns)];
  });
  const failures = summaries.flatMap((summary) =>
    summary.failures.map((failure) => `FAILED ${summary.case} ${summary.target}: ${failure}`),
  );
  return [...parts, ...failures].join('\n');
}

const loadColumns: Column[] = [
  ['msg/s', ({ metrics }) => middle(metrics.rate, 0)],
  ['min..max', ({ metrics }) => range(metrics.rate, 0)],
  ['×peer', ({ to }) => middle(to.peer?.rate, 2)],
  ['min..max', ({ to }) => range(to.peer?.rate, 2)],
  ['×unary', ({ to }) => middle(to.unary?.rate, 2)],
  ['p50 µs', ({ metrics }) => middle(metrics.p50, 0)],
  ['×peer', ({ to }) => middle(to.peer?.p50, 2)],
  ['p99 µs', ({ metrics }) => middle(metrics.p99, 0)],
  ['host CPU', ({ metrics }) => middle(metrics.hostCpu, 2)],
  ['plugin CPU', ({ metrics }) => middle(metrics.pluginCpu, 2)],
  ['×peer', ({ to }) => middle(to.peer?.pluginCpu, 2)],
  ['×unary', ({ to }) => middle(to.unary?.pluginCpu, 2)],
  ['msg/frame', ({ metrics }) => middle(metrics.messagesPerFrame, 1)],
  ['peak anon', ({ metrics }) => mebibytes(metrics.anonPeak)],
];

const memoryColumns: Column[] = [
  ['anon idle', ({ metrics }) => mebibytes(metrics.anonIdle)],
  ['after', ({ metrics }) => mebibytes(metrics.anonAfter)],
  ['peak', ({ metrics }) => mebibytes(metrics.anonPeak)],
  ['10th - 1st tenth', ({ metrics }) => mebibytes(metrics.growth)],
  ['total idle', ({ metrics }) => mebibytes(metrics.totalIdle)],
  ['after', ({ metrics }) => mebibytes(metrics.totalAfter)],
  ['peak', ({ metrics }) => mebibytes(metrics.totalPeak)],
  ['msg/s', ({ metrics }) => middle(metrics.rate, 0)],
];

const startColumns: Column[] = [
  ['ms', ({ metrics }) => middle(metrics.milliseconds, 1)],
  ['min..max', ({ metrics }) => range(metrics.milliseconds, 1)],
  ['×peer', ({ to }) => middle(to.peer?.milliseconds, 2)],
  ['×floor', ({ to }) => middle(to.floor?.milliseconds, 2)],
];

/** Rows below the name of their case; numbers to the right. */
function table(summaries: readonly Summary[], columns: readonly Column[]): string {
  const cells = summaries.map((summary) => columns.map(([, cell]) => cell(summary)));
  const widths = columns.map(([title], i) =>
    Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)),
  );
  const names = Math.max(...summaries.map(({ target }) => target.length));
  const line = (name: string, values: readonly string[]): string =>
    `  ${name.padEnd(names)}  ${values.map((value, i) => value.padStart(widths[i] ?? 0)).join('  ')}`;
  const titles = columns.map(([title]) => title);
  const lines = [line('', titles)];
  for (const [i, { case: name, target }] of summaries.entries()) {
    if (summaries[i - 1]?.case !== name) lines.push(name);
    lines.push(line(target, cells[i] ?? []));
  }
  return `${lines.join('\n')}\n`;
}

function middle(spread: Spread | undefined, digits: number): string {
  return spread ? number(spread.median, digits) : NOTHING;
}

function range(spread: Spread | undefined, digits: number): string {
  return spread ? `${number(spread.min, digits)}..${number(spread.max, digits)}` : NOTHING;
}

function mebibytes(spread: Spread | undefined): string {
  return spread ? number(spread.median / 2 ** 20, 1) : NOTHING;
}

function number(value: number, digits: number): string {
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

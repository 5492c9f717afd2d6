import { expect, test } from 'vitest';
import type { Case } from '../src/cases.ts';
import type { LoadResult } from '../src/measurement.ts';
import { plot } from '../src/plot.ts';
import { type Report, toJson } from '../src/report.ts';
import type { Row } from '../src/rounds.ts';
import { summarize } from '../src/summary.ts';
import { tables } from '../src/table.ts';

const MIB = 2 ** 20;
const unary: Case = {
  name: 'send/1KiB/64-in-flight',
  kind: 'load',
  host: 'go',
  options: { call: 'send' },
};
const stream: Case = {
  name: 'send-stream/1KiB/64-per-batch',
  kind: 'load',
  host: 'go',
  options: { call: 'send-stream' },
  unary: unary.name,
};

function result(messages: number, pluginCpu: number): LoadResult {
  const memory = { anon: 2 * MIB, total: 3 * MIB };
  return {
    messages,
    frames: messages / 64,
    seconds: 2,
    p50: 100,
    p99: 900,
    hostCpu: 1,
    pluginCpu,
    rss: { idle: memory, after: memory, peak: memory },
    series: [],
  };
}

const rows: Row[] = [
  { case: unary, target: 'peer', rounds: [result(2000, 1), result(4000, 1), result(6000, 1)] },
  {
    case: stream,
    target: 'peer',
    rounds: [result(10_000, 1), result(20_000, 1), result(30_000, 1)],
  },
  {
    case: stream,
    target: 'executable',
    rounds: [result(20_000, 1), new Error('no handshake'), result(90_000, 1)],
  },
];
const [peerUnary, peerStream, executable] = summarize(rows);

test('rates are messages a second, CPU times are for 100,000 messages', () => {
  expect(peerUnary?.metrics.rate).toMatchObject({ median: 2000, min: 1000, max: 3000 });
  expect(peerUnary?.metrics.pluginCpu).toMatchObject({
    median: 25,
    values: [50, 25, 100_000 / 6000],
  });
  expect(peerStream?.metrics.messagesPerFrame).toMatchObject({ median: 64 });
});

test('a target is compared with the peer, and a stream with its unary calls, round by round', () => {
  expect(peerUnary?.to).toEqual({});
  expect(peerStream?.to.peer).toBeUndefined();
  expect(peerStream?.to.unary?.rate).toEqual({ median: 5, min: 5, max: 5 });
  expect(executable?.to.peer?.rate).toEqual({ median: 2.5, min: 2, max: 3 });
  expect(executable?.to.unary?.rate).toEqual({ median: 12.5, min: 10, max: 15 });
});

test('what failed is told, and leaves the other rounds as they are', () => {
  expect(executable?.failures).toEqual(['no handshake']);
  expect(executable?.metrics.rate?.median).toBe(27_500);
  expect(tables(summarize(rows))).toContain(`FAILED ${stream.name} executable: no handshake`);
});

test('a table has the rows of a case below its name', () => {
  const lines = tables(summarize(rows)).split('\n');
  const at = lines.indexOf(stream.name);
  expect(lines[at + 1]).toMatch(/^ {2}peer +10,000 +5,000\.\.15,000 +– +– +5\.00 +100 /);
  expect(lines[at + 2]).toMatch(
    /^ {2}executable +27,500 +10,000\.\.45,000 +2\.50 +2\.00\.\.3\.00 +12\.50 /,
  );
});

const report: Report = {
  date: '2026-01-01T00:00:00.000Z',
  machine: {
    cpu: 'some',
    cores: 2,
    memoryBytes: 1,
    kernel: '6',
    node: 'v26',
    go: 'go1.26',
    goModules: {},
  },
  load: { before: 0, after: 1 },
  options: { rounds: 3, warmUpMs: 700, timeMs: 1000 },
  sizes: { peer: 1 },
  summaries: summarize(rows),
};

test('the JSON file has every row, with a gap where a round failed', () => {
  const read = JSON.parse(toJson(report)) as { summaries: unknown[] };
  expect(read.summaries).toHaveLength(3);
  expect(read.summaries[2]).toMatchObject({
    case: stream.name,
    target: 'executable',
    metrics: { rate: { median: 27_500, values: [10_000, null, 45_000] } },
    to: { peer: { rate: { median: 2.5 } } },
  });
});

test('the plot has a line for each target that was measured', () => {
  const svg = plot(JSON.parse(toJson(report)) as Report);
  expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/);
  for (const text of ['Send and SendStream', 'Receive and ReceiveStream', 'executable']) {
    expect(svg).toContain(`>${text}</text>`);
  }
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needs } from '../../testing/require-program.ts';
import { type Built, buildGo, bundled } from '../src/build.ts';
import type { Case } from '../src/cases.ts';
import type { Call, HostOptions } from '../src/measurement.ts';
import { measureRounds, type Row } from '../src/rounds.ts';
import { summarize } from '../src/summary.ts';
import { tables } from '../src/table.ts';

const PAYLOAD_BYTES = 100;
const MESSAGES = 32;

// The connector and the floor are bundles here: that spares the building of executables.
let built: Built;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bench-'));
  built = {
    ...buildGo(folder),
    tsHost: await bundled('tsHost', folder),
    connector: await bundled('connector', folder),
    floor: await bundled('floor', folder),
  };
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

function caseOf(host: Case['host'], call: Call, options: Partial<HostOptions> = {}): Case {
  const shape = call.endsWith('stream') ? { inFlight: 2, batch: 4 } : { inFlight: 3 };
  return {
    name: `${host}/${call}`,
    kind: 'load',
    host,
    options: { call, payloadBytes: PAYLOAD_BYTES, messages: MESSAGES, ...shape, ...options },
  };
}

function measureAll(
  cases: readonly Case[],
  programs: Built,
  targets: readonly string[] = [],
): Promise<Row[]> {
  return measureRounds({
    cases,
    built: programs,
    rounds: 1,
    timing: { warmUpMs: 0, timeMs: 1000 },
    cgroup: undefined,
    targets,
    onProgress: () => {},
  });
}

describe.runIf(needs('go'))('with real hosts and plugins', () => {
  test.each<[Call, boolean]>([
    ['send', false],
    ['receive', false],
    ['receive-ack', true],
    ['send-stream', true],
    ['receive-stream', false],
  ])('the Go host measures %s on every target, mtls %s', async (call, mtls) => {
    const rows = await measureAll([caseOf('go', call, { mtls })], built);
    expect(rows.map(({ target }) => target)).toEqual([
      'peer',
      'go-connector',
      'executable',
      'streams only',
      'floor',
      'peer again',
    ]);
    for (const { rounds } of rows) expect(rounds).toEqual([figures(call)]);
  });

  test.each<[Call, boolean]>([
    ['send', true],
    ['receive-ack', false],
    ['send-stream', false],
    ['receive-stream', true],
  ])('our host measures %s on Go and TypeScript, mtls %s', async (call, mtls) => {
    const rows = await measureAll([caseOf('ts', call, { mtls })], built, ['executable']);
    expect(rows.map(({ target }) => target)).toEqual(['peer', 'executable', 'peer again']);
    for (const { rounds } of rows) expect(rounds).toEqual([figures(call)]);
  });

  test('starts, memory and a slow host come out in tables', async () => {
    const options = { messages: 64, pauseMs: 1, settleMs: 1 };
    const memory: Case = { ...caseOf('go', 'receive-stream', options), kind: 'memory' };
    const start: Case = {
      name: 'start',
      kind: 'start',
      host: 'go',
      options: { call: 'start', starts: 2 },
    };
    const rows = await measureAll([memory, start], built, ['floor']);
    const summaries = summarize(rows);
    expect(summaries.map(({ case: name, target }) => `${name} ${target}`)).toEqual([
      'go/receive-stream peer',
      'go/receive-stream floor',
      'start peer',
      'start floor',
      'start peer again',
    ]);
    const [peer] = rows;
    expect(peer?.rounds).toEqual([expect.objectContaining({ series: tenth })]);
    expect(tables(summaries)).toMatch(/anon idle.*\ngo\/receive-stream\n {2}peer +\d+\.\d /);
    expect(tables(summaries)).toMatch(/×floor\nstart\n {2}peer +\d+\.\d +\d+\.\d\.\.\d+\.\d +– /);
  });

  test.each<[Call, string]>([
    ['send', 'was answered for'],
    ['receive', 'came twice'],
    ['send-stream', 'was answered for'],
    ['receive-stream', 'came twice'],
  ])('wrong answers to %s have no figures', async (call, complaint) => {
    // The floor in the place of a connector: the host does not know that its answers are fixed.
    const { batch = 1 } = caseOf('go', call).options;
    const wrong = { ...built, connector: [...built.floor, String(PAYLOAD_BYTES), String(batch)] };
    const [, row] = await measureAll([caseOf('go', call)], wrong, ['executable']);
    const message = expect.stringContaining(complaint);
    expect(row?.rounds).toEqual([expect.objectContaining({ message })]);
  });

  test('a payload of another size is an error, also where answers are fixed', async () => {
    const wrong = { ...built, floor: [...built.floor, String(PAYLOAD_BYTES - 1)] };
    const rows = await measureAll([caseOf('go', 'receive')], wrong, ['floor']);
    const [, floor] = summarize(rows);
    expect(floor?.failures).toEqual([
      expect.stringContaining(`a payload of ${PAYLOAD_BYTES - 1} bytes, expected ${PAYLOAD_BYTES}`),
    ]);
  });
});

const positive = expect.toSatisfy((value: number) => value > 0, 'a number above 0');
const notNegative = expect.toSatisfy((value: number) => value >= 0, 'a number of 0 or more');
const memory = { anon: positive, total: positive };
const tenth = expect.toSatisfy((series: number[]) => series.length === 10, 'ten values');

function figures(call: Call): unknown {
  return {
    messages: expect.toSatisfy((count: number) => count >= MESSAGES / 2, 'most of the messages'),
    frames: call.endsWith('stream') ? notNegative : 0,
    seconds: positive,
    p50: positive,
    p99: positive,
    hostCpu: notNegative,
    pluginCpu: notNegative,
    rss: { idle: memory, after: memory, peak: memory },
    series: expect.any(Array),
  };
}

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../support/logger.ts';
import { recordingLogger } from '../support/logger.ts';
import { type Started, usePlugins } from '../support/plugins.ts';
import { hasGo, useGoPrograms } from './go.ts';

const program = useGoPrograms('./plugin', './explain');
const { start, script } = usePlugins();
const run = promisify(execFile);

const at = '2026-11-23T06:12:34.490970Z';
const lines = [
  `{"@level":"debug","@message":"plugin address","@timestamp":"${at}","network":"unix"}`,
  `{"@level":"ERROR","@message":"loud \\" \\n ✓","@module":"a.b","@timestamp":"${at}","n":1.5,"o":{"p":[null]}}`,
  '{"@level":"info","@message":"of another zone","@timestamp":"2026-11-23T06:12:34.490970+01:00"}',
  '{"@level":"warn","@message":"no time"}',
  '{"@level":"info"}',
  '{"@level":"info","@message":"three digits","@timestamp":"2026-11-23T06:12:34.490Z"}',
  '{"@level":"fatal","@message":"no such level"}',
  '{"@message":"no level"}',
  '{"level":"info","msg":"of another logger"}',
  '{}',
  '{"@level":"info","@message":"not closed"',
  '["@level"]',
  ' {"@level":"info","@message":"indented"}',
  'null',
  '5',
  '[TRACE] t',
  '[DEBUG] d',
  '[INFO]  i',
  '[WARN] w',
  '[ERROR] e',
  '[error] e',
  ' [ERROR] e',
  '[FATAL] f',
  'plain',
  '',
  'with a return\r',
  'a panic: not at the start',
  'panic: a bug',
  '',
  'goroutine 1 [running]:',
  '[INFO] says its level',
  '{"@level":"debug","@message":"says its level"}',
  '{"@message":"says none"}',
  'panic again',
];

/** What any host logs: level, text and fields. go-plugin adds the plugin's time to the fields. */
interface Logged {
  level: unknown;
  msg: unknown;
  fields: unknown;
}

describe.runIf(hasGo)('what a plugin writes to stderr', () => {
  it('76: is logged with the levels, texts and fields that go-plugin gives it', async () => {
    const command = await script('#!/bin/sh\ncat "$0.stderr" >&2\nexec sleep 1000\n');
    await writeFile(`${command}.stderr`, `${lines.join('\n')}\n`);
    const { log, entries } = recordingLogger();
    await expect(start({ command, log, startTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'START_TIMEOUT',
    });
    const { stdout } = await run(program(1), ['-timeout', '300ms', command]);
    const [{ log: theirs }] = JSON.parse(stdout);
    const ours = entries.map(({ level, msg, fields = {} }) => ({ level, msg, fields }));
    expect(ours).toEqual(theirs.filter(isOfPlugin).map(toLogged));
    expect(ours).toHaveLength(lines.length);
  });

  it('76: comes with all fields when hclog wrote it', async () => {
    const { testing, entries } = await start({ command: program() });
    await testing.run({ text: 'log' });
    const ofPlugin = (): Entry[] =>
      entries.filter(({ module }) => String(module).startsWith('testing'));
    await expect.poll(ofPlugin).toHaveLength(5);
    const timestamp = expect.stringMatching(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)$/,
    );
    const own = { module: 'testing', timestamp };
    expect(ofPlugin()).toEqual([
      { ...own, level: 'trace', msg: 'a trace' },
      {
        ...own,
        level: 'debug',
        msg: 'quote " newline \n and ✓',
        fields: { count: 3, nested: { a: ['b'] } },
      },
      { ...own, level: 'info', msg: 'an info' },
      {
        level: 'warn',
        module: 'testing.sub',
        timestamp,
        msg: 'a warning',
        fields: { error: 'unexpected EOF' },
      },
      { ...own, level: 'error', msg: 'an error', fields: { html: '<&>' } },
    ]);
  });

  it('76: is plain text when its JSON has other types, on which go-plugin itself gives up', async () => {
    const wrong = [
      '{"@level":"info","@message":5}',
      '{"@level":"info","@message":{"a":1}}',
      '{"@level":5,"@message":"m"}',
      '{"@level":"info","@message":"m","@timestamp":5}',
      '{"@level":null,"@message":null,"@timestamp":null}',
    ];
    const started = await start({ command: program() });
    const texts = await logged(started, `${wrong.join('\n')}\n`, wrong.length);
    expect(texts).toEqual(wrong.map((msg) => ({ level: 'debug', msg })));
    expect(await started.testing.echo({ text: 'fine' })).toMatchObject({ text: 'fine' });
  });

  it('76: is logged in pieces when a line is longer than 64 KiB, and no further', async () => {
    const started = await start({ command: program() });
    const long = `{"@level":"error","@message":"${'m'.repeat(150_000)}"}`;
    const fits = `[WARN] ${'w'.repeat(2 ** 16 - 10)}`;
    const pieces = await logged(started, `${long}\n${fits}\n`, 4);
    expect(pieces.slice(0, 3).map(({ level }) => level)).toEqual(Array(3).fill('debug'));
    expect(
      pieces
        .slice(0, 3)
        .map(({ msg }) => msg)
        .join(''),
    ).toBe(long);
    expect(pieces[3]).toEqual({ level: 'warn', msg: fits });
  });

  it('76: is an error from the start of a real panic on', async () => {
    const { plugin, testing, entries } = await start({ command: program() });
    await expect(testing.run({ text: 'panic' })).rejects.toThrow('panic: a bug in the plugin');
    await plugin.exited;
    const first = entries.findIndex(({ msg }) => msg.startsWith('panic: a bug in the plugin'));
    const trace = entries.slice(first).filter(({ msg }) => msg !== 'plugin process exited');
    expect(trace.length).toBeGreaterThan(10);
    expect(new Set(trace.map(({ level }) => level))).toEqual(new Set(['error']));
    expect(trace.some(({ msg }) => /^goroutine \d+ .*\[running\]:$/.test(msg))).toBe(true);
  });
});

/** Lets the plugin write to its stderr, and gives back the entries that the host made of it. */
async function logged(
  { testing, entries }: Started,
  text: string,
  count: number,
): Promise<Entry[]> {
  const before = entries.length;
  await testing.run({ text: 'to the real stderr', data: Buffer.from(text) });
  await expect.poll(() => entries.length).toBeGreaterThanOrEqual(before + count);
  return entries.slice(before);
}

const isOfPlugin = (entry: Record<string, unknown>): boolean => entry['@module'] !== undefined;

function toLogged(entry: Record<string, unknown>): Logged {
  const {
    '@level': level,
    '@message': msg,
    '@module': _module,
    '@timestamp': _loggedAt,
    timestamp: _writtenAt,
    ...fields
  } = entry;
  return { level, msg, fields };
}

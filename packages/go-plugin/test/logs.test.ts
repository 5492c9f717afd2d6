import { describe, expect, it } from 'vitest';
import { formatLogLine, timestamp } from '../src/logs/format.ts';
import { createLogParser } from '../src/logs/parse.ts';

const at = '2026-11-23T06:12:34.490970Z';

describe('a line of a plugin log', () => {
  it.each([
    [
      `{"@level":"debug","@message":"plugin address","@timestamp":"${at}","network":"unix"}`,
      { level: 'debug', message: 'plugin address', timestamp: at, fields: { network: 'unix' } },
    ],
    [
      '{"@level":" WARN ","@message":"m","@module":"a.b"}',
      { level: 'warn', message: 'm', module: 'a.b', fields: {} },
    ],
    [
      '{"@level":"error","@message":"m","@timestamp":"2026-11-23T06:12:34.490970+01:00"}',
      { level: 'error', message: 'm', timestamp: '2026-11-23T06:12:34.490970+01:00', fields: {} },
    ],
    ['{"@level":"info"}', { level: 'info', message: '', fields: {} }],
    ['[TRACE] x', { level: 'trace', message: '[TRACE] x', fields: {} }],
    ['[WARN]  x', { level: 'warn', message: '[WARN]  x', fields: {} }],
    ['[ERROR] x', { level: 'error', message: '[ERROR] x', fields: {} }],
    ['plain', { level: 'debug', message: 'plain', fields: {} }],
    ['', { level: 'debug', message: '', fields: {} }],
  ])('%s', (line, entry) => {
    expect(createLogParser()(line)).toEqual(entry);
  });

  it.each([
    '{"@message":"no level"}',
    '{"@level":"loud","@message":"m"}',
    '{"@level":5,"@message":"m"}',
    '{"@level":{"toString":1},"@message":"m"}',
    '{"@level":"info","@message":5}',
    '{"@level":"info","@message":null}',
    '{"@level":"info","@message":"m","@timestamp":5}',
    '{"@level":"info","@message":"m","@timestamp":"2026-11-23T06:12:34.490Z"}',
    '{"@level":"info","@message":"m"',
    '["@level"]',
    'null',
    '5',
  ])('that is no hclog JSON is plain text: %s', (line) => {
    expect(createLogParser()(line)).toEqual({ level: 'debug', message: line, fields: {} });
  });

  it.each(['panic: a bug', 'fatal error: all goroutines are asleep'])(
    'after %j is an error, unless it says its own level',
    (crash) => {
      const parse = createLogParser();
      const lines = [
        'before',
        crash,
        '',
        'goroutine 1 [running]:',
        '[WARN] x',
        '{"@level":"info"}',
        'last',
      ];
      expect(lines.map((line) => parse(line).level)).toEqual([
        'debug',
        'error',
        'error',
        'error',
        'warn',
        'info',
        'error',
      ]);
    },
  );

  it('is written so that it reads back', () => {
    const line = formatLogLine('warn', 'quote " newline \n ✓', {
      module: 'm',
      fields: { n: 1, '@message': 5 },
    });
    expect(line).toMatch(/^[^\n]+\n$/);
    expect(createLogParser()(line.trimEnd())).toEqual({
      level: 'warn',
      message: 'quote " newline \n ✓',
      module: 'm',
      timestamp: expect.any(String),
      fields: { n: 1 },
    });
  });

  it.each([
    [0n, '1970-01-01T00:00:00.000000Z'],
    [1_700_000_000_123_456_789n, '2023-11-14T22:13:20.123456Z'],
  ])('carries %s ns as %s', (nanoseconds, text) => {
    expect(timestamp(Temporal.Instant.fromEpochNanoseconds(nanoseconds))).toBe(text);
  });
});

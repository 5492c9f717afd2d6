import { expect, test } from 'vitest';
import { redactorOf, shortLine } from '../src/cli/log.ts';

test('a line for a terminal has time, level, connection, text and the rest', () => {
  const time = new Date(2026, 0, 2, 3, 4, 5).toISOString();
  const entry = { level: 40, time, pid: 1, hostname: 'x', connection: 'in', msg: 'lost', n: 3 };
  expect(shortLine({ ...entry, details: { port: '80' } })).toBe(
    '03:04:05 WARN  in: lost n=3 details={"port":"80"}',
  );
});

test('text from outside neither drives the terminal nor looks like a line of its own', () => {
  const line = shortLine({
    level: 30,
    time: new Date(0).toISOString(),
    msg: 'a\u001b[2J\r\n12:00:00 ERROR forged\u202e',
  });
  expect(line).toMatch(/INFO {2}a\\u\{1b\}\[2J\\u\{d\}\n {4}12:00:00 ERROR forged\\u\{202e\}$/);
});

test('every secret of the environment is known', () => {
  const redact = redactorOf({ VRSKY_SECRET_KEY: 'hunter2', PATH: '/usr/bin' });
  expect(redact('hunter2 in /usr/bin')).toBe('[redacted] in /usr/bin');
  const number = redactorOf({ VRSKY_SECRET_PIN: '4711' });
  expect(number('{"level":30,"pid":4711}\n')).toBe('{"level":30,"pid":"[redacted]"}\n');
});

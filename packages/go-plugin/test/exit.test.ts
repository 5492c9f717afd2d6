import { expect, it } from 'vitest';
import { exitedLater } from '../src/host/exit.ts';
import { formatLogLine } from '../src/logs/format.ts';

const error = formatLogLine('error', 'no space left').trim();
const debug = formatLogLine('debug', 'plugin address').trim();

it.each([
  ['its last warning or error', [error, debug], 'no space left'],
  ['a level in front of a text counts, too', ['[WARN] disk is full', debug], '[WARN] disk is full'],
  ['what it wrote last, if nothing was worse', ['one', debug, 'two', ''], 'two'],
  [
    'the beginning of a crash before all',
    [error, 'panic: a bug', '', 'goroutine 1'],
    'panic: a bug',
  ],
])('the first line about a plugin that has ended tells %s', (_what, lastLines, line) => {
  const [first] = exitedLater({ code: 3, signal: null, lastLines }).message.split('\n');
  expect(first).toBe(`plugin exited (exit status 3): ${line}`);
});

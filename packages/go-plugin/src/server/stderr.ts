import { writeSync } from 'node:fs';
import { codeOf } from '../errors.ts';
import { formatLogLine, type LogLevel } from '../logs/format.ts';

/** How long a line of the log waits for a host that reads nothing. What it is part of waits meanwhile. */
const logPatienceMs = 100;
/** Between two looks at a pipe that is full: nothing can tell a process of its end that has no more turns. */
const lookEveryMs = 5;
const never = new Int32Array(new SharedArrayBuffer(4));

let rewrite = (text: string): string => text;

/** From now on each text passes through the function, such as one that cuts out secrets. */
export function rewriteStderr(how: (text: string) => string): void {
  rewrite = how;
}

/**
 * Writes to the real stderr, also after printing was redirected, and before pino is loaded. Printing makes it a pipe that
 * takes less than asked, or nothing while it is full: then it waits until the host has read, at most `patienceMs` without
 * any progress. A host that is gone reads no more: that is no failure.
 */
export function writeStderr(text: string, patienceMs: number): void {
  let rest: Buffer = Buffer.from(rewrite(text));
  let deadline = performance.now() + patienceMs;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(2, rest));
      deadline = performance.now() + patienceMs;
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN' || performance.now() > deadline) return;
      Atomics.wait(never, 0, 0, lookEveryMs);
    }
  }
}

export function logToStderr(
  level: LogLevel,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  const line = formatLogLine(level, message, { module: 'go-plugin', fields });
  writeStderr(line, logPatienceMs);
}

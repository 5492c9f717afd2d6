import { writeSync } from 'node:fs';
import { formatLogLine, type LogLevel } from '../logs/format.ts';

let rewrite = (text: string): string => text;

/** From now on each text passes through the function, such as one that cuts out secrets. */
export function rewriteStderr(how: (text: string) => string): void {
  rewrite = how;
}

/**
 * Writes to the real stderr, also after printing was redirected, and before pino is loaded. A host that is gone reads no
 * more: that is no failure.
 */
export function writeStderr(text: string): void {
  try {
    writeSync(2, rewrite(text));
  } catch {}
}

export function logToStderr(
  level: LogLevel,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  writeStderr(formatLogLine(level, message, { module: 'go-plugin', fields }));
}

import { inspect } from 'node:util';
import { leave } from './leave.ts';
import { writeStderr } from './stderr.ts';

/** For a host that is busy, and reads what was logged before. */
const lastWordsMs = 5_000;

/**
 * What nobody caught ends the process, as a panic ends a Go plugin: hosts log everything after `panic: ` as errors. A
 * plugin that lived on would be in an unknown state.
 */
export function crashLikeGo(): void {
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
}

function crash(thrown: unknown): never {
  const whole = inspect(thrown, { maxStringLength: Infinity }); // half a secret would not be recognised
  const message = thrown instanceof Error ? thrown.message : whole;
  const stack = thrown instanceof Error ? `\n\n${whole}` : '';
  writeStderr(`panic: ${message}${stack}\n`, lastWordsMs);
  leave(2);
}

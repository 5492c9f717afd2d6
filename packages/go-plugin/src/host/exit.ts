import { GoPluginError } from '../errors.ts';
import { notExecutable } from '../handshake/not-executable.ts';
import { crash, createLogParser } from '../logs/parse.ts';

/** How a plugin process ended. Of one that was reattached to, neither code nor signal nor lines are known. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of the plugin's stderr, oldest first; of a crash its first ones. */
  readonly lastLines: readonly string[];
}

/** The error of a plugin that ended before the host was connected. */
export function exitedEarly(exit: Exit, notes = ''): GoPluginError {
  return new GoPluginError(
    'PLUGIN_EXITED',
    `plugin exited before we could connect (${statusOf(exit)})` +
      (lastLinesOf(exit) || '; it wrote nothing to stderr\n') +
      notes +
      (exit.lastLines.some((line) => line.startsWith(notExecutable))
        ? 'It does not take this host for its own: magicCookieKey and magicCookieValue must be the same on both sides.'
        : 'Run the plugin by hand to see whether it starts on this machine.'),
  );
}

/** The cause of all calls that fail because the plugin ended. The first line alone tells the most. */
export function exitedLater(exit: Exit): GoPluginError {
  const why = tellingLine(exit.lastLines);
  return new GoPluginError(
    'PLUGIN_EXITED',
    `plugin exited (${statusOf(exit)})${why && `: ${why}`}${lastLinesOf(exit)}` +
      '\nThe plugin must be started again; what it was doing is unknown.',
  );
}

function statusOf({ code, signal }: Exit): string {
  if (signal) return `signal: ${signal}`;
  return code === null ? 'status unknown' : `exit status ${code}`;
}

function lastLinesOf({ lastLines }: Exit): string {
  if (lastLines.length === 0) return '';
  return `\nIts last lines on stderr:${lastLines.map((line) => `\n  ${line}`).join('')}\n`;
}

/** Where a crash begins, or else the last warning or error, or else what was written last. */
function tellingLine(lines: readonly string[]): string {
  const panic = lines.find((line) => crash.test(line));
  const said = panic === undefined ? lines.filter((line) => line !== '') : [panic];
  const entries = said.map(createLogParser());
  const grave = entries.findLast(({ level }) => level === 'warn' || level === 'error');
  return (grave ?? entries.at(-1))?.message ?? '';
}

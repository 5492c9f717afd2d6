import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { crash, createLogParser } from '../logs/parse.ts';
import { readLines } from './lines.ts';

const linesKept = 20;
const longestKept = 1024;

export interface PluginStderr {
  /** The newest lines, oldest first, as the plugin wrote them; from a crash on the first ones. */
  readonly lastLines: () => readonly string[];
  readonly ended: Promise<void>;
}

/** Hands every line that the plugin writes to stderr to `log`, at the level that the plugin chose. */
export function logStderr(stderr: Readable, log: Logger): PluginStderr {
  const parse = createLogParser();
  const kept: string[] = [];
  let crashed = false;
  const ended = readLines(stderr, (line, whole) => {
    if (!crashed && crash.test(line)) {
      crashed = true;
      kept.length = 0;
    }
    // The end of a long stack trace says nothing.
    if (!crashed || kept.length < linesKept) kept.push(line.slice(0, longestKept));
    if (kept.length > linesKept) kept.shift();
    if (!whole) {
      log.debug(line);
      return;
    }
    const { level, message, module, timestamp, fields } = parse(line);
    // Nested: fields named like those of the host's own logger must not pass for them.
    const details = Object.keys(fields).length > 0 ? { fields } : {};
    log[level]({ ...(module && { module }), ...(timestamp && { timestamp }), ...details }, message);
  });
  return { lastLines: () => kept.slice(), ended };
}

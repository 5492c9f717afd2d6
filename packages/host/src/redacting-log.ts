import type { Secrets } from '@vrsky/runtime';
import { type Logger, pino } from 'pino';
import type { Connection } from './config/integration.ts';

/**
 * A logger whose every line, those of child loggers and connectors too, passes the redaction before it
 * reaches `log`. It has the level of `log` as it is now; child loggers may have lower ones.
 */
export function redactingLog(log: Logger, secrets: Secrets): Logger {
  const all = log.child({}, { level: 'trace' });
  const write = (line: string): void => {
    // The level is no text of anyone's: a secret that looks like one must not hide it.
    const { level, ...entry } = JSON.parse(line) as { level: number };
    const text = JSON.stringify(entry);
    const { msg, ...fields } = JSON.parse(secrets.redactLine(text)) as { msg?: string };
    const method = pino.levels.labels[level] as 'trace' | 'debug' | 'info' | 'warn' | 'error';
    all[method](fields, msg);
  };
  return pino({ level: log.level, base: null, timestamp: false }, { write });
}

/** The lines about one connection, at the level that its file sets; a silent logger stays silent. */
export function connectionLog(log: Logger, { id, log: level }: Connection): Logger {
  const own = level !== undefined && log.level !== 'silent';
  return log.child({ connection: id }, own ? { level } : {});
}

/** What a connector says of its Health, without secrets. */
export function redactAll(
  texts: Readonly<Record<string, string>>,
  secrets: Secrets,
): Record<string, string> {
  const pairs = Object.entries(texts).map(([key, text]) => [key, secrets.redact(text)]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

import pino, { type Logger } from 'pino';
import { timestamp } from './format.ts';

const stderr = 2;
const hclogKey = /^@(?:level|message|module|timestamp)$/;

/** A pino logger that writes hclog's JSON to the real stderr, where the host reads it. */
export function hclogLogger(options: {
  name: string;
  level?: string;
  rewrite?: (line: string) => string;
}): Logger {
  // Synchronous: the last lines before a crash matter most.
  const destination = pino.destination({ fd: stderr, sync: true });
  destination.on('error', () => {}); // the host is gone, and with it whoever read the logs
  return pino(
    {
      level: options.level ?? 'info',
      base: { '@module': options.name },
      messageKey: '@message',
      ...(options.rewrite && { hooks: { streamWrite: options.rewrite } }),
      timestamp: () => `,"@timestamp":"${timestamp()}"`,
      formatters: {
        level: (label) => ({ '@level': label === 'fatal' ? 'error' : label }),
        log: withoutHclogKeys,
      },
    },
    destination,
  );
}

/** A field named like one of hclog's keys, and not a string, would crash a Go host. */
function withoutHclogKeys(fields: Record<string, unknown>): Record<string, unknown> {
  for (const key in fields) {
    if (key.startsWith('@')) {
      return Object.fromEntries(Object.entries(fields).filter(([name]) => !hclogKey.test(name)));
    }
  }
  return fields;
}

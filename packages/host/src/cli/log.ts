import { Secrets } from '@vrsky/runtime';
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { Integration } from '../config/integration.ts';
import { hideLiterals } from '../config/secrets.ts';
import { printable } from './printable.ts';

const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'connection']);

/** Logs to stderr: short lines for a person at a terminal, otherwise JSON with RFC 3339 times. */
export function createLog(level: string, redact: (text: string) => string): Logger {
  const out = destination({ dest: 2, sync: true });
  const stream = process.stderr.isTTY ? shortLines(out) : out;
  const { isoTime } = pino.stdTimeFunctions;
  return pino({ level, timestamp: isoTime, hooks: { streamWrite: redact } }, stream);
}

/** Knows all secrets that a connection could have from the environment, and those of the file itself. */
export function redactorOf(
  env: NodeJS.ProcessEnv,
  integration?: Integration,
): (text: string) => string {
  const secrets = new Secrets();
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith('VRSKY_SECRET_') && value) secrets.add(value);
  }
  if (integration) {
    hideLiterals(secrets, integration.incoming);
    hideLiterals(secrets, integration.outgoing);
  }
  // A line of the log stays JSON, also where a secret is a number in it.
  return (text) => secrets.redactLine(text);
}

function shortLines(out: DestinationStream): DestinationStream {
  return { write: (line) => out.write(`${shortLine(JSON.parse(line))}\n`) };
}

/** One entry as a person reads it. */
export function shortLine(entry: Record<string, unknown>): string {
  const time = new Date(String(entry['time'])).toTimeString().slice(0, 8);
  const level = (pino.levels.labels[Number(entry['level'])] ?? '').toUpperCase().padEnd(5);
  const connection = entry['connection'] ? `${String(entry['connection'])}: ` : '';
  const rest = Object.entries(entry)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const text = `${time} ${level} ${connection}${String(entry['msg'] ?? '')}${rest.join('')}`;
  // Indented, so that no text from outside can look like a line of its own.
  return text.split('\n').map(printable).join('\n    ');
}

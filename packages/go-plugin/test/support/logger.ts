import { Writable } from 'node:stream';
import pino, { type Logger } from 'pino';

export interface Entry {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A real pino logger that keeps what it writes. */
export function recordingLogger(): { log: Logger; entries: Entry[] } {
  const entries: Entry[] = [];
  const destination = new Writable({
    write: (line: Buffer, _encoding, done) => {
      entries.push(JSON.parse(line.toString()));
      done();
    },
  });
  const log = pino(
    { level: 'trace', base: {}, timestamp: false, formatters: { level: (level) => ({ level }) } },
    destination,
  );
  return { log, entries };
}

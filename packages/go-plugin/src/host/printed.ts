import type { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Logger } from 'pino';
import { longestLine } from './lines.ts';

/** What to do with bytes that the plugin printed. The next ones come when it has resolved. */
export type PrintSink = (data: Uint8Array) => Promise<void> | void;

export interface PrintStreams {
  /** Gets what the plugin prints to stdout after its handshake, byte for byte. Default: `log`, line by line at debug. */
  readonly syncStdout?: Writable;
  /** The same for what the plugin prints to stderr, which is not its log. */
  readonly syncStderr?: Writable;
}

export function printSinks(
  { syncStdout, syncStderr }: PrintStreams,
  log: Logger,
): Record<'stdout' | 'stderr', PrintSink> {
  return {
    stdout: syncStdout ? writeTo(syncStdout) : logLines(log, 'stdout'),
    stderr: syncStderr ? writeTo(syncStderr) : logLines(log, 'stderr'),
  };
}

/** A stream that the caller has ended takes no more; the plugin may go on to print. */
function writeTo(stream: Writable): PrintSink {
  return (data) => {
    if (!stream.writable || stream.write(data)) return;
    return new Promise((resolve) => {
      const goOn = (): void => {
        stream.off('drain', goOn);
        stream.off('close', goOn);
        resolve();
      };
      stream.once('drain', goOn);
      stream.once('close', goOn);
    });
  };
}

/** A plugin's log goes to its stderr; this is what somebody printed. */
function logLines(log: Logger, channel: string): PrintSink {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return (data) => {
    const lines = (
      rest + decoder.write(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
    ).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) {
      lines.push(rest);
      rest = '';
    }
    for (const line of lines) log.debug({ printedTo: channel }, line);
  };
}

import { StringDecoder } from 'node:string_decoder';
import type { Logger } from 'pino';
import { longestLine } from './lines.ts';

/** Logs printed output line by line at debug: a plugin's log goes to its stderr, this is what somebody printed. */
export function logPrinted(log: Logger): (channel: 'stdout' | 'stderr', data: Uint8Array) => void {
  const channels = { stdout: lineLogger(log, 'stdout'), stderr: lineLogger(log, 'stderr') };
  return (channel, data) => channels[channel](data);
}

function lineLogger(log: Logger, channel: string): (data: Uint8Array) => void {
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

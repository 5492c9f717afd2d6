import type { Message } from './message.ts';

/** What counts against a stream's byte credit: the payload and the headers, in bytes. */
export function sizeOf({ payload, headers }: Pick<Message, 'payload' | 'headers'>): number {
  let bytes = payload.length;
  for (const name in headers) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(headers[name] ?? '');
  }
  return bytes;
}

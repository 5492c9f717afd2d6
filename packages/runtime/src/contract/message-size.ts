import type { Message } from './message.ts';

/** Shorter texts are counted faster by hand than by a call into native code. */
const BY_HAND = 24;

/** What counts against a stream's byte credit: the payload and the headers, in bytes. */
export function sizeOf({ payload, headers }: Pick<Message, 'payload' | 'headers'>): number {
  let bytes = payload.length;
  for (const name in headers) bytes += bytesOf(name) + bytesOf(headers[name] ?? '');
  return bytes;
}

function bytesOf(text: string): number {
  const { length } = text;
  if (length >= BY_HAND) return Buffer.byteLength(text);
  for (let i = 0; i < length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.byteLength(text);
  }
  return length;
}

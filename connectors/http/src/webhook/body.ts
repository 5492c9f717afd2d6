import type { Readable } from 'node:stream';
import { tooLarge } from './refusal.ts';

const FIRST_BYTES = 16_384;

/**
 * Reads a body. Most arrive in one piece, which is used as it is; others are copied together as they
 * come, so that many small pieces cost no more memory than their bytes.
 * @param length of Content-Length; undefined = chunked
 * @param done called once, unless the sender leaves
 */
export function readBody(
  stream: Readable,
  length: number | undefined,
  limit: number,
  done: (error: Error | null, body?: Buffer) => void,
): void {
  let body: Buffer | undefined;
  let size = 0;
  const finish = (error: Error | null): void => {
    stream.off('data', take).off('end', finish).off('error', finish);
    if (error) done(error);
    else done(null, body && (size < body.length ? Buffer.from(body.subarray(0, size)) : body));
  };
  const take = (chunk: Buffer): void => {
    const needed = size + chunk.length;
    // Chunks do not tell before how much they are.
    if (needed > limit) return finish(tooLarge(limit));
    if (!body && needed === length) body = chunk;
    else {
      body = withRoom(body, size, needed, Math.min(length ?? 0, limit));
      chunk.copy(body, size);
    }
    size = needed;
  };
  stream
    .on('data', take)
    .once('end', () => finish(null))
    .once('error', finish);
}

function withRoom(body: Buffer | undefined, size: number, needed: number, length: number): Buffer {
  if (body && needed <= body.length) return body;
  const grown = Buffer.allocUnsafeSlow(Math.max(needed, length, size * 2, FIRST_BYTES));
  body?.copy(grown, 0, 0, size);
  return grown;
}

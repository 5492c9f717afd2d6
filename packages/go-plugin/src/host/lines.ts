import type { Readable } from 'node:stream';

/** Bytes of go-plugin's line buffer. */
export const longestLine: number = 64 * 1024;

/**
 * Calls `onLine` for each line of a stream, without its line feed; a longer one comes in pieces, marked as not whole. Reads
 * for as long as the stream lasts, so that its writer never blocks. Resolves at the end, however it comes.
 */
export function readLines(
  stream: Readable,
  onLine: (line: string, whole: boolean) => void,
): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  let inPieces = false;
  const emit = (bytes: Buffer, whole: boolean): void => {
    onLine(bytes.toString('utf8').replace(/\r$/, ''), whole && !inPieces);
    inPieces = !whole;
  };
  stream.on('data', (chunk: Buffer) => {
    let bytes: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    for (;;) {
      const end = bytes.indexOf(0x0a);
      if (end < 0 && bytes.length < longestLine) break;
      const cut = end < 0 || end > longestLine ? longestLine : end;
      emit(bytes.subarray(0, cut), cut === end);
      bytes = bytes.subarray(cut === end ? cut + 1 : cut);
    }
    rest = bytes;
  });
  return new Promise((resolve) => {
    stream.on('error', () => {});
    stream.once('close', () => {
      if (rest.length > 0) emit(rest, true);
      resolve();
    });
  });
}

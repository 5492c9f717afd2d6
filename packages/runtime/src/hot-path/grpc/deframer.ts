import { Code, ConnectError } from '@connectrpc/connect';
import { bufferFor } from './large-buffers.ts';

/** One byte that says whether the message is compressed, and four of its length. */
const PREFIX_BYTES = 5;
/** Memory that is taken for a message before its bytes are there. When that is full, all the rest is taken. */
const AHEAD_BYTES = 1024 * 1024;

/**
 * Cuts the bytes of a stream into gRPC's messages. One that lies in a single chunk is a view into it;
 * any other is put together in a buffer of its own.
 */
export class Deframer {
  readonly #maxBytes: number;
  readonly #onMessage: (message: Buffer) => void;
  /** What has come of a message that is not complete, from its prefix on. */
  #started: Buffer | undefined;
  #filled = 0;
  /** How long that message is with its prefix; as long as the prefix is not complete, its length. */
  #wanted = PREFIX_BYTES;

  constructor(maxBytes: number, onMessage: (message: Buffer) => void) {
    this.#maxBytes = maxBytes;
    this.#onMessage = onMessage;
  }

  /** Whether the stream may end here. */
  get atBoundary(): boolean {
    return this.#filled === 0;
  }

  /** @throws ConnectError for a message that is too large or compressed, before it is stored */
  push(chunk: Buffer): void {
    let at = this.#filled === 0 ? 0 : this.#complete(chunk);
    while (chunk.length - at >= PREFIX_BYTES) {
      const end = at + PREFIX_BYTES + this.#length(chunk, at);
      if (end > chunk.length) break;
      this.#onMessage(chunk.subarray(at + PREFIX_BYTES, end));
      at = end;
    }
    if (at < chunk.length) this.#complete(chunk, at);
  }

  /** Adds to the message that is not complete what it needs, and gives the position behind that. */
  #complete(chunk: Buffer, start = 0): number {
    let at = start;
    while (at < chunk.length) {
      at += this.#add(chunk, at);
      if (this.#filled < this.#wanted) break;
      const message = this.#started as Buffer;
      if (this.#filled === PREFIX_BYTES) this.#wanted += this.#length(message, 0);
      if (this.#filled < this.#wanted) continue;
      this.#started = undefined;
      this.#filled = 0;
      this.#wanted = PREFIX_BYTES;
      this.#onMessage(message.subarray(PREFIX_BYTES));
      break;
    }
    return at;
  }

  /** Copies what is wanted, and gives how much that was. */
  #add(chunk: Buffer, at: number): number {
    const bytes = Math.min(this.#wanted - this.#filled, chunk.length - at);
    const needed = this.#filled + bytes;
    let buffer = this.#started;
    if (!buffer || buffer.length < needed) {
      const ahead = needed <= AHEAD_BYTES ? AHEAD_BYTES : this.#wanted;
      const larger = bufferFor(Math.min(this.#wanted, ahead));
      buffer?.copy(larger, 0, 0, this.#filled);
      buffer = larger;
      this.#started = larger;
    }
    chunk.copy(buffer, this.#filled, at, at + bytes);
    this.#filled = needed;
    return bytes;
  }

  #length(buffer: Buffer, at: number): number {
    if (((buffer[at] as number) & 1) === 1) {
      const text = 'received compressed envelope, but do not know how to decompress';
      throw new ConnectError(text, Code.Internal);
    }
    const length = buffer.readUInt32BE(at + 1);
    if (length <= this.#maxBytes) return length;
    const text = `message size ${length} is larger than the limit of ${this.#maxBytes} bytes`;
    throw new ConnectError(text, Code.ResourceExhausted);
  }
}

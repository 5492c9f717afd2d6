/** The connection preface of HTTP/2 clients. */
const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;
const RST_STREAM = 3;

/**
 * Reads the heads of a client's frames as they pass, for the RST_STREAM of calls that were answered: node:http2 drops
 * it, because a stream is closed for it once its answer has left.
 */
export class FrameTap {
  readonly #watched = new Map<number, () => void>();
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #filled = 0;
  #skip: number = PREFACE_BYTES;

  /** @param onReset called at most once, while the frame passes */
  watch(streamId: number, onReset: () => void): void {
    this.#watched.set(streamId, onReset);
  }

  unwatch(streamId: number): void {
    this.#watched.delete(streamId);
  }

  /** Takes the bytes in the order in which they came, in chunks of any size; keeps none but a started head. */
  push(chunk: Buffer): void {
    const { length } = chunk;
    let at = 0;
    while (at < length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, length - at);
        this.#skip -= skipped;
        at += skipped;
      } else if (this.#filled === 0 && length - at >= HEAD_BYTES) {
        this.#frame(chunk, at);
        at += HEAD_BYTES;
      } else {
        at += this.#collect(chunk, at);
      }
    }
  }

  /** A head that is cut by the end of a chunk. */
  #collect(chunk: Buffer, at: number): number {
    const bytes = Math.min(HEAD_BYTES - this.#filled, chunk.length - at);
    chunk.copy(this.#head, this.#filled, at, at + bytes);
    this.#filled += bytes;
    if (this.#filled === HEAD_BYTES) {
      this.#filled = 0;
      this.#frame(this.#head, 0);
    }
    return bytes;
  }

  #frame(bytes: Buffer, at: number): void {
    this.#skip = bytes.readUIntBE(at, 3);
    if (bytes[at + 3] !== RST_STREAM || this.#watched.size === 0) return;
    const streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    const onReset = this.#watched.get(streamId);
    this.#watched.delete(streamId);
    onReset?.();
  }
}

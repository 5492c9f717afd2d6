/** The connection preface of HTTP/2 clients. */
const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;
const HEADERS = 1;
const RST_STREAM = 3;

/**
 * Reads the heads of a client's frames as they pass, for two things that node:http2 does not do. It drops the RST_STREAM of
 * a call that was answered, because a stream is closed for it once its answer has left: here it is reported. And it ends a
 * connection for the RST_STREAM of a stream that was never opened, which gRPC's C core sends for a call that was cancelled
 * before its head left: that frame is removed, as Go's server ignores it.
 */
export class FrameTap {
  readonly #forward: (bytes: Buffer) => void;
  readonly #watched = new Map<number, () => void>();
  /** A head that was cut by the end of a chunk: held back until it is whole. */
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #filled = 0;
  /** Left of the present frame, and whether it is removed. */
  #left: number = PREFACE_BYTES;
  #removing = false;
  #highestStream = 0;

  /** @param forward takes what passes: views into the chunks, in order */
  constructor(forward: (bytes: Buffer) => void) {
    this.#forward = forward;
  }

  /** @param onReset called at most once, before the frame is forwarded */
  watch(streamId: number, onReset: () => void): void {
    this.#watched.set(streamId, onReset);
  }

  unwatch(streamId: number): void {
    this.#watched.delete(streamId);
  }

  /** Takes the bytes in the order in which they came, in chunks of any size. */
  push(chunk: Buffer): void {
    const { length } = chunk;
    let from = 0;
    let at = 0;
    const forwardTo = (end: number): void => {
      if (end > from)
        this.#forward(from === 0 && end === length ? chunk : chunk.subarray(from, end));
      from = end;
    };
    while (at < length) {
      if (this.#left > 0) {
        const bytes = Math.min(this.#left, length - at);
        this.#left -= bytes;
        at += bytes;
        if (this.#removing) from = at;
      } else if (this.#filled === 0 && length - at >= HEAD_BYTES) {
        if (this.#begin(chunk, at)) forwardTo(at);
        at += HEAD_BYTES;
        if (this.#removing) from = at;
      } else {
        if (this.#filled === 0) forwardTo(at);
        const bytes = Math.min(HEAD_BYTES - this.#filled, length - at);
        chunk.copy(this.#head, this.#filled, at, at + bytes);
        this.#filled += bytes;
        at += bytes;
        from = at;
        if (this.#filled === HEAD_BYTES) {
          this.#filled = 0;
          if (!this.#begin(this.#head, 0)) this.#forward(Buffer.from(this.#head));
        }
      }
    }
    forwardTo(length);
  }

  /** Begins a frame with its head; true when the frame is removed. */
  #begin(bytes: Buffer, at: number): boolean {
    this.#left = bytes.readUIntBE(at, 3);
    this.#removing = false;
    const type = bytes[at + 3];
    if (type !== HEADERS && type !== RST_STREAM) return false;
    const streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    if (type === HEADERS) {
      if (streamId > this.#highestStream) this.#highestStream = streamId;
      return false;
    }
    const onReset = this.#watched.get(streamId);
    this.#watched.delete(streamId);
    onReset?.();
    this.#removing = streamId > this.#highestStream;
    return this.#removing;
  }
}

import { Writable } from 'node:stream';

/**
 * Takes a download in and gives it out in parts of a fixed size. The download goes on only one part
 * ahead of who takes them.
 */
export class ChunkSink extends Writable {
  readonly #chunkBytes: number;
  #left: number;
  #current: Buffer;
  #filled = 0;
  #resume: (() => void) | undefined;
  readonly #full: Buffer[] = [];
  #taker: PromiseWithResolvers<Buffer> | undefined;

  /** @param total bytes that will come; more are an error */
  constructor(chunkBytes: number, total: number) {
    super({ highWaterMark: 64 * 1024 });
    this.#chunkBytes = chunkBytes;
    this.#left = total;
    this.#current = this.#nextBuffer();
    if (total === 0) this.#full.push(this.#current);
  }

  /** Bytes that did not come. */
  get missing(): number {
    return this.#left - this.#filled;
  }

  /** The next part, one call at a time; rejects when the sink is destroyed. */
  take(): Promise<Buffer> {
    const chunk = this.#full.shift();
    if (!chunk) {
      this.#taker = Promise.withResolvers();
      if (this.destroyed) this.#taker.reject(this.errored ?? new Error('the download has ended'));
      return this.#taker.promise;
    }
    this.#continue();
    return Promise.resolve(chunk);
  }

  override _write(data: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#put(data, done);
  }

  #put(data: Buffer, done: (error?: Error) => void): void {
    const room = this.#current.length - this.#filled;
    if (room === 0) {
      done(new Error('the file is longer than the server said'));
      return;
    }
    this.#filled += data.copy(this.#current, this.#filled, 0, room);
    if (data.length < room) return done();
    const rest = data.subarray(room);
    this.#resume = () => {
      if (rest.length > 0) this.#put(rest, done);
      else done();
    };
    this.#finishChunk();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#taker?.reject(error ?? new Error('the download has ended early'));
    done(error);
  }

  #finishChunk(): void {
    const chunk = this.#current;
    this.#left -= chunk.length;
    this.#filled = 0;
    this.#current = this.#nextBuffer();
    const taker = this.#taker;
    this.#taker = undefined;
    if (taker) taker.resolve(chunk);
    else this.#full.push(chunk);
    if (this.#full.length === 0) this.#continue();
  }

  #continue(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  #nextBuffer(): Buffer {
    return Buffer.allocUnsafe(Math.min(this.#chunkBytes, this.#left));
  }
}

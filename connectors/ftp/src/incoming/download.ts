import { incomplete } from '../errors.ts';
import { ChunkSink } from '../remote/chunk-sink.ts';
import type { Pool } from '../remote/pool.ts';
import type { FoundFile } from './found-file.ts';

/** A file on its way in, in one part or in several. */
export class Download {
  readonly #sink: ChunkSink;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #left: number;

  /** Begins to read; waits for a connection if it must, and occupies it until the end. */
  constructor(pool: Pool, file: FoundFile, chunkBytes: number, offset: number) {
    const expected = file.size - offset;
    const { signal } = this.#stop;
    const sink = new ChunkSink(chunkBytes, expected);
    this.#left = Math.max(1, Math.ceil(expected / chunkBytes));
    this.#sink = sink;
    this.#done = pool.use(signal, async (remote) => {
      await remote.read(file.where, offset, sink, signal);
      if (sink.missing === 0) return;
      throw incomplete('read', `the download of ${file.path}`, expected - sink.missing, expected);
    });
    this.#done.catch((error: Error) => sink.destroy(error));
    sink.on('error', () => {}); // `take` tells
  }

  /**
   * The next part. The last one only when the server has confirmed the end, and the size is right.
   * On abort the download ends.
   */
  async take(signal: AbortSignal): Promise<Buffer> {
    const abort = (): void => this.#stop.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const chunk = await this.#sink.take();
      this.#left -= 1;
      if (this.#left === 0) await this.#done;
      return chunk;
    } catch (error) {
      await this.#done; // it knows better why
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Ends it, and resolves when the connection is free. */
  async cancel(): Promise<void> {
    this.#stop.abort(new Error('the download is not wanted any more'));
    await this.#done.catch(() => {});
  }
}

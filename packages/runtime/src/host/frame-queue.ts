interface FrameQueueEvents {
  /** Something waits to be read: no more should come. */
  full(): void;
  /** All is read. */
  empty(): void;
  /** Its reader went away before the end. */
  left(): void;
}

type Reader<T> = PromiseWithResolvers<IteratorResult<T, undefined>>;

/** The frames that came, to be read by one, once. */
export class FrameQueue<T> implements AsyncIterable<T> {
  readonly #events: FrameQueueEvents;
  readonly #frames: T[] = [];
  #reader: Reader<T> | undefined;
  #end: { readonly error: Error | undefined } | undefined;

  constructor(events: FrameQueueEvents) {
    this.#events = events;
  }

  put(frame: T): void {
    if (this.#reader) return this.#takeReader()?.resolve({ value: frame, done: false });
    this.#frames.push(frame);
    this.#events.full();
  }

  /** What has come before is read first. */
  end(error: Error | undefined): void {
    this.#end ??= { error };
    const reader = this.#takeReader();
    if (error) reader?.reject(error);
    else reader?.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => this.#next(),
      return: async () => {
        const early = !this.#end;
        this.#frames.length = 0;
        this.end(undefined);
        if (early) this.#events.left();
        return { value: undefined, done: true };
      },
    };
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    const frame = this.#frames.shift();
    if (frame !== undefined) {
      if (this.#frames.length === 0) this.#events.empty();
      return { value: frame, done: false };
    }
    const { error } = this.#end ?? {};
    if (error) {
      this.#end = { error: undefined }; // an iterator throws once
      throw error;
    }
    if (this.#end) return { value: undefined, done: true };
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  #takeReader(): Reader<T> | undefined {
    const reader = this.#reader;
    this.#reader = undefined;
    return reader;
  }
}

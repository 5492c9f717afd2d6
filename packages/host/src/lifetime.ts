/** The time from the start of a run to its end, as all its parts share it. */
export class Lifetime {
  readonly #failed = new AbortController();
  readonly #failures: unknown[] = [];
  /** Aborted: nothing more is begun, what is under way may finish. */
  readonly stop: AbortSignal;
  /** Aborted after `stop`: nothing is waited for any more. */
  readonly hurry: AbortSignal;

  constructor(stop: AbortSignal, hurry: AbortSignal) {
    this.stop = AbortSignal.any([stop, this.#failed.signal]);
    this.hurry = hurry;
  }

  /** Stops the run: it ends with the first failure. */
  fail(error: unknown): void {
    this.#failures.push(error);
    this.#failed.abort();
  }

  /** Resolves when a part has ended. Its failure is the run's, unless the part was only stopped. */
  async watch(part: Promise<void>): Promise<void> {
    try {
      await part;
    } catch (error) {
      const isStop = error === this.stop.reason || (error as Error).name === 'AbortError';
      if (!(this.stop.aborted && isStop)) this.fail(error);
    }
  }

  throwIfFailed(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
  }
}

/** Waits for `work`, but no longer than until the signal; what `work` gives or throws is dropped. */
export function waitUntil(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      signal.removeEventListener('abort', end);
      resolve();
    };
    if (signal.aborted) return end();
    signal.addEventListener('abort', end, { once: true });
    work.then(end, end);
  });
}

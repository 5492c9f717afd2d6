import { Deadlines } from '@vrsky/runtime/plugin';

/** Requests that are complete and not settled, each with the time limit of its route. */
export class Waiting<R> {
  readonly #onExpire: (request: R) => void;
  readonly #byLimit = new Map<number, Deadlines<R>>();
  #onEmpty: (() => void) | undefined;

  /** @param onExpire gets each request once, after it was removed */
  constructor(onExpire: (request: R) => void) {
    this.#onExpire = onExpire;
  }

  add(request: R, limitMs: number): void {
    const known = this.#byLimit.get(limitMs);
    const deadlines = known ?? new Deadlines(limitMs, this.#expire);
    if (!known) this.#byLimit.set(limitMs, deadlines);
    deadlines.add(request);
  }

  /** Whether it was still there. */
  remove(request: R): boolean {
    for (const deadlines of this.#byLimit.values()) {
      if (!deadlines.remove(request)) continue;
      if (this.#onEmpty && this.#empty) this.#onEmpty();
      return true;
    }
    return false;
  }

  /** Lets everything expire now, and leaves no timer behind. */
  expireAll(): void {
    for (const deadlines of this.#byLimit.values()) deadlines.expireAll();
  }

  /** Resolves when nothing waits any more, the time is over, or the signal aborts. */
  drained(limitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, limitMs);
      signal.addEventListener('abort', done, { once: true });
      this.#onEmpty = done;
      if (signal.aborted || this.#empty) done();
    });
  }

  get #empty(): boolean {
    return [...this.#byLimit.values()].every(({ size }) => size === 0);
  }

  readonly #expire = (request: R): void => {
    this.#onExpire(request);
    if (this.#onEmpty && this.#empty) this.#onEmpty();
  };
}

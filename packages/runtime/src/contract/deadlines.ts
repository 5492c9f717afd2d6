import { LONGEST_TIMER_MS } from './longest-timer.ts';

/**
 * Items that are all due the same time after they were added. They expire in the order of their
 * arrival, so one timer serves all of them.
 */
export class Deadlines<T> {
  readonly afterMs: number;
  readonly #onExpire: (item: T) => void;
  readonly #due = new Map<T, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param onExpire gets each item once, after it was removed */
  constructor(afterMs: number, onExpire: (item: T) => void) {
    this.afterMs = afterMs;
    this.#onExpire = onExpire;
  }

  get size(): number {
    return this.#due.size;
  }

  add(item: T): void {
    this.#due.set(item, performance.now() + this.afterMs);
    this.#timer ??= this.#startTimer(this.afterMs);
  }

  /** Whether the item was still there. */
  remove(item: T): boolean {
    return this.#due.delete(item);
  }

  /** Lets everything expire now, and leaves no timer behind. */
  expireAll(): void {
    const items = [...this.#due.keys()];
    this.clear();
    for (const item of items) this.#onExpire(item);
  }

  /** Forgets everything, and leaves no timer behind. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due.clear();
  }

  #startTimer(ms: number): NodeJS.Timeout {
    return setTimeout(this.#expire, Math.min(ms, LONGEST_TIMER_MS)).unref();
  }

  readonly #expire = (): void => {
    const now = performance.now();
    for (const [item, due] of this.#due) {
      if (due > now) {
        this.#timer = this.#startTimer(due - now);
        return;
      }
      this.#due.delete(item);
      this.#onExpire(item); // may add items: they start no timer, as long as this one is not forgotten
    }
    this.#timer = undefined;
  };
}

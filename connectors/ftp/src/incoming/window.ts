import { withDeadline } from '@vrsky/runtime/plugin';

/** How many messages are with the host, and how many may be. */
export class Window {
  readonly #most: number;
  #size = 0;
  #changed = Promise.withResolvers<void>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  opened(): void {
    this.#size += 1;
  }

  closed(): void {
    this.#size -= 1;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Resolves when one more may go; rejects with the signal's reason. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#size >= this.#most) {
      await this.#change(signal);
      signal.throwIfAborted();
    }
  }

  /** Resolves when no message is with the host any more, after the limit, or when the signal aborts. */
  async drained(limitMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const late = (): Error => new Error('the time to drain is over');
    await withDeadline(limitMs, [signal], late, async (ends) => {
      while (this.#size > 0 && !ends.aborted) await this.#change(ends);
    });
  }

  /** Resolves at the next change, or when the signal aborts. */
  async #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = this.#changed;
    const abort = (): void => resolve();
    signal.addEventListener('abort', abort, { once: true });
    await promise;
    signal.removeEventListener('abort', abort);
  }
}

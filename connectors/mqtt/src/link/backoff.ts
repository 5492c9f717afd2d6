import type { LinkSettings } from './settings.ts';

/** How many times the first wait a connection must last before waits begin anew. */
const GOOD_AFTER = 20;

/** The waits between attempts to connect: they grow, and part of each is random. */
export class Backoff {
  readonly #settings: LinkSettings['reconnect'];
  #attempts = 0;

  constructor(settings: LinkSettings['reconnect']) {
    this.#settings = settings;
  }

  /** Milliseconds to wait now. `slowly`: the longest wait, for what time alone will not mend. */
  next(slowly: boolean): number {
    const { initialMs, maxMs, multiplier, jitter } = this.#settings;
    const grown = slowly ? maxMs : Math.min(maxMs, initialMs * multiplier ** this.#attempts);
    this.#attempts += 1;
    return grown * (1 - jitter * Math.random());
  }

  /** A connection has ended that lasted so long: a good one lets the waits begin anew. */
  lasted(ms: number): void {
    if (ms >= this.#settings.initialMs * GOOD_AFTER) this.#attempts = 0;
  }
}

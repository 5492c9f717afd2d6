/** Whom to count is up to the sender, in part: the ones seen longest ago are forgotten first. */
const MOST_KEYS = 10_000;

/** Counts requests by a key, in windows that begin with a key's first request. */
export class RateLimit {
  readonly #max: number;
  readonly #windowMs: number;
  readonly #windows = new Map<string, { count: number; readonly ends: number }>();

  constructor({ max, windowMs }: { readonly max: number; readonly windowMs: number }) {
    this.#max = max;
    this.#windowMs = windowMs;
  }

  /** Counts one request; milliseconds to wait if it is one too many, otherwise 0. */
  take(key: string): number {
    const now = performance.now();
    const window = this.#windows.get(key);
    if (window && window.ends > now) {
      window.count += 1;
      return window.count > this.#max ? window.ends - now : 0;
    }
    this.#windows.delete(key);
    this.#windows.set(key, { count: 1, ends: now + this.#windowMs });
    if (this.#windows.size > MOST_KEYS) this.#forgetOldest();
    return 0;
  }

  #forgetOldest(): void {
    const { value: oldest } = this.#windows.keys().next();
    if (oldest !== undefined) this.#windows.delete(oldest);
  }
}

/** What is known of an event with this id: nothing, that it is acked, or who waits for its answer. */
export type Known<W> = 'nothing' | 'acked' | W;

/**
 * The events of late by their ids, so that one that is sent again is not taken for another. Kept in
 * memory only: after a restart it is the host that knows the ids.
 */
export class Duplicates<W extends object> {
  readonly #windowMs: number;
  readonly #maxEvents: number;
  readonly #underWay = new Map<string, W>();
  /** With the time until which each is known; the oldest first. */
  readonly #acked = new Map<string, number>();

  constructor(limits: { readonly windowSeconds: number; readonly maxEvents: number }) {
    this.#windowMs = limits.windowSeconds * 1000;
    this.#maxEvents = limits.maxEvents;
  }

  find(key: string): Known<W> {
    const waiting = this.#underWay.get(key);
    if (waiting) return waiting;
    const until = this.#acked.get(key);
    return until !== undefined && until > performance.now() ? 'acked' : 'nothing';
  }

  begin(key: string, waiting: W): void {
    this.#underWay.set(key, waiting);
  }

  /** @param acked remember it: when it comes again, it has been taken */
  end(key: string, acked: boolean): void {
    this.#underWay.delete(key);
    if (!acked || this.#windowMs === 0) return;
    this.#acked.delete(key);
    this.#acked.set(key, performance.now() + this.#windowMs);
    this.#forget();
  }

  #forget(): void {
    const now = performance.now();
    for (const [key, until] of this.#acked) {
      if (until > now && this.#acked.size <= this.#maxEvents) return;
      this.#acked.delete(key);
    }
  }
}

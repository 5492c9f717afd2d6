import { LONGEST_TIMER_MS } from '../../contract/longest-timer.ts';
import type { Parcel } from './lease.ts';

/** What was fetched and nobody has: in order of arrival, some of it not before its delay is over. */
export class Backlog {
  readonly #onReady: () => void;
  readonly #ready: Parcel[] = [];
  readonly #delayed = new Map<Parcel, NodeJS.Timeout>();

  /** @param onReady told when a parcel can be taken that could not before */
  constructor(onReady: () => void) {
    this.#onReady = onReady;
  }

  /** The first that can be taken. */
  get oldest(): Parcel | undefined {
    return this.#ready[0];
  }

  removeOldest(): void {
    this.#ready.shift();
  }

  add(parcel: Parcel, delayMs = 0): void {
    if (delayMs > 0) {
      const again = (): void => {
        this.#delayed.delete(parcel);
        this.add(parcel);
      };
      const timer = setTimeout(again, Math.min(delayMs, LONGEST_TIMER_MS));
      this.#delayed.set(parcel, timer.unref());
      return;
    }
    const place = this.#ready.findIndex((other) => other.arrival > parcel.arrival);
    if (place < 0) this.#ready.push(parcel);
    else this.#ready.splice(place, 0, parcel);
    this.#onReady();
  }

  /** Takes everything, and leaves no timer behind. */
  clear(): Parcel[] {
    const all = [...this.#ready.splice(0), ...this.#delayed.keys()];
    for (const timer of this.#delayed.values()) clearTimeout(timer);
    this.#delayed.clear();
    return all;
  }
}

import { LONGEST_TIMER_MS } from '../../contract/longest-timer.ts';
import type { Parcel } from './lease.ts';

/** What was fetched and nobody has: in order of arrival, some of it not before its delay is over. */
export class Backlog {
  readonly #onReady: () => void;
  /** By itself, since mostly it is the only one: a list that gets and loses one takes new memory each time. */
  #oldest: Parcel | undefined;
  readonly #younger: Parcel[] = [];
  readonly #delayed = new Map<Parcel, NodeJS.Timeout>();

  /** @param onReady told when a parcel can be taken that could not before */
  constructor(onReady: () => void) {
    this.#onReady = onReady;
  }

  /** The first that can be taken. */
  get oldest(): Parcel | undefined {
    return this.#oldest;
  }

  removeOldest(): void {
    this.#oldest = this.#younger.shift();
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
    const oldest = this.#oldest;
    if (oldest && oldest.arrival < parcel.arrival) this.#insert(parcel);
    else {
      if (oldest) this.#younger.unshift(oldest);
      this.#oldest = parcel;
    }
    this.#onReady();
  }

  /** Takes everything, and leaves no timer behind. */
  clear(): Parcel[] {
    const all = [...this.#younger.splice(0), ...this.#delayed.keys()];
    if (this.#oldest) all.unshift(this.#oldest);
    this.#oldest = undefined;
    for (const timer of this.#delayed.values()) clearTimeout(timer);
    this.#delayed.clear();
    return all;
  }

  #insert(parcel: Parcel): void {
    const place = this.#younger.findIndex((other) => other.arrival > parcel.arrival);
    if (place < 0) this.#younger.push(parcel);
    else this.#younger.splice(place, 0, parcel);
  }
}

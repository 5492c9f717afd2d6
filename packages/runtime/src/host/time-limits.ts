import { Deadlines } from '../contract/deadlines.ts';

/** Time limits of many items. Most callers have one limit for all, so there is a timer for each length only. */
export class TimeLimits<T> {
  readonly #onExpire: (item: T) => void;
  readonly #byLength = new Map<number, Deadlines<T>>();

  /** @param onExpire gets each item once, after it was removed */
  constructor(onExpire: (item: T) => void) {
    this.#onExpire = onExpire;
  }

  add(item: T, ms: number): void {
    let deadlines = this.#byLength.get(ms);
    if (!deadlines) {
      deadlines = new Deadlines(ms, this.#onExpire);
      this.#byLength.set(ms, deadlines);
    }
    deadlines.add(item);
  }

  /** @param ms as it was added with */
  remove(item: T, ms: number): void {
    const deadlines = this.#byLength.get(ms);
    deadlines?.remove(item);
    if (deadlines?.size !== 0) return;
    deadlines.clear();
    this.#byLength.delete(ms);
  }
}

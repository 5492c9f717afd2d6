import type { Batch } from './batch.ts';

/** Batches under way that are given up together, such as those of one stream: as a signal, without the cost of events. */
export class BatchGroup {
  readonly #batches = new Set<Batch>();
  #reason: Error | undefined;
  #onEmpty: (() => void) | undefined;

  /** One that comes after the abort is given up at once. */
  add(batch: Batch): void {
    this.#batches.add(batch);
    if (this.#reason) batch.abort(this.#reason);
  }

  /** A destination that does not heed its signal still holds its messages: they count until it ends. */
  delete(batch: Batch): void {
    this.#batches.delete(batch);
    if (this.#batches.size === 0) this.#onEmpty?.();
  }

  abort(reason: Error): void {
    this.#reason ??= reason;
    for (const batch of this.#batches) batch.abort(this.#reason);
  }

  /** Resolves when no batch is under way. Awaited by one. */
  empty(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#batches.size === 0) resolve();
      this.#onEmpty = resolve;
    });
  }
}

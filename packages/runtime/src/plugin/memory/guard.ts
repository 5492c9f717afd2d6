import type { Logger } from 'pino';
import { abortable } from '../abortable.ts';
import { collectGarbage } from './garbage.ts';
import type { MemoryUsage } from './usage.ts';

const WARN_AT = 0.8;
const CLOSE_AT = 0.9;
/** Lower than the point of closing, so that the door does not flutter. */
const OPEN_BELOW = 0.85;
/** Intake is bounded by count and bytes besides, so little can come in between. */
const MEASURE_EVERY_MS = 100;
/** A collection costs some ten milliseconds; without new messages none would come by itself. */
const COLLECT_EVERY_MS = 1000;
const METRIC_EVERY_MS = 10_000;

export interface GuardOptions {
  readonly limitBytes: number;
  readonly usage: MemoryUsage;
  readonly log: Logger;
  /** Gets the present usage in bytes, while it is high. */
  readonly onMetric: (bytes: number) => void;
}

/**
 * The door through which messages come into this process, from either side. Everything that takes
 * messages in asks here first; a closed door means push back, never drop.
 */
export class MemoryGuard {
  #open = true;
  #high = false;
  #opened = Promise.withResolvers<void>();
  #collectAt = 0;
  #metricAt = 0;

  get open(): boolean {
    return this.#open;
  }

  /** Resolves when messages may come in (again); rejects with the signal's reason. */
  async whenOpen(signal: AbortSignal): Promise<void> {
    while (!this.#open) await abortable(this.#opened.promise, signal);
  }

  /** Begins to measure, for the rest of the process. */
  watch(options: GuardOptions): void {
    setInterval(() => this.measure(options, performance.now()), MEASURE_EVERY_MS).unref();
  }

  /** One measurement, at a time in milliseconds. */
  measure({ limitBytes, usage, log, onMetric }: GuardOptions, now: number): void {
    let bytes = usage();
    if (bytes >= WARN_AT * limitBytes && now >= this.#collectAt) {
      this.#collectAt = now + COLLECT_EVERY_MS;
      collectGarbage();
      bytes = usage();
    }
    const share = bytes / limitBytes;
    const facts = { bytes, limitBytes };
    if (share >= WARN_AT && !this.#high) {
      this.#high = true;
      log.warn(facts, 'memory is at 80 % of its limit');
    }
    if (share >= CLOSE_AT && this.#open) {
      this.#open = false;
      this.#opened = Promise.withResolvers();
      log.warn(facts, 'memory is at 90 % of its limit: no new messages are taken');
    }
    if (share < OPEN_BELOW && !this.#open) {
      this.#open = true;
      log.info(facts, 'memory has recovered: new messages are taken again');
      this.#opened.resolve();
    }
    if (share < WARN_AT) this.#high = false;
    if (this.#high && now >= this.#metricAt) {
      this.#metricAt = now + METRIC_EVERY_MS;
      onMetric(bytes);
    }
  }
}

/** Memory is the process's, and so is its guard. */
export const memoryGuard: MemoryGuard = new MemoryGuard();

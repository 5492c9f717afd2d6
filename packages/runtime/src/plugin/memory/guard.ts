import type { Logger } from 'pino';
import { collectGarbage } from '../../contract/garbage.ts';
import { abortable } from '../abortable.ts';
import type { MemoryUsage } from './usage.ts';

const WARN_AT = 0.8;
const CLOSE_AT = 0.9;
/** Lower than the point of closing, so that the door does not flutter. */
const OPEN_BELOW = 0.85;
/** Intake is bounded by count and bytes besides, so little can come in between. */
const MEASURE_EVERY_MS = 20;
/** A collection costs some ten milliseconds; without new messages none would come by itself. */
const COLLECT_EVERY_MS = 250;
/** Sooner, when so much has come: bodies that are refused are read all the same, and are garbage at once. */
const COLLECT_AFTER_BYTES = 8 * 2 ** 20;
const METRIC_EVERY_MS = 10_000;
/** What comes in pieces is in memory as pieces and as a whole, until the pieces are collected. */
const COPIES = 2;

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
  #options: GuardOptions | undefined;
  /** As last measured, with what has arrived since. */
  #used = 0;
  /** Let in, and not arrived yet: memory that the process will need. */
  #expected = 0;
  #opened = Promise.withResolvers<void>();
  #collectAt = 0;
  /** What was left by the last collection. */
  #collected = 0;
  #metricAt = 0;

  get open(): boolean {
    return this.#open;
  }

  /**
   * Lets bytes in that are not here yet, such as a body that has only been announced. false = push back.
   * Each byte let in either arrives or is given up.
   */
  expect(bytes: number): boolean {
    if (this.#open && this.#options)
      this.#closeAt(this.#used + this.#expected + COPIES * bytes, this.#options);
    if (this.#open) this.#expected += COPIES * bytes;
    return this.#open;
  }

  /** They are in memory now, which the next measurement shows. */
  arrived(bytes: number): void {
    this.#expected -= COPIES * bytes;
    this.#used += COPIES * bytes;
  }

  /** They will not come. */
  giveUp(bytes: number): void {
    this.#expected -= COPIES * bytes;
  }

  /** Resolves when messages may come in (again); rejects with the signal's reason. */
  async whenOpen(signal: AbortSignal): Promise<void> {
    while (!this.#open) await abortable(this.#opened.promise, signal);
  }

  /** Begins to measure, for the rest of the process. */
  watch(options: GuardOptions): void {
    this.measure(options, performance.now());
    setInterval(() => this.measure(options, performance.now()), MEASURE_EVERY_MS).unref();
  }

  /** One measurement, at a time in milliseconds. */
  measure(options: GuardOptions, now: number): void {
    const { limitBytes, usage, log, onMetric } = options;
    this.#options = options;
    let bytes = usage();
    const grown = bytes - this.#collected >= COLLECT_AFTER_BYTES;
    if (bytes >= WARN_AT * limitBytes && (grown || now >= this.#collectAt)) {
      this.#collectAt = now + COLLECT_EVERY_MS;
      collectGarbage('major');
      bytes = usage();
      this.#collected = bytes;
    }
    this.#used = bytes;
    bytes += this.#expected;
    const share = bytes / limitBytes;
    if (share >= WARN_AT && !this.#high) {
      this.#high = true;
      log.warn({ bytes, limitBytes }, 'memory is at 80 % of its limit');
    }
    this.#closeAt(bytes, options);
    if (share < OPEN_BELOW && !this.#open) {
      this.#open = true;
      log.info({ bytes, limitBytes }, 'memory has recovered: new messages are taken again');
      this.#opened.resolve();
    }
    if (share < WARN_AT) this.#high = false;
    if (this.#high && now >= this.#metricAt) {
      this.#metricAt = now + METRIC_EVERY_MS;
      onMetric(bytes);
    }
  }

  #closeAt(bytes: number, { limitBytes, log }: GuardOptions): void {
    if (!this.#open || bytes < CLOSE_AT * limitBytes) return;
    this.#open = false;
    this.#opened = Promise.withResolvers();
    log.warn({ bytes, limitBytes }, 'memory is at 90 % of its limit: no new messages are taken');
  }
}

/** Memory is the process's, and so is its guard. */
export const memoryGuard: MemoryGuard = new MemoryGuard();

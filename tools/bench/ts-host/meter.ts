import { createHistogram } from 'node:perf_hooks';

const LONGEST_NS = 60e9;

/** Counts what is done while it is measured. */
export class Meter {
  readonly #latencies = createHistogram({ lowest: 1, highest: LONGEST_NS, figures: 3 });
  readonly #goal: number;
  readonly #reached = Promise.withResolvers<void>();
  #phase: 'warming up' | 'measuring' | 'over' = 'warming up';
  messages = 0;
  frames = 0;

  /** @param goal messages; 0 = none */
  constructor(goal: number) {
    this.#goal = goal;
  }

  begin(): void {
    this.#phase = 'measuring';
  }

  end(): void {
    this.#phase = 'over';
  }

  /** Tells a load whether to go on. */
  get running(): boolean {
    return this.#phase !== 'over';
  }

  /** Resolves at the goal. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  /** Counts a frame of a stream. */
  frame(): void {
    if (this.#phase === 'measuring') this.frames += 1;
  }

  /** Counts a message that took from then, in milliseconds, until now. */
  done(began: number): void {
    if (this.#phase !== 'measuring') return;
    const ns = Math.round((performance.now() - began) * 1e6);
    this.#latencies.record(Math.min(Math.max(ns, 1), LONGEST_NS));
    this.messages += 1;
    if (this.messages === this.#goal) this.#reached.resolve();
  }

  /** In microseconds. */
  percentile(percent: number): number {
    return this.#latencies.percentile(percent) / 1000;
  }
}

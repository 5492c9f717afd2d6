import type { Deadlines } from '../contract/deadlines.ts';
import { LONGEST_TIMER_MS } from '../contract/longest-timer.ts';
import type { Message, SendReceipt } from '../contract/message.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { BatchGroup } from './batch-group.ts';
import type { Destination, SendOutcome } from './destination.ts';
import { secrets } from './secrets.ts';

const NO_BYTES = new Uint8Array();

/** One message to be sent once. */
export interface Attempt {
  readonly message: Message;
  /** Limit for this message, in milliseconds. */
  readonly timeoutMs: number;
  /** Called exactly once. */
  settle(outcome: SendReceipt | Error): void;
}

/**
 * Messages that a destination is handed together. Each is settled by itself: at its outcome, at its own
 * limit, or when the batch is given up.
 */
export class Batch {
  readonly #attempts: readonly Attempt[];
  /** Which of them are settled. */
  readonly #settled: boolean[];
  #open: number;
  readonly #ends = new AbortController();
  readonly #deadlines: Deadlines<Batch>;
  /** One for each limit that is not that of the deadlines. */
  readonly #timers: readonly NodeJS.Timeout[] | undefined;
  readonly #groups: readonly BatchGroup[];

  /**
   * @param groups to be part of until the destination is done with it, which may be later than its outcomes
   * @param deadlines for the limit that most messages have
   */
  constructor(
    attempts: readonly Attempt[],
    groups: readonly BatchGroup[],
    deadlines: Deadlines<Batch>,
  ) {
    this.#attempts = attempts;
    this.#settled = attempts.map(() => false);
    this.#open = attempts.length;
    this.#deadlines = deadlines;
    this.#groups = groups;
    let hasUsualLimit = false;
    let others: Set<number> | undefined;
    for (const { timeoutMs } of attempts) {
      if (timeoutMs === deadlines.afterMs) hasUsualLimit = true;
      else (others ??= new Set()).add(timeoutMs);
    }
    if (hasUsualLimit) deadlines.add(this);
    this.#timers = others && [...others].map((ms) => this.#startTimer(ms));
    for (const group of groups) group.add(this);
  }

  /** Resolves when the destination is done. Called once. */
  async send(destination: Pick<Destination, 'send'>): Promise<void> {
    const attempts = this.#attempts;
    try {
      if (this.#open === 0) return;
      const messages = attempts.map(({ message }) => message);
      const outcomes = await destination.send(messages, this.#ends.signal);
      if (outcomes.length !== attempts.length) {
        return this.#settleAll(incomplete(outcomes, attempts));
      }
      for (const [i, outcome] of outcomes.entries()) {
        const attempt = attempts[i];
        if (attempt) this.#settle(i, resultOf(attempt, outcome));
      }
    } catch (thrown) {
      this.#settleAll(PluginError.from(thrown));
    } finally {
      this.#deadlines.remove(this);
      for (const timer of this.#timers ?? []) clearTimeout(timer);
      for (const group of this.#groups) group.delete(this);
    }
  }

  /** Nobody waits for the outcomes any more. */
  abort(reason: Error): void {
    this.#ends.abort(reason);
    this.#settleAll(reason);
  }

  /** The time of those with this limit is over. */
  expire(limitMs: number): void {
    this.#attempts.forEach((attempt, i) => {
      if (attempt.timeoutMs === limitMs) this.#settle(i, tooLate(attempt));
    });
    if (this.#open > 0) return;
    // Nobody waits for the rest of the batch any more.
    this.#ends.abort(new PluginError('TIMEOUT', `nothing was sent within ${limitMs} ms`));
  }

  #startTimer(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.expire(ms), Math.min(ms, LONGEST_TIMER_MS));
  }

  #settle(index: number, outcome: SendReceipt | Error): void {
    if (this.#settled[index]) return;
    this.#settled[index] = true;
    this.#open -= 1;
    this.#attempts[index]?.settle(outcome);
  }

  #settleAll(outcome: Error): void {
    for (let i = 0; i < this.#attempts.length; i++) this.#settle(i, outcome);
  }
}

function tooLate({ message, timeoutMs }: Attempt): PluginError {
  const text = `message ${message.id} was not sent within ${timeoutMs} ms; its outcome is unknown`;
  return new PluginError('TIMEOUT', text);
}

function incomplete(outcomes: readonly unknown[], attempts: readonly unknown[]): PluginError {
  const text = `the connector gave ${outcomes.length} results for ${attempts.length} messages; their outcome is unknown`;
  return new PluginError('INTERNAL', text);
}

function resultOf({ message }: Attempt, outcome: SendOutcome): SendReceipt | Error {
  if (outcome instanceof PluginError) return outcome;
  const { messageId, headers } = outcome;
  return {
    messageId: messageId === undefined ? message.id : secrets.redact(messageId),
    headers: headers ? secrets.redactEach(headers) : {},
    payload: outcome.payload ?? NO_BYTES,
  };
}

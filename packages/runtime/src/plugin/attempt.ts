import { LONGEST_TIMER_MS } from '../contract/longest-timer.ts';
import type { Message, SendReceipt } from '../contract/message.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { Destination, SendOutcome } from './destination.ts';

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
 * Sends a batch and settles each of its messages by itself: at its outcome, at its own limit, or when
 * one of the callers aborts. Resolves when the destination is done with the batch, which may be later.
 */
export async function attemptBatch(
  destination: Destination,
  attempts: readonly Attempt[],
  callers: readonly AbortSignal[],
): Promise<void> {
  const open = new Set(attempts);
  const ends = new AbortController();
  const settle = (attempt: Attempt, outcome: SendReceipt | Error): void => {
    if (open.delete(attempt)) attempt.settle(outcome);
  };
  const settleAll = (outcome: Error): void => {
    for (const attempt of open) settle(attempt, outcome);
  };
  const timers = Array.from(Map.groupBy(attempts, byLimit), ([limit, group]) => {
    const expire = (): void => {
      for (const attempt of group) settle(attempt, tooLate(attempt));
      if (open.size > 0) return;
      // Nobody waits for the rest of the batch any more.
      ends.abort(new PluginError('TIMEOUT', `nothing was sent within ${limit} ms`));
    };
    return setTimeout(expire, Math.min(limit, LONGEST_TIMER_MS));
  });
  const followers = callers.map((caller) => {
    const follow = (): void => {
      ends.abort(caller.reason);
      settleAll(caller.reason);
    };
    if (caller.aborted) follow();
    caller.addEventListener('abort', follow, { once: true });
    return () => caller.removeEventListener('abort', follow);
  });
  try {
    if (open.size === 0) return;
    const messages = attempts.map(({ message }) => message);
    const outcomes = await destination.send(messages, ends.signal);
    if (outcomes.length !== attempts.length) return settleAll(incomplete(outcomes, attempts));
    outcomes.forEach((outcome, i) => {
      const attempt = attempts[i];
      if (attempt) settle(attempt, resultOf(attempt, outcome));
    });
  } catch (thrown) {
    settleAll(PluginError.from(thrown));
  } finally {
    for (const timer of timers) clearTimeout(timer);
    for (const leave of followers) leave();
  }
}

function byLimit({ timeoutMs }: Attempt): number {
  return timeoutMs;
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
  return {
    messageId: outcome.messageId ?? message.id,
    headers: outcome.headers ?? {},
    payload: outcome.payload ?? NO_BYTES,
  };
}

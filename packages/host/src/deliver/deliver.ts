import { setTimeout as sleep } from 'node:timers/promises';
import {
  backoffMs,
  type Message,
  PluginError,
  type ResolvedRetryPolicy,
  type SendReceipt,
} from '@vrsky/runtime';
import type { Logger } from 'pino';
import type { Pending, Queue } from '../store/queue.ts';
import { failureOf } from '../supervise/failure.ts';
import type { Link, Supervisor } from '../supervise/supervisor.ts';
import type { Sender } from './sender.ts';

const LONGEST_SLEEP_MS = 2 ** 31 - 1;

export interface DelivererOptions {
  readonly supervisor: Supervisor;
  readonly sender: Sender;
  readonly queue: Queue;
  /** Name of the connection that it all goes to. */
  readonly destination: string;
  readonly policy: ResolvedRetryPolicy;
  /** Limit of one attempt. */
  readonly timeoutMs: number;
  readonly redact: (text: string) => string;
  readonly log: Logger;
  readonly onDelivered: (pending: Pending, receipt: SendReceipt) => void;
  readonly onDeadLetter: (message: Message, failure: PluginError, attempts: number) => void;
}

/**
 * Sends one stored message after the other, each until it is delivered or dead. Several of these
 * together send faster, but lose the order.
 * @param stop no further attempt begins; the wait for a retry ends, and the message stays stored
 * @param cut the attempt under way is given up, too: its outcome stays unknown
 */
export async function deliver(
  options: DelivererOptions,
  stop: AbortSignal,
  cut: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const pending = await options.queue.take(stop);
    await deliverOne(options, pending, stop, cut);
  }
}

async function deliverOne(
  options: DelivererOptions,
  pending: Pending,
  stop: AbortSignal,
  cut: AbortSignal,
): Promise<void> {
  const { supervisor, queue, policy, log } = options;
  for (let { attempts } = pending; ; ) {
    const link = await supervisor.link(stop);
    const outcome = await attempt(options, link, pending.message, cut);
    if (cut.aborted && outcome instanceof PluginError) return;
    if (!(outcome instanceof PluginError)) {
      queue.delivered(pending);
      return options.onDelivered(pending, outcome);
    }
    if (outcome.code === 'NOT_CONNECTED') {
      // Not an attempt: the connector has lost its connection, and gets it back by a new Connect.
      supervisor.fault(link, outcome.message);
      continue;
    }
    if (outcome.code === 'CONNECTION_FAILED') await supervisor.check(link);
    attempts += 1;
    if (!outcome.recoverable || attempts > policy.maxRetries) {
      queue.bury(pending, outcome, attempts);
      return options.onDeadLetter(pending.message, outcome, attempts);
    }
    queue.attempted(pending, attempts);
    const retryInMs = Math.max(backoffMs(policy, attempts), outcome.retryAfterMs ?? 0);
    const messageId = pending.message.id;
    log.warn({ messageId, attempts, retryInMs }, `Send failed: ${outcome.message}`);
    await sleep(Math.min(retryInMs, LONGEST_SLEEP_MS), undefined, { signal: stop });
  }
}

async function attempt(
  { sender, destination, timeoutMs, redact }: DelivererOptions,
  link: Link,
  message: Message,
  signal: AbortSignal,
): Promise<SendReceipt | PluginError> {
  const addressed = { ...message, metadata: { ...message.metadata, destination } };
  try {
    return await sender.send(link, addressed, { signal, timeoutMs });
  } catch (thrown) {
    return failureOf(thrown, redact);
  }
}

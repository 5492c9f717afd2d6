import { setTimeout as sleep } from 'node:timers/promises';
import { type Message, PluginError, type SendReceipt } from '@vrsky/runtime';
import type { Logger } from 'pino';
import type { Pending, Queue } from '../store/queue.ts';
import { failureOf } from '../supervise/failure.ts';
import type { Link } from '../supervise/session.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import { traceOf } from '../trace.ts';
import { judge, type RetryRules } from './retries.ts';
import type { Sender } from './sender.ts';

/** What a timer holds: a longer wait ends early, with one more attempt. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface DelivererOptions {
  readonly supervisor: Supervisor;
  readonly sender: Sender;
  readonly queue: Queue;
  readonly rules: RetryRules;
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
  const { supervisor, queue, rules, log } = options;
  const { message } = pending;
  for (let before = pending.progress; ; ) {
    const link = await supervisor.link(stop);
    const outcome = await attempt(options, link, message, cut);
    if (cut.aborted && outcome instanceof PluginError) return;
    if (!(outcome instanceof PluginError)) {
      queue.delivered(pending);
      const milliseconds = Date.now() - pending.receivedAt;
      log.debug(
        { ...traceOf(message), attempts: before.attempts + 1, milliseconds },
        'message sent',
      );
      return options.onDelivered(pending, outcome);
    }
    await supervisor.failed(link, outcome);
    const { progress, retryInMs } = judge(outcome, before, rules, Date.now());
    const { attempts } = progress;
    const trace = { ...traceOf(message), attempts };
    if (retryInMs === undefined) {
      queue.bury(pending, outcome, attempts);
      log.debug(trace, `message dead: ${outcome.message}`);
      return options.onDeadLetter(message, outcome, attempts);
    }
    queue.attempted(pending, progress);
    // Each message that waits is reported once; the rest of an outage may take hours.
    const level = before === pending.progress ? 'warn' : 'debug';
    log[level]({ ...trace, retryInMs }, `message retried: ${outcome.message}`);
    await sleep(Math.min(retryInMs, LONGEST_TIMER_MS), undefined, { signal: stop });
    before = progress;
  }
}

async function attempt(
  { sender, timeoutMs, redact }: DelivererOptions,
  link: Link,
  message: Message,
  signal: AbortSignal,
): Promise<SendReceipt | PluginError> {
  const metadata = { ...message.metadata, destination: link.connectorId };
  const addressed = { ...message, metadata };
  try {
    return await sender.send(link, addressed, { signal, timeoutMs });
  } catch (thrown) {
    return failureOf(thrown, redact);
  }
}

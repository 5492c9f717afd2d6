import { PluginError, sizeOf } from '@vrsky/runtime';
import type { ReceiveStream } from '@vrsky/runtime/host';
import type { Queue } from '../store/queue.ts';
import type { Link } from '../supervise/session.ts';
import { Wakeup } from '../wakeup.ts';
import { Failures } from './failures.ts';
import type { ReceiverOptions } from './receive.ts';

/** How much the connector may have on the way to us. */
const WINDOW_MESSAGES = 256;
const WINDOW_BYTES = 8 * 1024 * 1024;

/**
 * Takes all messages over one stream, in their order, each only while the store has room for it. Runs
 * until `stop`, when what is on the way is still taken, or `hurry`.
 * @returns false when the connector has no streams
 */
export async function receiveByStream(
  options: ReceiverOptions,
  stop: AbortSignal,
  hurry: AbortSignal,
): Promise<boolean> {
  const { supervisor, redact, log } = options;
  const failures = new Failures(supervisor, redact, log);
  while (!stop.aborted) {
    const link = await supervisor.link(stop);
    try {
      await receiveFrom(link, options, failures, stop, hurry);
    } catch (thrown) {
      if (thrown instanceof PluginError && thrown.code === 'UNSUPPORTED') return false;
      if (!stop.aborted) await failures.add(link, thrown, stop);
    }
  }
  return true;
}

/** One stream, from its first credit to its end. */
async function receiveFrom(
  link: Link,
  { queue, batch }: ReceiverOptions,
  failures: Failures,
  stop: AbortSignal,
  hurry: AbortSignal,
): Promise<void> {
  const stream = link.node.receiveStream({ signal: hurry });
  const ended = new AbortController();
  const credit = new Credit(stream, queue);
  const close = (): void => {
    ended.abort();
    stream.halfClose();
  };
  stop.addEventListener('abort', close, { once: true });
  const granting = credit.grantWhileRoom(ended.signal);
  try {
    for await (const { deliveries } of stream.frames) {
      failures.reset();
      for (const delivery of deliveries) {
        credit.used(sizeOf(delivery.message));
        batch.add(link, delivery);
      }
    }
  } finally {
    stop.removeEventListener('abort', close);
    ended.abort();
    await granting;
    credit.releaseRest();
  }
}

/** What the stream may bring, message by message backed by room in the store. */
class Credit {
  readonly #stream: ReceiveStream;
  readonly #queue: Queue;
  readonly #change = new Wakeup();
  #open = 0;

  constructor(stream: ReceiveStream, queue: Queue) {
    this.#stream = stream;
    this.#queue = queue;
    stream.grant(0, WINDOW_BYTES);
  }

  /** Never rejects. */
  async grantWhileRoom(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        while (this.#open >= WINDOW_MESSAGES) await this.#change.wait(signal);
        await this.#queue.reserve(signal);
        this.#open += 1;
        this.#stream.grant(1, 0);
      }
    } catch {
      // The signal: the stream has ended, or takes no more.
    }
  }

  used(bytes: number): void {
    this.#open -= 1;
    this.#stream.grant(0, bytes);
    this.#change.notify();
  }

  releaseRest(): void {
    for (; this.#open > 0; this.#open -= 1) this.#queue.release();
  }
}

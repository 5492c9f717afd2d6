import type { Message, SendReceipt } from '../contract/message.ts';
import { PluginError } from '../contract/plugin-error.ts';
import { abortable } from './abortable.ts';
import { withDeadline } from './deadline.ts';
import type { Destination } from './destination.ts';

const NO_BYTES = new Uint8Array();

/** The sends under way at one destination: each has a deadline, and closing waits for the last. */
export class Outbox {
  readonly #destination: Destination;
  readonly #timeoutMs: number;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor(destination: Destination, timeoutMs: number) {
    this.#destination = destination;
    this.#timeoutMs = timeoutMs;
  }

  /** One attempt; ends with the call's signal, the connection's timeout or `close`, whichever is first. */
  async send(message: Message, signal: AbortSignal): Promise<SendReceipt> {
    const limit = this.#timeoutMs;
    const outcomes = await withDeadline(
      limit,
      [signal, this.#closing.signal],
      () => {
        const text = `message ${message.id} was not sent within ${limit} ms; its outcome is unknown`;
        return new PluginError('TIMEOUT', text);
      },
      (ends) => abortable(this.#track(this.#destination.send([message], ends)), ends),
    );
    return receiptOf(message, outcomes);
  }

  /** Waits for the sends under way, aborts what is left when the signal does, stops the destination. */
  async close(signal: AbortSignal): Promise<void> {
    const all = Promise.allSettled(this.#underWay);
    await abortable(all, signal).catch(() => {
      const text = 'the connection was closed by Disconnect before the message was sent';
      this.#closing.abort(new PluginError('SEND_FAILED', text, { recoverable: true }));
    });
    await this.#destination.stop(signal);
  }

  /** A destination that does not heed its signal still holds its message: it counts until it ends. */
  #track<T>(attempt: Promise<T>): Promise<T> {
    this.#underWay.add(attempt);
    const ended = (): unknown => this.#underWay.delete(attempt);
    attempt.then(ended, ended);
    return attempt;
  }
}

function receiptOf(
  message: Message,
  outcomes: Awaited<ReturnType<Destination['send']>>,
): SendReceipt {
  const [outcome] = outcomes;
  if (outcome === undefined || outcomes.length !== 1) {
    const text = `the connector gave ${outcomes.length} results for 1 message; the outcome is unknown`;
    throw new PluginError('INTERNAL', text);
  }
  if (outcome instanceof PluginError) throw outcome;
  return {
    messageId: outcome.messageId ?? message.id,
    headers: outcome.headers ?? {},
    payload: outcome.payload ?? NO_BYTES,
  };
}

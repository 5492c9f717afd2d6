import type { Message, SendReceipt } from '../contract/message.ts';
import { PluginError } from '../contract/plugin-error.ts';
import { abortable } from './abortable.ts';
import { type Attempt, attemptBatch } from './attempt.ts';
import type { Destination } from './destination.ts';
import { memoryGuard } from './memory/guard.ts';

/** The sends under way at one destination: each message has a limit, and closing waits for the last. */
export class Outbox {
  readonly #destination: Destination;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  readonly #cut = new AbortController();
  /** Limit of a message that has none of its own, in milliseconds. */
  readonly timeoutMs: number;

  constructor(destination: Destination, timeoutMs: number) {
    this.#destination = destination;
    this.timeoutMs = timeoutMs;
  }

  /** Aborted when nothing more is taken; the reason says why. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** One attempt; ends with the call's signal, the connection's timeout or `close`, whichever is first. */
  async send(message: Message, signal: AbortSignal): Promise<SendReceipt> {
    if (!memoryGuard.open) {
      await memoryGuard.whenOpen(signal);
      this.#closing.signal.throwIfAborted();
    }
    return new Promise((resolve, reject) => {
      const settle = (outcome: SendReceipt | Error): void =>
        outcome instanceof Error ? reject(outcome) : resolve(outcome);
      this.#sendBatch([{ message, timeoutMs: this.timeoutMs, settle }], signal);
    });
  }

  /** One attempt at each, in as few calls as the destination allows. Settles every attempt, sooner or later. */
  sendAll(attempts: readonly Attempt[], signal: AbortSignal): void {
    const most = this.#destination.maxBatch ?? 1;
    for (let at = 0; at < attempts.length; at += most) {
      this.#sendBatch(attempts.slice(at, at + most), signal);
    }
  }

  #sendBatch(attempts: readonly Attempt[], signal: AbortSignal): void {
    const batch = attemptBatch(this.#destination, attempts, [signal, this.#cut.signal]);
    // A destination that does not heed its signal still holds its messages: they count until it ends.
    this.#underWay.add(batch);
    void batch.then(() => this.#underWay.delete(batch));
  }

  /** Waits for the sends under way, aborts what is left when the signal does, stops the destination. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closing.abort(
      new PluginError('NOT_CONNECTED', 'the connection was closed by Disconnect'),
    );
    const all = Promise.all(this.#underWay);
    await abortable(all, signal).catch(() => {
      const text = 'the connection was closed by Disconnect before the message was sent';
      this.#cut.abort(new PluginError('SEND_FAILED', text, { recoverable: true }));
    });
    await this.#destination.stop(signal);
  }
}

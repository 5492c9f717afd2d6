import { Deadlines } from '../contract/deadlines.ts';
import type { Message, SendReceipt } from '../contract/message.ts';
import { PluginError } from '../contract/plugin-error.ts';
import { abortable } from './abortable.ts';
import { type Attempt, Batch } from './batch.ts';
import { BatchGroup } from './batch-group.ts';
import type { Caller } from './caller.ts';
import type { Destination } from './destination.ts';
import { memoryGuard } from './memory/guard.ts';

type Sender = Pick<Destination, 'maxBatch' | 'send' | 'stop'>;

/** The sends under way at one destination: each message has a limit, and closing waits for the last. */
export class Outbox {
  readonly #destination: Sender;
  readonly #underWay = new BatchGroup();
  /** The groups of a message that no stream sends. */
  readonly #groupsOfOne = [this.#underWay];
  /** Most messages have the same limit: one timer serves them all. */
  readonly #deadlines: Deadlines<Batch>;
  readonly #closing = new AbortController();
  /** Limit of a message that has none of its own, in milliseconds. */
  readonly timeoutMs: number;

  constructor(destination: Sender, timeoutMs: number) {
    this.#destination = destination;
    this.timeoutMs = timeoutMs;
    this.#deadlines = new Deadlines(timeoutMs, (batch) => batch.expire(timeoutMs));
  }

  /** Aborted when nothing more is taken; the reason says why. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** One attempt; ends with the caller, the connection's timeout or `close`, whichever is first. */
  send(message: Message, caller: Caller): Promise<SendReceipt> {
    return memoryGuard.open ? this.#sendOne(message, caller) : this.#sendLater(message, caller);
  }

  async #sendLater(message: Message, caller: Caller): Promise<SendReceipt> {
    await memoryGuard.whenOpen(caller.signal);
    this.#closing.signal.throwIfAborted();
    return this.#sendOne(message, caller);
  }

  #sendOne(message: Message, caller: Caller): Promise<SendReceipt> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: SendReceipt | Error): void => {
        caller.offGone();
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const attempts = [{ message, timeoutMs: this.timeoutMs, settle }];
      const batch = new Batch(attempts, this.#groupsOfOne, this.#deadlines);
      caller.onGone((reason) => batch.abort(reason));
      void batch.send(this.#destination);
    });
  }

  /**
   * One attempt at each, in as few calls as the destination allows; none has messages of two customers. Settles every
   * attempt, sooner or later.
   * @param group given up by whoever sends
   */
  sendAll(attempts: readonly Attempt[], group: BatchGroup): void {
    const most = this.#destination.maxBatch ?? 1;
    const groups = [group, this.#underWay];
    for (let at = 0, end = 0; at < attempts.length; at = end) {
      end = most === 1 ? at + 1 : endOfBatch(attempts, at, most);
      const some = end - at === attempts.length ? attempts : attempts.slice(at, end);
      void new Batch(some, groups, this.#deadlines).send(this.#destination);
    }
  }

  /** Waits for the sends under way, aborts what is left when the signal does, stops the destination. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closing.abort(
      new PluginError('NOT_CONNECTED', 'the connection was closed by Disconnect'),
    );
    await abortable(this.#underWay.empty(), signal).catch(() => {
      const text =
        'Disconnect closed the connection while the message was being sent; its outcome is unknown';
      this.#underWay.abort(new PluginError('CONNECTION_FAILED', text, { reason: 'DISCONNECTED' }));
    });
    this.#deadlines.clear();
    await this.#destination.stop(signal);
  }
}

/** Where the batch that begins at `from` ends: at its size, or where the messages of another customer begin. */
function endOfBatch(attempts: readonly Attempt[], from: number, most: number): number {
  const customer = attempts[from]?.message.metadata.customerId;
  let end = from + 1;
  while (end - from < most && attempts[end]?.message.metadata.customerId === customer) end += 1;
  return end;
}

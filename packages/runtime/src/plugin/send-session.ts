import { create } from '@bufbuild/protobuf';
import type { SendReceipt } from '../contract/message.ts';
import { sizeOf } from '../contract/message-size.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { SendItem, SendStreamRequest } from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import { type SendResult, SendResultSchema } from '../gen/vrsky/connector/v1/delivery_pb.ts';
import { errorToWire } from '../wire/error.ts';
import { MAX_FRAME_BYTES, MAX_FRAME_MESSAGES, takeFrame } from '../wire/frame.ts';
import { messageFromWire } from '../wire/message.ts';
import { millisecondsFromWire } from '../wire/time.ts';
import type { Attempt } from './attempt.ts';
import { memoryGuard } from './memory/guard.ts';
import type { Outbox } from './outbox.ts';

/** How much one stream may hold, results that the host has not read among it. */
export const MAX_IN_FLIGHT = 1024;
const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024;

export interface SendSessionOptions {
  readonly outbox: Outbox;
  /** Throws for a message that must not be sent, such as one of another tenant. */
  readonly check: (message: Attempt['message']) => void;
  /** Makes any failure one that may be told. */
  readonly toPluginError: (thrown: unknown) => PluginError;
}

interface Answer {
  readonly result: SendResult;
  /** Of the message that it answers. */
  readonly bytes: number;
}

/** The sends of one SendStream. Each frame is one batch for a destination that can. */
export class SendSession {
  readonly #options: SendSessionOptions;
  readonly #held = { count: 0, bytes: 0 };
  readonly #answers: Answer[] = [];
  readonly #cut = new AbortController();
  #lastSeq = -1n;
  #ending: { readonly error?: Error } | undefined;
  #broken: { readonly error: Error | undefined } | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(options: SendSessionOptions) {
    this.#options = options;
  }

  /** Sends what comes, reading on only while there is room; ends the session with the requests. */
  async read(requests: AsyncIterable<SendStreamRequest>): Promise<void> {
    try {
      for await (const { items } of requests) {
        this.#checkFrame(items);
        this.#send(items);
        while (this.#isFull() && !this.#broken) await this.#changed.promise;
        await memoryGuard.whenOpen(this.#cut.signal);
      }
      this.end();
    } catch (error) {
      this.break(error as Error);
    }
  }

  /** Takes nothing more; the results end when all that is under way is answered. */
  end(error?: Error): void {
    this.#ending ??= { ...(error && { error }) };
    this.#change();
  }

  /**
   * Gives up what is under way: its outcome is unknown.
   * @param error for a host that broke the protocol; without it the host, or the way to it, is gone
   */
  break(error?: Error): void {
    this.#broken ??= { error };
    this.#cut.abort(new PluginError('SEND_FAILED', 'the stream of the host was broken'));
    this.#change();
  }

  /** The results, as they come, in frames. Read by one. */
  async *results(): AsyncGenerator<SendResult[]> {
    for (;;) {
      if (this.#broken?.error) throw this.#broken.error;
      if (this.#broken) return;
      const frame = takeFrame(this.#answers, ({ result }) => sizeOfResult(result));
      for (const { bytes } of frame) {
        this.#held.count -= 1;
        this.#held.bytes -= bytes;
      }
      if (frame.length > 0) {
        this.#change();
        yield frame.map(({ result }) => result);
      } else if (this.#ending && this.#held.count === 0) {
        if (this.#ending.error) throw this.#ending.error;
        return;
      } else await this.#changed.promise;
    }
  }

  #isFull(): boolean {
    return this.#held.count >= MAX_IN_FLIGHT || this.#held.bytes >= MAX_BYTES_IN_FLIGHT;
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** @throws PluginError PAYLOAD_TOO_LARGE, INVALID_STATE */
  #checkFrame(items: readonly SendItem[]): void {
    let bytes = 0;
    for (const { seq, message } of items) {
      if (seq <= this.#lastSeq) {
        const text = `seq ${seq} follows ${this.#lastSeq} on one SendStream: it must be greater than all before`;
        throw new PluginError('INVALID_STATE', text);
      }
      this.#lastSeq = seq;
      if (message) bytes += sizeOf(message);
    }
    if (items.length > MAX_FRAME_MESSAGES || (items.length > 1 && bytes > MAX_FRAME_BYTES)) {
      const text =
        `a frame of SendStream has ${items.length} messages of ${bytes} bytes in all: at most ` +
        `${MAX_FRAME_MESSAGES} and ${MAX_FRAME_BYTES}, or one larger message`;
      throw new PluginError('PAYLOAD_TOO_LARGE', text);
    }
  }

  /** What must not be sent is answered at once, and fails none of its neighbours. */
  #send(items: readonly SendItem[]): void {
    const { outbox, check } = this.#options;
    const attempts: Attempt[] = [];
    for (const { seq, message: wire, timeout } of items) {
      const message = messageFromWire(wire);
      const bytes = sizeOf(message);
      const settle = (outcome: SendReceipt | Error): void => this.#answer(seq, bytes, outcome);
      this.#held.count += 1;
      this.#held.bytes += bytes;
      try {
        if (outbox.closing.aborted) throw outbox.closing.reason;
        check(message);
        const timeoutMs = millisecondsFromWire(timeout) ?? outbox.timeoutMs;
        attempts.push({ message, timeoutMs, settle });
      } catch (error) {
        settle(PluginError.from(error));
      }
    }
    if (attempts.length > 0) outbox.sendAll(attempts, this.#cut.signal);
  }

  #answer(seq: bigint, bytes: number, outcome: SendReceipt | Error): void {
    const value = outcome instanceof Error ? this.#options.toPluginError(outcome) : outcome;
    const result = create(SendResultSchema, {
      seq,
      outcome:
        value instanceof PluginError
          ? { case: 'error', value: errorToWire(value) }
          : { case: 'receipt', value },
    });
    this.#answers.push({ result, bytes });
    this.#change();
  }
}

function sizeOfResult({ outcome }: SendResult): number {
  return outcome.case === 'receipt' ? sizeOf(outcome.value) : 0;
}

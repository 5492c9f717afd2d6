import type { SendReceipt } from '../contract/message.ts';
import { sizeOf } from '../contract/message-size.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { SendItem, SendResult, SendStreamResponse } from '../contract/streams.ts';
import { MAX_FRAME_BYTES, MAX_FRAME_MESSAGES, takeFrame } from '../wire/frame.ts';
import type { Attempt } from './batch.ts';
import { BatchGroup } from './batch-group.ts';
import { memoryGuard } from './memory/guard.ts';
import type { Outbox } from './outbox.ts';
import type { StreamSession } from './stream-session.ts';

/** How much one stream may hold, results that the host has not read among it. */
const MAX_IN_FLIGHT = 1024;
const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024;

export interface SendSessionOptions {
  readonly outbox: Outbox;
  /** Throws for a message that must not be sent, such as one of another tenant. */
  readonly check: (message: Attempt['message']) => void;
  /** Makes any failure one that may be told. */
  readonly toPluginError: (thrown: unknown) => PluginError;
}

interface Answer extends SendResult {
  /** Of the message that it answers. */
  readonly bytes: number;
}

/** The sends of one SendStream. Each frame is one batch for a destination that can. */
export class SendSession implements StreamSession<readonly SendItem[], SendStreamResponse> {
  readonly #options: SendSessionOptions;
  readonly #held = { count: 0, bytes: 0 };
  readonly #answers: Answer[] = [];
  readonly #underWay = new BatchGroup();
  readonly #cut = new AbortController();
  #lastSeq = -1n;
  #ending: { readonly error?: Error } | undefined;
  #broken: { readonly error: Error | undefined } | undefined;
  /** Whoever waits: for results, and for room. */
  #onResult: (() => void) | undefined;
  #onRoom: (() => void) | undefined;

  constructor(options: SendSessionOptions) {
    this.#options = options;
    options.outbox.closing.addEventListener('abort', this.#closing);
  }

  request(items: readonly SendItem[]): void {
    if (this.#broken) return;
    try {
      const sizes = items.map(({ message }) => sizeOf(message));
      this.#checkFrame(items, sizes);
      this.#send(items, sizes);
    } catch (error) {
      this.break(error as Error);
    }
  }

  get hasRoom(): boolean {
    const { count, bytes } = this.#held;
    const full = count >= MAX_IN_FLIGHT || bytes >= MAX_BYTES_IN_FLIGHT || !memoryGuard.open;
    return !full || this.#broken !== undefined;
  }

  async room(): Promise<void> {
    if (!memoryGuard.open) return memoryGuard.whenOpen(this.#cut.signal).catch(() => {});
    return new Promise((resolve) => {
      this.#onRoom = resolve;
    });
  }

  halfClose(): void {
    this.#end();
  }

  /** Takes nothing more; the results end when all that is under way is answered. */
  #end(error?: Error): void {
    this.#ending ??= { ...(error && { error }) };
    this.#onResult?.();
  }

  /** The outcome of what is under way is unknown. */
  break(error?: Error): void {
    this.#broken ??= { error };
    this.#options.outbox.closing.removeEventListener('abort', this.#closing);
    this.#cut.abort();
    this.#underWay.abort(new PluginError('SEND_FAILED', 'the stream of the host was broken'));
    this.#onResult?.();
    this.#onRoom?.();
  }

  async *frames(): AsyncGenerator<SendStreamResponse> {
    yield { maxInFlight: MAX_IN_FLIGHT, results: [] };
    for (;;) {
      // What comes within one turn of the event loop travels together, unless nothing more can come.
      const { length } = this.#answers;
      if (length > 0 && length < this.#held.count) await new Promise(setImmediate);
      if (this.#broken?.error) throw this.#broken.error;
      if (this.#broken) return;
      const results = takeFrame(this.#answers, sizeOfResult);
      for (const { bytes } of results) {
        this.#held.count -= 1;
        this.#held.bytes -= bytes;
      }
      if (results.length > 0) {
        this.#onRoom?.();
        yield { maxInFlight: 0, results };
      } else if (this.#ending && this.#held.count === 0) {
        if (this.#ending.error) throw this.#ending.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#onResult = resolve;
        });
      }
    }
  }

  readonly #closing = (): void => this.#end(this.#options.outbox.closing.reason);

  /** @throws PluginError PAYLOAD_TOO_LARGE, INVALID_STATE */
  #checkFrame(items: readonly SendItem[], sizes: readonly number[]): void {
    for (const { seq } of items) {
      if (seq <= this.#lastSeq) {
        const text = `seq ${seq} follows ${this.#lastSeq} on one SendStream: it must be greater than all before`;
        throw new PluginError('INVALID_STATE', text);
      }
      this.#lastSeq = seq;
    }
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    if (items.length > MAX_FRAME_MESSAGES || (items.length > 1 && bytes > MAX_FRAME_BYTES)) {
      const text =
        `a frame of SendStream has ${items.length} messages of ${bytes} bytes in all: at most ` +
        `${MAX_FRAME_MESSAGES} and ${MAX_FRAME_BYTES}, or one larger message`;
      throw new PluginError('PAYLOAD_TOO_LARGE', text);
    }
  }

  /** What must not be sent is answered at once, and fails none of its neighbours. */
  #send(items: readonly SendItem[], sizes: readonly number[]): void {
    const { outbox, check } = this.#options;
    const attempts: Attempt[] = [];
    items.forEach(({ seq, message, timeoutMs = outbox.timeoutMs }, i) => {
      const bytes = sizes[i] ?? 0;
      const settle = (outcome: SendReceipt | Error): void => this.#answer(seq, bytes, outcome);
      this.#held.count += 1;
      this.#held.bytes += bytes;
      try {
        if (outbox.closing.aborted) throw outbox.closing.reason;
        check(message);
        attempts.push({ message, timeoutMs, settle });
      } catch (error) {
        settle(PluginError.from(error));
      }
    });
    if (attempts.length > 0) outbox.sendAll(attempts, this.#underWay);
  }

  #answer(seq: bigint, bytes: number, given: SendReceipt | Error): void {
    const outcome = given instanceof Error ? this.#options.toPluginError(given) : given;
    this.#answers.push({ seq, outcome, bytes });
    this.#onResult?.();
  }
}

function sizeOfResult({ outcome }: SendResult): number {
  return !outcome || outcome instanceof PluginError ? 0 : sizeOf(outcome);
}

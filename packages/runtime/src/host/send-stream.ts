import { create } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import { LONGEST_TIMER_MS } from '../contract/longest-timer.ts';
import type { Message, SendReceipt } from '../contract/message.ts';
import { sizeOf } from '../contract/message-size.ts';
import { PluginError } from '../contract/plugin-error.ts';
import {
  type SendItem,
  SendItemSchema,
  type SendStreamRequest,
  SendStreamRequestSchema,
  type ConnectionNode as Service,
} from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import type { SendResult } from '../gen/vrsky/connector/v1/delivery_pb.ts';
import { errorFromStatus, errorFromWire } from '../wire/error.ts';
import { takeFrame } from '../wire/frame.ts';
import { messageToWire } from '../wire/message.ts';
import { millisecondsToWire } from '../wire/time.ts';
import type { CallOptions, SendStream } from './connection-node.ts';

/** The connector itself reports a message that took too long; this much later nobody waits for that. */
const REPORT_MS = 1000;

interface Entry {
  readonly item: SendItem;
  readonly bytes: number;
  /** Once: later outcomes are ignored. */
  settle(outcome: SendReceipt | Error): void;
}

/**
 * Resolves when the connector has announced how many messages it takes at a time.
 * @throws PluginError UNSUPPORTED when it has no streams, or why it does not take any
 */
export async function openSendStream(
  rpc: Client<typeof Service>,
  { signal }: CallOptions,
): Promise<SendStream> {
  const stream = new ClientSendStream();
  await stream.open(rpc, signal);
  return stream;
}

class ClientSendStream implements SendStream {
  /** Not sent yet, in order. */
  readonly #waiting: Entry[] = [];
  /** Sent, and not answered. */
  readonly #underWay = new Map<bigint, Entry>();
  readonly #closed = Promise.withResolvers<void>();
  #changed = Promise.withResolvers<void>();
  #maxInFlight = 0;
  #nextSeq = 0n;
  #closing = false;
  #lost: Error | undefined;

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  async open(rpc: Client<typeof Service>, signal: AbortSignal | undefined): Promise<void> {
    const responses = rpc.sendStream(this.#requests(), { ...(signal && { signal }) });
    const incoming = responses[Symbol.asyncIterator]();
    try {
      const first = await incoming.next();
      if (first.done) throw new PluginError('INTERNAL', 'SendStream ended before it began');
      this.#maxInFlight = Math.max(1, first.value.maxInFlight);
    } catch (error) {
      const reason = errorFromStatus(error);
      this.#end(reason);
      throw reason;
    }
    void this.#read(incoming);
  }

  send(message: Message, { signal, timeoutMs }: CallOptions = {}): Promise<SendReceipt> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#closing)
      return Promise.reject(new PluginError('NOT_CONNECTED', 'the stream is closed'));
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      const item = create(SendItemSchema, { message: messageToWire(message) });
      if (timeoutMs !== undefined) item.timeout = millisecondsToWire(timeoutMs);
      const release = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const settle = (outcome: SendReceipt | Error): void => {
        release();
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const entry: Entry = { item, bytes: sizeOf(message), settle };
      // Of the caller: a reason need not be an error.
      const giveUp = (reason: unknown): void => {
        const unsent = this.#waiting.indexOf(entry);
        if (unsent >= 0) this.#waiting.splice(unsent, 1);
        release();
        reject(reason);
      };
      const abort = (): void => giveUp(signal?.reason);
      const late = (): void =>
        giveUp(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError'));
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(late, Math.min(timeoutMs + REPORT_MS, LONGEST_TIMER_MS));
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(entry);
      this.#change();
    });
  }

  close(): Promise<void> {
    this.#closing = true;
    this.#change();
    return this.#closed.promise;
  }

  /** What was handed over within one turn of the event loop travels together. */
  async *#requests(): AsyncGenerator<SendStreamRequest> {
    while (!this.#lost) {
      const room = this.#maxInFlight - this.#underWay.size;
      if (this.#waiting.length > 0 && room > 0) {
        await new Promise(setImmediate);
        const entries = takeFrame(this.#waiting, ({ bytes }) => bytes, room);
        if (entries.length > 0)
          yield create(SendStreamRequestSchema, { items: this.#number(entries) });
      } else if (this.#closing && this.#waiting.length === 0) return;
      else await this.#changed.promise;
    }
  }

  #number(entries: readonly Entry[]): SendItem[] {
    return entries.map((entry) => {
      entry.item.seq = this.#nextSeq++;
      this.#underWay.set(entry.item.seq, entry);
      return entry.item;
    });
  }

  async #read(incoming: AsyncIterator<{ readonly results: SendResult[] }>): Promise<void> {
    try {
      for (let next = await incoming.next(); !next.done; next = await incoming.next()) {
        for (const result of next.value.results) this.#answer(result);
        this.#change();
      }
      this.#end(new PluginError('CONNECTION_FAILED', 'the connector ended the stream'));
    } catch (error) {
      this.#end(errorFromStatus(error));
    }
  }

  #answer({ seq, outcome }: SendResult): void {
    const entry = this.#underWay.get(seq);
    this.#underWay.delete(seq);
    if (outcome.case === 'error') entry?.settle(errorFromWire(outcome.value));
    else if (outcome.case === 'receipt') {
      const { messageId, headers, payload } = outcome.value;
      entry?.settle({ messageId, headers, payload });
    } else
      entry?.settle(new PluginError('INTERNAL', 'the connector gave a result without outcome'));
  }

  /** The outcome of what is under way is unknown; what was not sent can be sent on another stream. */
  #end(error: Error): void {
    this.#lost ??= unknownOutcome(error);
    const underWay = [...this.#underWay.values()];
    // One message was too large, and took its neighbours down with the stream.
    const culprit = isTooLarge(error) && underWay.length > 0 ? underWay.reduce(larger) : undefined;
    culprit?.settle(error);
    for (const entry of [...underWay, ...this.#waiting.splice(0)]) {
      if (entry !== culprit) entry.settle(this.#lost);
    }
    this.#underWay.clear();
    this.#closed.resolve();
    this.#change();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** A final error is about one message or about the stream, and not about the others on it. */
function unknownOutcome(error: Error): Error {
  if (!(error instanceof PluginError) || error.recoverable) return error;
  const text = `the stream was lost, and the outcome is unknown: ${error.rawMessage}`;
  return new PluginError('CONNECTION_FAILED', text, { cause: error });
}

function isTooLarge(error: Error): boolean {
  return error instanceof PluginError && error.code === 'PAYLOAD_TOO_LARGE';
}

function larger(one: Entry, other: Entry): Entry {
  return other.bytes > one.bytes ? other : one;
}

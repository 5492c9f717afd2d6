import type { Message, SendReceipt } from '../contract/message.ts';
import { sizeOf } from '../contract/message-size.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { SendItem, SendStreamResponse } from '../contract/streams.ts';
import { takeFrame } from '../wire/frame.ts';
import type { CallOptions, SendStream } from './connection-node.ts';
import { incomplete } from './incomplete.ts';
import type { Incoming, Outgoing, Route } from './route.ts';
import { TimeLimits } from './time-limits.ts';

/** The connector itself reports a message that took too long; this much later nobody waits for that. */
const REPORT_MS = 1000;

interface Entry extends SendItem {
  seq: bigint;
  readonly bytes: number;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: (() => void) | undefined;
  /** Once: later outcomes are ignored. */
  readonly resolve: (receipt: SendReceipt) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Resolves when the connector has announced how many messages it takes at a time.
 * @throws PluginError UNSUPPORTED when it has no streams, or why it does not take any
 */
export async function openSendStream(route: Route, { signal }: CallOptions): Promise<SendStream> {
  const stream = new ClientSendStream(route, signal);
  await stream.opened;
  return stream;
}

class ClientSendStream implements SendStream, Incoming<SendStreamResponse> {
  readonly #outgoing: Outgoing<readonly SendItem[]>;
  /** Not sent yet, in order. */
  readonly #waiting: Entry[] = [];
  /** Sent, and not answered. */
  readonly #underWay = new Map<bigint, Entry>();
  readonly #limits = new TimeLimits<Entry>((entry) => this.#expire(entry));
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #maxInFlight = 0;
  #nextSeq = 0n;
  #hasRoom = true;
  #flushing = false;
  #closing = false;
  #lost: Error | undefined;

  constructor(route: Route, signal: AbortSignal | undefined) {
    this.#outgoing = route.sendStream(this, signal);
  }

  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  send(message: Message, { signal, timeoutMs }: CallOptions = {}): Promise<SendReceipt> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#closing)
      return Promise.reject(new PluginError('NOT_CONNECTED', 'the stream is closed'));
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      const onAbort = signal && ((): void => this.#giveUp(entry, signal.reason));
      const bytes = sizeOf(message);
      const entry: Entry = { seq: 0n, message, timeoutMs, bytes, signal, onAbort, resolve, reject };
      if (onAbort) signal.addEventListener('abort', onAbort, { once: true });
      if (timeoutMs !== undefined) this.#limits.add(entry, timeoutMs + REPORT_MS);
      this.#waiting.push(entry);
      this.#flushSoon();
    });
  }

  close(): Promise<void> {
    this.#closing = true;
    this.#flushSoon();
    return this.#closed.promise;
  }

  frame({ maxInFlight, results }: SendStreamResponse): void {
    if (this.#maxInFlight === 0) {
      this.#maxInFlight = Math.max(1, maxInFlight);
      this.#opened.resolve();
    }
    for (const { seq, outcome } of results) {
      const entry = this.#underWay.get(seq);
      if (!entry) continue;
      this.#underWay.delete(seq);
      this.#settle(entry, outcome ?? incomplete('a message of SendStream'));
    }
    this.#flushSoon();
  }

  drained(): void {
    this.#hasRoom = true;
    this.#flushSoon();
  }

  ended(error?: Error): void {
    const reason = error ?? new PluginError('CONNECTION_FAILED', 'the connector ended the stream');
    this.#opened.reject(error ?? new PluginError('INTERNAL', 'SendStream ended before it began'));
    this.#lose(reason);
  }

  /** What was handed over within one turn of the event loop travels together. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushing = false;
    while (this.#hasRoom && this.#waiting.length > 0) {
      const most = this.#maxInFlight - this.#underWay.size;
      if (most <= 0) return;
      const entries = takeFrame(this.#waiting, ({ bytes }) => bytes, most);
      for (const entry of entries) {
        entry.seq = this.#nextSeq++;
        this.#underWay.set(entry.seq, entry);
      }
      this.#hasRoom = this.#outgoing.write(entries);
    }
    if (this.#closing && this.#waiting.length === 0) this.#outgoing.end();
  };

  #expire(entry: Entry): void {
    const text = `no answer within ${entry.timeoutMs} ms`;
    this.#giveUp(entry, new DOMException(text, 'TimeoutError'));
  }

  /** @param reason of the caller: it need not be an error */
  #giveUp(entry: Entry, reason: unknown): void {
    const unsent = this.#waiting.indexOf(entry);
    if (unsent >= 0) this.#waiting.splice(unsent, 1);
    this.#release(entry);
    entry.reject(reason);
  }

  #settle(entry: Entry, outcome: SendReceipt | Error): void {
    this.#release(entry);
    if (outcome instanceof Error) entry.reject(outcome);
    else entry.resolve(outcome);
  }

  #release(entry: Entry): void {
    const { signal, onAbort, timeoutMs } = entry;
    if (onAbort) signal?.removeEventListener('abort', onAbort);
    if (timeoutMs !== undefined) this.#limits.remove(entry, timeoutMs + REPORT_MS);
  }

  /** The outcome of what is under way is unknown; what was not sent can be sent on another stream. */
  #lose(error: Error): void {
    this.#lost = unknownOutcome(error);
    const underWay = [...this.#underWay.values()];
    this.#underWay.clear();
    // One message was too large, and took its neighbours down with the stream.
    const culprit = isTooLarge(error) && underWay.length > 0 ? underWay.reduce(larger) : undefined;
    if (culprit) this.#settle(culprit, error);
    for (const entry of [...underWay, ...this.#waiting.splice(0)]) {
      if (entry !== culprit) this.#settle(entry, this.#lost);
    }
    this.#closed.resolve();
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

import { constants, type ServerHttp2Stream } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { setTrailerStatus } from '@connectrpc/connect/protocol-grpc';
import type { Caller } from '../../plugin/caller.ts';
import { Deframer } from '../grpc/deframer.ts';

/** As a list, which costs half as much as an object; nobody reads a date. */
const RESPONSE: readonly string[] = [':status', '200', 'content-type', 'application/grpc+proto'];
const OPTIONS = { waitForTrailers: true, sendDate: false } as const;
const OK = { 'grpc-status': '0' } as const;
/** Beyond this much that has not left yet, nothing more is encoded. */
const MAX_UNSENT_BYTES = 1024 * 1024;

export interface CallEvents {
  /** Each message of the client, in order. What it throws ends the call. */
  message(bytes: Buffer): void;
  /** The client sends no more. Likewise. */
  end(): void;
}

/** The server's end of one gRPC call. It is finished once, by a status, or broken by the client. */
export class ServerCall implements Caller {
  readonly stream: ServerHttp2Stream;
  readonly deadlineAt: number;
  readonly #toStatus: (thrown: unknown) => ConnectError;
  readonly #timer: NodeJS.Timeout | undefined;
  #deframer: Deframer | undefined;
  #events: CallEvents | undefined;
  #abort: AbortController | undefined;
  /** Why nobody waits for an answer. */
  #lost: ConnectError | undefined;
  #trailers: Record<string, string> | undefined;
  #onRoom: (() => void) | undefined;
  #onGone: ((reason: Error) => void) | undefined;

  /**
   * @param timeoutMs until its deadline; Infinity for none
   * @param toStatus makes any failure a status
   */
  constructor(
    stream: ServerHttp2Stream,
    timeoutMs: number,
    toStatus: (thrown: unknown) => ConnectError,
  ) {
    this.stream = stream;
    this.#toStatus = toStatus;
    this.deadlineAt = performance.now() + timeoutMs;
    if (timeoutMs < Number.POSITIVE_INFINITY) this.#timer = setTimeout(this.#expire, timeoutMs);
    stream.on('close', this.#onClose);
    stream.on('wantTrailers', this.#onWantTrailers);
  }

  /** Begins to read. */
  read(maxMessageBytes: number, events: CallEvents): void {
    this.#events = events;
    this.#deframer = new Deframer(maxMessageBytes, (message) => {
      if (!this.finished) events.message(message);
    });
    this.stream.on('data', this.#onData);
    this.stream.on('end', this.#onEnd);
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.#lost) this.#abort.abort(this.#lost);
    }
    return this.#abort.signal;
  }

  onGone(callback: (reason: Error) => void): void {
    if (this.#lost) callback(this.#lost);
    else this.#onGone = callback;
  }

  offGone(): void {
    this.#onGone = undefined;
  }

  /** Nothing more can be sent, and nothing more is read. */
  get finished(): boolean {
    return this.#trailers !== undefined || this.stream.destroyed;
  }

  /** Sends one message, gRPC's prefix included. False: wait for `room` before the next. */
  write(parts: readonly Uint8Array[]): boolean {
    if (this.finished) return true;
    const { stream } = this;
    this.#respond();
    if (parts.length > 1) stream.cork();
    for (const part of parts) stream.write(part);
    if (parts.length > 1) stream.uncork();
    return stream.writableLength < MAX_UNSENT_BYTES;
  }

  /** Resolves when what was written has left, or nobody takes it any more. Awaited by one. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      if (this.finished) return resolve();
      this.#onRoom = resolve;
      this.stream.once('drain', resolve);
    });
  }

  /** Ends a call that went well, with its last message. */
  finish(parts: readonly Uint8Array[] = []): void {
    this.#finish(OK, parts);
  }

  /** Ends the call with the status of what was thrown. */
  fail(thrown: unknown): void {
    if (this.finished) return;
    const headers = setTrailerStatus(new Headers(), this.#lost ?? this.#toStatus(thrown));
    this.#finish(Object.fromEntries(headers), []);
  }

  #finish(trailers: Record<string, string>, parts: readonly Uint8Array[]): void {
    if (this.finished) return;
    clearTimeout(this.#timer);
    this.#trailers = trailers;
    const { stream } = this;
    this.#respond();
    const last = parts.at(-1);
    if (parts.length > 1) stream.cork();
    for (const part of parts) if (part !== last) stream.write(part);
    if (last) stream.end(last);
    else stream.end();
    // Not reset: Go clients would not see the status. What they still send is thrown away.
    if (!stream.readableEnded) stream.off('data', this.#onData).resume();
  }

  #respond(): void {
    if (!this.stream.headersSent) this.stream.respond(RESPONSE, OPTIONS);
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      this.#deframer?.push(chunk);
    } catch (error) {
      this.fail(error);
    }
  };

  readonly #onEnd = (): void => {
    if (this.finished) return;
    if (!this.#deframer?.atBoundary) {
      this.fail(new ConnectError('protocol error: incomplete envelope', Code.InvalidArgument));
      return;
    }
    try {
      this.#events?.end();
    } catch (error) {
      this.fail(error);
    }
  };

  readonly #onWantTrailers = (): void => this.stream.sendTrailers(this.#trailers ?? OK);

  readonly #expire = (): void => {
    this.#lose(new ConnectError('the operation timed out', Code.DeadlineExceeded));
  };

  readonly #onClose = (): void => {
    clearTimeout(this.#timer);
    this.#onRoom?.();
    if (!this.#trailers) this.#lose(new ConnectError(whyClosed(this.stream), Code.Canceled));
  };

  #lose(reason: ConnectError): void {
    this.#lost ??= reason;
    this.#abort?.abort(this.#lost);
    this.#onGone?.(this.#lost);
    this.#onGone = undefined;
  }
}

function whyClosed({ rstCode }: ServerHttp2Stream): string {
  const cancelled = rstCode === undefined || rstCode === constants.NGHTTP2_CANCEL;
  return cancelled ? 'the call was cancelled' : `the stream was reset with code ${rstCode}`;
}

import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import type { CallConnection } from '@vrsky/go-plugin';
import { LONGEST_TIMER_MS } from '../../contract/longest-timer.ts';
import { Deframer } from '../grpc/deframer.ts';
import type { CallEvents, CallLimits } from './call-events.ts';
import { hangUp, request } from './request.ts';
import { checkHead, checkTrailers, statusOfReset } from './status.ts';

/** For the reset of a call that was given up to leave; a server that reads nothing takes none. */
const RESET_MS = 250;
/** Beyond this much that has not left yet, a caller is asked to wait. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** The client's end of one gRPC call, on a connection that is there. */
export class ClientCall {
  readonly #connection: CallConnection;
  readonly #events: CallEvents;
  readonly #signal: AbortSignal | undefined;
  readonly #deframer: Deframer;
  readonly #session: CallConnection['session'];
  readonly #stream: ClientHttp2Stream | undefined;
  readonly #isUnary: boolean;
  #timer: NodeJS.Timeout | undefined;
  #givenUp: ConnectError | undefined;
  readonly #deadlineAt: number; // by the clock of `performance`
  #headers: IncomingHttpHeaders | undefined;
  #trailers: IncomingHttpHeaders | undefined;
  #statusInHead = false;
  #cause: unknown;
  #over = false;

  constructor(
    connection: CallConnection,
    path: string,
    { signal, timeoutMs = 0, isUnary = false }: CallLimits,
    events: CallEvents,
  ) {
    this.#connection = connection;
    this.#session = connection.session;
    this.#events = events;
    this.#signal = signal;
    this.#isUnary = isUnary;
    this.#deframer = new Deframer(connection.maxMessageBytes, this.#onMessage);
    this.#deadlineAt = timeoutMs > 0 ? performance.now() + timeoutMs : Number.POSITIVE_INFINITY;
    if (signal?.aborted) {
      queueMicrotask(this.#onAbort);
      return;
    }
    this.#stream = this.#open(path, timeoutMs);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeoutMs > 0 && timeoutMs <= LONGEST_TIMER_MS) {
      this.#timer = setTimeout(this.#onDeadline, timeoutMs);
    }
  }

  /** Sends one message, prefix included. False: wait for `drained` before the next. */
  write(parts: readonly Uint8Array[]): boolean {
    const stream = this.#stream;
    if (!stream?.writable) return false;
    if (parts.length > 1) stream.cork();
    for (const part of parts) stream.write(part);
    if (parts.length > 1) stream.uncork();
    return stream.writableLength < MAX_UNSENT_BYTES;
  }

  /** Sends no more. */
  end(): void {
    if (this.#stream?.writable) this.#stream.end();
  }

  pause(): void {
    this.#stream?.pause();
  }
  resume(): void {
    this.#stream?.resume();
  }
  cancel(): void {
    this.fail(new ConnectError('the call was cancelled', Code.Canceled));
  }

  /** Ends the call from this side. */
  fail(failure: ConnectError): void {
    this.#finish(failure);
  }

  #open(path: string, timeoutMs: number): ClientHttp2Stream | undefined {
    const session = this.#session;
    if (session.closed || session.destroyed) {
      void this.#connection.loss.error().then((failure) => this.#finish(failure));
      return undefined;
    }
    const stream = request(session, path, timeoutMs);
    stream.on('response', this.#onHead);
    stream.on('trailers', this.#onTrailers);
    stream.on('data', this.#onData);
    stream.on('end', this.#onEnd);
    stream.on('drain', this.#onDrain);
    stream.on('error', this.#onError);
    stream.on('close', this.#onClose);
    return stream;
  }

  readonly #onHead = (headers: IncomingHttpHeaders): void => {
    this.#headers = headers;
    this.#guard(() => {
      this.#statusInHead = checkHead(headers);
    });
  };

  readonly #onTrailers = (trailers: IncomingHttpHeaders): void => {
    this.#trailers = trailers;
  };

  readonly #onData = (chunk: Buffer): void => {
    if (!this.#over) this.#guard(() => this.#deframer.push(chunk));
  };

  readonly #onMessage = (message: Buffer): void => {
    // One chunk may bring many, and each may be what its reader ends the call for.
    if (!this.#over) this.#events.message(message);
  };

  readonly #onDrain = (): void => {
    if (!this.#over) this.#events.drained();
  };

  readonly #onEnd = (): void => {
    if (this.#over) return;
    if (!this.#trailers && !this.#statusInHead) return this.#lose();
    this.#guard(() => {
      if (!this.#statusInHead) checkTrailers(this.#trailers, this.#headers);
      if (!this.#deframer.atBoundary) {
        throw new ConnectError('the answer ends within a message', Code.InvalidArgument);
      }
      this.#finish();
    });
  };

  readonly #onError = (error: unknown): void => {
    this.#cause = error;
  };

  /** Before the answer was read to its end. A status that came says more than a reset. */
  readonly #onClose = (): void => {
    if (this.#trailers) this.#guard(() => checkTrailers(this.#trailers, this.#headers));
    if (!this.#over) this.#lose();
  };

  readonly #onAbort = (): void =>
    this.#giveUp(new ConnectError('the call was cancelled', Code.Canceled));

  readonly #onDeadline = (): void =>
    this.#giveUp(new ConnectError('the operation timed out', Code.DeadlineExceeded));

  /**
   * A reset that is overtaken by the end of the answer is never sent: to the server the answer has arrived. So a call with
   * one answer ends with its stream, and an answer that has come complete until then stands.
   */
  #giveUp(failure: ConnectError): void {
    if (this.#over || this.#givenUp) return;
    if (!this.#isUnary || !this.#stream) return this.fail(failure);
    this.#givenUp = failure;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.fail(failure), RESET_MS);
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  /** Without a status: by a reset, or with the connection. */
  #lose(): void {
    if (this.#givenUp) return this.#finish(this.#givenUp);
    const code = this.#stream?.rstCode ?? 0;
    // The server's timer for the same deadline may be faster than ours.
    const isLate = code === constants.NGHTTP2_CANCEL && performance.now() >= this.#deadlineAt;
    if (isLate) return this.#onDeadline();
    const failure = statusOfReset(code, this.#cause);
    const { loss } = this.#connection;
    void loss.explain(failure, this.#session).then((explained) => this.#finish(explained));
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fail(ConnectError.from(error, Code.Internal));
    }
  }

  #finish(failure?: ConnectError): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    if (this.#stream) hangUp(this.#stream, !failure || failure.metadata.has('grpc-status'));
    this.#events.ended(failure);
  }
}

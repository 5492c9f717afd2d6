import type { Dispatcher } from 'undici';

/** An answer, as far as it is of interest. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Undefined: it was above the limit, or broke off. */
  readonly body: Buffer | undefined;
  /** Why it broke off after its head. */
  readonly broken?: unknown;
}

export type AnswerHeaders = Dispatcher.ResponseData['headers'];

/**
 * One request over the pool. Resolves as soon as there is a status and all of the body that is
 * wanted; the connection of a larger body is closed.
 * @throws what undici fails with, or the signal's reason, before there is a status
 */
export function exchange(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  maxBytes: number,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    dispatcher.dispatch(options, new Exchange(maxBytes, signal, resolve, reject));
  });
}

/** Collects an answer. Without the stream that undici's `request` makes of each. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #maxBytes: number;
  readonly #signal: AbortSignal;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #head: Pick<HttpAnswer, 'status' | 'headers'> | undefined;

  constructor(
    maxBytes: number,
    signal: AbortSignal,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#maxBytes = maxBytes;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal.addEventListener('abort', this.#giveUp, { once: true });
  }

  /** A connection is there. Whoever gave up while waiting for it sends nothing. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal.aborted) controller.abort(this.#signal.reason as Error);
  }

  onResponseStart(_: unknown, status: number, headers: AnswerHeaders): void {
    if (status >= 200) this.#head = { status, headers };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#maxBytes) {
      this.#chunks.push(chunk);
      return;
    }
    this.#end(undefined);
    controller.abort(new Error('the body is above the limit'));
  }

  onResponseEnd(): void {
    this.#end(Buffer.concat(this.#chunks, this.#bytes));
  }

  onResponseError(_: unknown, error: Error): void {
    this.#fail(error);
  }

  readonly #giveUp = (): void => {
    this.#fail(this.#signal.reason);
    this.#controller?.abort(this.#signal.reason as Error);
  };

  #end(body: Buffer | undefined): void {
    this.#signal.removeEventListener('abort', this.#giveUp);
    if (this.#head) this.#resolve({ ...this.#head, body });
  }

  /** Of several calls the first counts, as with every promise. */
  #fail(error: unknown): void {
    this.#signal.removeEventListener('abort', this.#giveUp);
    if (this.#head) this.#resolve({ ...this.#head, body: undefined, broken: error });
    else this.#reject(error);
  }
}

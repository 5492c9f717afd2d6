import { PluginError } from '@vrsky/runtime';
import { withDeadline } from '@vrsky/runtime/plugin';
import { remoteError } from '../../errors.ts';
import type { Operation } from '../../failures.ts';
import type { Server } from '../server.ts';
import { type Client, destroy } from './login.ts';

type Work<T> = (client: Client) => Promise<T>;

/**
 * Runs calls of the library, which has no deadlines and no cancellation: on abort the connection is
 * closed, and whatever closes it ends the call.
 */
export class Calls {
  readonly #client: Client;
  readonly #server: Server;
  #isClosing = false;

  constructor(client: Client, server: Server) {
    this.#client = client;
    this.#server = server;
  }

  /** Whether a call was aborted: the library notices later that the connection is gone. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** A short exchange: a server that does not answer in time has lost us. */
  short<T>(operation: Operation, what: string, signal: AbortSignal, work: Work<T>): Promise<T> {
    const { transferStallTimeoutMs } = this.#server.settings;
    return this.#run(operation, what, signal, transferStallTimeoutMs, work);
  }

  /** May take any time: the signs of life within SSH tell whether the server is still there. */
  long<T>(operation: Operation, what: string, signal: AbortSignal, work: Work<T>): Promise<T> {
    return this.#run(operation, what, signal, Number.POSITIVE_INFINITY, work);
  }

  async #run<T>(
    operation: Operation,
    what: string,
    signal: AbortSignal,
    limitMs: number,
    work: Work<T>,
  ): Promise<T> {
    const target = `${what} at ${this.#server.address}`;
    const late = (): PluginError =>
      new PluginError('CONNECTION_FAILED', `${target} was not answered within ${limitMs} ms`);
    try {
      return await withDeadline(limitMs, [signal], late, (ends) => this.#untilClosed(work, ends));
    } catch (error) {
      signal.throwIfAborted();
      throw remoteError(error, operation, target);
    }
  }

  #untilClosed<T>(work: Work<T>, signal: AbortSignal): Promise<T> {
    const end = Promise.withResolvers<never>();
    const abort = (): void => {
      this.#isClosing = true;
      destroy(this.#client);
      end.reject(signal.reason);
    };
    const closed = (): void => end.reject(new Error('the connection was closed'));
    signal.addEventListener('abort', abort, { once: true });
    this.#client.on('close', closed);
    return Promise.race([work(this.#client), end.promise]).finally(() => {
      this.#client.removeListener('close', closed);
      signal.removeEventListener('abort', abort);
    });
  }
}

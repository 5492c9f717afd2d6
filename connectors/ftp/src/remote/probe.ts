import { PluginError } from '@vrsky/runtime';
import { withDeadline } from '@vrsky/runtime/plugin';
import type { Opener } from './open.ts';
import type { RemoteFiles } from './remote-files.ts';

const LIMIT_MS = 5000;
/** Who asks more often gets the last answer. */
const VALID_MS = 1000;

/** Asks the server whether it is there, over a connection of its own: never behind a transfer. */
export class Probe {
  readonly #open: Opener;
  readonly #closing = new AbortController();
  #connection: RemoteFiles | undefined;
  #last: { readonly at: number; readonly answer: Promise<void> } | undefined;

  constructor(open: Opener) {
    this.#open = open;
  }

  /** Rejects when the server, or the directory, cannot be reached now. */
  check(): Promise<void> {
    const now = performance.now();
    if (this.#last && now - this.#last.at < VALID_MS) return this.#last.answer;
    const late = (): PluginError =>
      new PluginError('CONNECTION_FAILED', `the server gave no sign of life within ${LIMIT_MS} ms`);
    const answer = withDeadline(LIMIT_MS, [this.#closing.signal], late, (ends) => this.#ask(ends));
    answer.catch(() => {});
    this.#last = { at: now, answer };
    return answer;
  }

  async close(): Promise<void> {
    this.#closing.abort(
      new PluginError('NOT_CONNECTED', 'the connection was closed by Disconnect'),
    );
    await this.#last?.answer.catch(() => {});
    await this.#connection?.close();
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const old = this.#connection?.closed === false ? this.#connection : undefined;
    const connection = old ?? (await this.#open(signal));
    this.#connection = connection;
    try {
      await connection.check(connection.root, signal);
    } catch (error) {
      // An idle connection may have been closed by the server in this moment.
      if (!old || !old.closed || signal.aborted) throw error;
      this.#connection = await this.#open(signal);
      await this.#connection.check(this.#connection.root, signal);
    }
  }
}

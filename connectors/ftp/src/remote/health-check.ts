import { PluginError } from '@vrsky/runtime';
import { abortable, withDeadline } from '@vrsky/runtime/plugin';
import type { Opener } from './open.ts';
import type { RemoteFiles } from './remote-files.ts';

/** A caller that asks again within this time gets the last answer: one that failed counts longer, and spares the server. */
const VALID_MS = 1000;
const FAILED_MS = 5000;

interface Look {
  readonly answer: Promise<void>;
  /** When the answer is too old; unknown until there is one. */
  validUntil: number;
}

/** Asks the server whether it is there, over a connection of its own: never behind a transfer. */
export class HealthCheck {
  readonly #open: Opener;
  readonly #limitMs: number;
  readonly #closing = new AbortController();
  #connection: RemoteFiles | undefined;
  #last: Look | undefined;

  /** @param limitMs for one look */
  constructor(open: Opener, limitMs: number) {
    this.#open = open;
    this.#limitMs = limitMs;
  }

  /** Rejects when the server, or the directory, cannot be reached now; and on abort, while the look goes on. */
  check(signal: AbortSignal): Promise<void> {
    if (!this.#last || performance.now() >= this.#last.validUntil) this.#last = this.#look();
    return abortable(this.#last.answer, signal);
  }

  async close(): Promise<void> {
    this.#closing.abort(
      new PluginError('NOT_CONNECTED', 'the connection was closed by Disconnect'),
    );
    await this.#last?.answer.catch(() => {});
    await this.#connection?.close();
  }

  #look(): Look {
    const late = (): PluginError =>
      new PluginError('CONNECTION_FAILED', `the server did not answer within ${this.#limitMs} ms`, {
        reason: 'TIMEOUT',
      });
    const { signal } = this.#closing;
    const answer = withDeadline(this.#limitMs, [signal], late, (ends) => this.#ask(ends));
    const look: Look = { answer, validUntil: Infinity };
    const validFor = (ms: number) => (): void => {
      look.validUntil = performance.now() + ms;
    };
    answer.then(validFor(VALID_MS), validFor(FAILED_MS));
    return look;
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

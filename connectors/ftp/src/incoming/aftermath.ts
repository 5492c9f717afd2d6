import { PluginError } from '@vrsky/runtime';
import { type ConnectorHost, withDeadline } from '@vrsky/runtime/plugin';
import { backoffAfter } from '../backoff.ts';

/** What is left to do with one file. */
export interface Task {
  readonly path: string;
  /** May be called again after a failure, also one whose outcome is unknown. */
  run(signal: AbortSignal): Promise<void>;
  /** Called once, when it has been done. */
  done(): void;
}

/**
 * Does what has to happen to a file after its message is settled. The host has the message then, so a
 * failure concerns nobody but us: it is tried again until it succeeds, and Health tells.
 */
export class Aftermath {
  readonly #limitMs: number;
  readonly #log: ConnectorHost['log'];
  readonly #pending = new Set<Task>();
  readonly #running = new Set<Promise<boolean>>();
  readonly #closing = new AbortController();
  #failures = 0;
  #lastError = '';
  #timer: NodeJS.Timeout | undefined;

  /** @param limitMs for one try */
  constructor(limitMs: number, log: ConnectorHost['log']) {
    this.#limitMs = limitMs;
    this.#log = log;
  }

  /** How many tasks have failed and wait for their next try. */
  get pending(): number {
    return this.#pending.size;
  }

  get lastError(): string {
    return this.#lastError;
  }

  /** Tries once, and later again if that fails. Never rejects. */
  async settle(task: Task): Promise<void> {
    const attempt = this.#attempt(task);
    this.#running.add(attempt);
    const isDone = await attempt;
    this.#running.delete(attempt);
    if (isDone) return;
    this.#pending.add(task);
    this.#schedule();
  }

  /**
   * Waits for the tries under way, or for the signal; then there are no more. What is left is done when
   * its file has been delivered again.
   */
  async close(signal: AbortSignal): Promise<void> {
    clearTimeout(this.#timer);
    const { promise, resolve } = Promise.withResolvers<void>();
    const cut = (): void => resolve();
    if (signal.aborted) cut();
    signal.addEventListener('abort', cut, { once: true });
    await Promise.race([promise, Promise.all(this.#running)]);
    signal.removeEventListener('abort', cut);
    this.#closing.abort(new Error('the connection was closed'));
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#closing.signal.aborted) return;
    this.#failures += 1;
    this.#timer = setTimeout(() => void this.#retry(), backoffAfter(this.#failures)).unref();
  }

  async #retry(): Promise<void> {
    for (const task of this.#pending) {
      if (!(await this.#attempt(task))) break;
      this.#pending.delete(task);
      this.#failures = 0;
    }
    this.#timer = undefined;
    if (this.#pending.size > 0) this.#schedule();
  }

  async #attempt(task: Task): Promise<boolean> {
    const late = (): PluginError =>
      new PluginError(
        'TIMEOUT',
        `what is left to do with ${task.path} took more than ${this.#limitMs} ms`,
      );
    try {
      await withDeadline(this.#limitMs, [this.#closing.signal], late, (ends) => task.run(ends));
      task.done();
      return true;
    } catch (error) {
      if (this.#closing.signal.aborted) return false;
      const { code, rawMessage } = PluginError.from(error);
      this.#lastError = `${code}: ${rawMessage}`;
      this.#log.warn(
        { err: error, path: task.path },
        'a delivered file could not be put away; trying again',
      );
      return false;
    }
  }
}

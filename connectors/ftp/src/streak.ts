import type { PluginError } from '@vrsky/runtime';

/** So many failures in a row are an outage. */
const FAILING_FROM = 3;
/** After this time without a further try nothing is known any more. */
const KNOWN_MS = 60_000;

/** What was tried at the server and failed in a row, for Health. */
export class Streak {
  #failures = 0;
  #last: { readonly error: PluginError; readonly at: number } | undefined;

  get length(): number {
    return this.#failures;
  }

  /** Code and text of the last failure. */
  get lastError(): string {
    return this.#last ? `${this.#last.error.code}: ${this.#last.error.rawMessage}` : '';
  }

  failed(error: PluginError): void {
    this.#failures += 1;
    this.#last = { error, at: performance.now() };
  }

  succeeded(): void {
    this.#failures = 0;
    this.#last = undefined;
  }

  /**
   * For what only a try shows, such as a full disk or blocked ports for transfers.
   * @throws PluginError the last failure, if the server has failed again and again until now
   */
  check(): void {
    if (!this.#last || this.#failures < FAILING_FROM) return;
    const { error, at } = this.#last;
    if (error.outage && performance.now() - at < KNOWN_MS) throw error;
  }
}

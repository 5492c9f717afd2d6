import { PluginError } from '@vrsky/runtime';
import { abortable, withDeadline } from '@vrsky/runtime/plugin';
import { isOutage } from '../errors.ts';

/** How often an origin that has failed is dialled, at most, and how long a dial may take. */
const DIAL_EVERY_MS = 5000;
const LONGEST_DIAL_MS = 5000;
/** So many failures in a row are one of the connection, whatever each of them says of its message. */
const FAILED_IN_ROW = 10;

interface Failure {
  readonly error: PluginError;
  /** On the clock of `performance.now`. */
  readonly at: number;
}

export interface Dial {
  /** Proves that an origin works, without a message; rejects with why not. */
  readonly reach: (origin: string, signal: AbortSignal) => Promise<void>;
  /** Whether that proves more than a connection does. */
  readonly asks: boolean;
  readonly timeoutMs: number;
}

/** How the endpoint is, as sends and dials have found it. */
export class Condition {
  readonly #dial: Dial;
  /** By origin. */
  readonly #failures = new Map<string, Failure>();
  #inRow = 0;
  #last = '';
  #dialling: Promise<unknown> | undefined;

  constructor(dial: Dial) {
    this.#dial = dial;
  }

  /** Failed sends since the last success, and what the last of them failed with. */
  get doubt(): { readonly failuresInRow: number; readonly lastError: string } {
    return { failuresInRow: this.#inRow, lastError: this.#last };
  }

  /** Called with the outcome of each send. */
  record(origin: string, outcome: unknown): void {
    if (!(outcome instanceof PluginError)) {
      this.#inRow = 0;
      this.#failures.delete(origin);
      return;
    }
    // A fault of the message, or a refusal by the circuit breaker, says nothing new of the endpoint.
    if (outcome.code === 'INVALID_MESSAGE') return;
    this.#inRow += 1;
    if (outcome.reason === 'CIRCUIT_OPEN') return;
    this.#last = `${outcome.code}: ${outcome.rawMessage}`;
    if (isOfConnection(outcome) || this.#inRow >= FAILED_IN_ROW) this.#fail(origin, outcome);
    else this.#failures.delete(origin);
  }

  /**
   * What is wrong now; undefined = nothing. A failure counts until a send succeeds, or a dial: the first one 5 s after
   * it. Calls that come meanwhile share the dial. On abort it rejects, and the dial goes on for the next call.
   */
  async check(signal: AbortSignal): Promise<PluginError | undefined> {
    const due = [...this.#failures].filter(([, { at }]) => performance.now() - at >= DIAL_EVERY_MS);
    if (due.length > 0) {
      this.#dialling ??= Promise.all(
        due.map(([origin, failure]) => this.#try(origin, failure)),
      ).finally(() => {
        this.#dialling = undefined;
      });
    }
    if (this.#dialling) await abortable(this.#dialling, signal);
    const [failure] = this.#failures.values();
    if (!failure) return undefined;
    const { error } = failure;
    return this.#inRow > 1
      ? error.withText(
          `${this.#inRow} sends failed in a row; the last known cause: ${error.rawMessage}`,
        )
      : error;
  }

  async #try(origin: string, failure: Failure): Promise<void> {
    const limit = Math.min(LONGEST_DIAL_MS, this.#dial.timeoutMs / 2); // leaves time to answer
    const late = (): PluginError =>
      new PluginError('TIMEOUT', `${origin} was not reached in ${limit} ms`);
    try {
      await withDeadline(limit, [], late, (signal) => this.#dial.reach(origin, signal));
      if (this.#failures.get(origin) !== failure) return; // a send knows better
      this.#failures.delete(origin);
      if (this.#dial.asks || isOfWay(failure.error)) this.#inRow = 0;
    } catch (error) {
      if (this.#failures.get(origin) === failure) this.#fail(origin, PluginError.from(error));
    }
  }

  #fail(origin: string, error: PluginError): void {
    this.#failures.set(origin, { error, at: performance.now() });
  }
}

/** Whether a failure is one of the endpoint or of the way to it, rather than of one message. */
function isOfConnection(error: PluginError): boolean {
  return isOutage(error) || error.code === 'AUTH_FAILED' || isOfWay(error);
}

/** Whether a connection disproves it. */
function isOfWay({ code }: PluginError): boolean {
  return ['CONNECTION_FAILED', 'TLS_FAILED', 'BLOCKED_DESTINATION'].includes(code);
}

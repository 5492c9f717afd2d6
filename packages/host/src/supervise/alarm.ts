import type { PluginError } from '@vrsky/runtime';

/** How often a connection fails in a row until an operator hears of it. */
const FAILURES_UNTIL_ALERT = 3;

export interface AlarmOptions {
  /** The connection cannot be made, or its Health fails: nothing crosses it. */
  readonly onBroken: (error: PluginError) => void;
  /** The connector ends again and again, soon after it was started. */
  readonly onCrashLoop: (reason: string, crashes: number) => void;
}

/** Decides when a connection's trouble is worth an alert: once for each trouble. */
export class Alarm {
  readonly #options: AlarmOptions;
  #refusals = 0;
  #told = '';
  #crashes = 0;

  constructor(options: AlarmOptions) {
    this.#options = options;
  }

  /** The connection was not made. A final error does not go away by itself: that is an alert at once. */
  refused(error: PluginError): void {
    this.#refusals += 1;
    const isDue = error.recoverable
      ? this.#refusals === FAILURES_UNTIL_ALERT
      : error.message !== this.#told;
    if (!isDue) return;
    this.#told = error.message;
    this.#options.onBroken(error);
  }

  /** Health has failed so often in a row. */
  unhealthy(error: PluginError, failures: number): void {
    if (failures === FAILURES_UNTIL_ALERT) this.#options.onBroken(error);
  }

  connected(): void {
    this.#refusals = 0;
    this.#told = '';
  }

  /** The connector has ended. @param wasStable it had run long enough for the end to be a new trouble */
  crashed(reason: string, wasStable: boolean): void {
    this.#crashes = wasStable ? 1 : this.#crashes + 1;
    if (this.#crashes === FAILURES_UNTIL_ALERT) {
      this.#options.onCrashLoop(reason, this.#crashes);
    }
  }
}

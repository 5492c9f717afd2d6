import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Link, Supervisor } from '../supervise/supervisor.ts';

const RETRY_MS = 1000;
const FAILURES_UNTIL_FAULT = 3;

/** Counts the failures in a row of one receiver; when there are too many, the connection is replaced. */
export class Failures {
  readonly #supervisor: Supervisor;
  readonly #redact: (text: string) => string;
  readonly #log: Logger;
  #count = 0;

  constructor(supervisor: Supervisor, redact: (text: string) => string, log: Logger) {
    this.#supervisor = supervisor;
    this.#redact = redact;
    this.#log = log;
  }

  reset(): void {
    this.#count = 0;
  }

  /** Resolves when it is time to try again, or when the signal aborts. */
  async add(link: Link, thrown: unknown, signal: AbortSignal): Promise<void> {
    this.#count += 1;
    const reason = this.#redact(String(thrown));
    this.#log.debug({ failures: this.#count }, `Receive failed: ${reason}`);
    if (this.#count % FAILURES_UNTIL_FAULT === 0) {
      this.#supervisor.fault(link, `Receive failed ${this.#count} times: ${reason}`);
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

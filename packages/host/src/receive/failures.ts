import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Link } from '../supervise/session.ts';
import type { Supervisor } from '../supervise/supervisor.ts';

const RETRY_MS = 1000;
const FAULTS_UNTIL_REPLACED = 3;

/**
 * Counts the failures in a row of one receiver. A connector that gives no answer, or INTERNAL, too often
 * is replaced; one that says what is wrong outside is asked again.
 */
export class Failures {
  readonly #supervisor: Supervisor;
  readonly #redact: (text: string) => string;
  readonly #log: Logger;
  #count = 0;
  #faults = 0;

  constructor(supervisor: Supervisor, redact: (text: string) => string, log: Logger) {
    this.#supervisor = supervisor;
    this.#redact = redact;
    this.#log = log;
  }

  reset(): void {
    this.#count = 0;
    this.#faults = 0;
  }

  /** Resolves when it is time to try again, or when the signal aborts. */
  async add(link: Link, thrown: unknown, signal: AbortSignal): Promise<void> {
    this.#count += 1;
    const reason = this.#redact(String(thrown));
    const level = this.#count === 1 ? 'warn' : 'debug';
    this.#log[level]({ failures: this.#count }, `Receive failed: ${reason}`);
    if (await this.#supervisor.failed(link, thrown)) this.#faults = 0;
    else this.#faults += 1;
    if (this.#faults === FAULTS_UNTIL_REPLACED) {
      this.#faults = 0;
      this.#supervisor.fault(link, `Receive failed ${this.#count} times: ${reason}`);
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

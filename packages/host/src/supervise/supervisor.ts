import { setTimeout as sleep } from 'node:timers/promises';
import { type Health, PluginError } from '@vrsky/runtime';
import { Wakeup } from '../wakeup.ts';
import { Alarm, type AlarmOptions } from './alarm.ts';
import { type ConnectorOptions, connectionFailure, limits } from './connector.ts';
import { isAnswer } from './failure.ts';
import {
  EXIT_REPORT_MS,
  type Link,
  runSession,
  type SessionEvents,
  type Timings,
} from './session.ts';

export const TIMINGS: Timings = {
  healthEvery: 30_000,
  answer: 5000,
  firstRestart: 1000,
  lastRestart: 30_000,
};

export interface SupervisorOptions extends ConnectorOptions, AlarmOptions {
  /** Called each time the connection is up, with what its Health says, such as the port. */
  readonly onConnected: (link: Link, health: Health) => void;
  readonly timings?: Timings;
}

/** Keeps one connection up: starts its connector, watches it, starts it again when it fails. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #timings: Timings;
  readonly #alarm: Alarm;
  readonly #changed = new Wakeup();
  readonly #stopping = new AbortController();
  /** Whether it was worth going on with once: a final error then no longer ends the run. */
  #hasBegun = false;
  #connectedAt: number | undefined;
  #current: { link: Link; fail: (reason: string) => void } | undefined;
  #reconnecting: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#timings = options.timings ?? TIMINGS;
    this.#alarm = new Alarm(options);
  }

  /** The link in use; waits while there is none. */
  async link(signal: AbortSignal): Promise<Link> {
    for (;;) {
      signal.throwIfAborted();
      // Its end is reported a moment later than it happens, with its last lines.
      const link = this.#current?.link;
      if (link && isRunning(link.pid)) return link;
      await this.#changed.wait(signal);
    }
  }

  /** A caller found that this link is of no use: it is replaced, once. */
  fault(link: Link, reason: string): void {
    if (this.#current?.link !== link) return;
    this.#current.fail(reason);
    this.#current = undefined;
  }

  /**
   * To be called with what a call on this link threw, before it is repeated. A connector that answers
   * nothing is replaced, one that says that it is not connected gets another Connect. Resolves to
   * whether a connector that works has answered so; never rejects.
   */
  async failed(link: Link, thrown: unknown): Promise<boolean> {
    const { code } = PluginError.from(thrown);
    if (code === 'NOT_CONNECTED') await this.#reconnect(link);
    const answered = await isAnswer(thrown, link.node, this.#timings.answer);
    if (!answered && code === 'CONNECTION_FAILED') await this.#abandon(link);
    return answered;
  }

  /**
   * Runs until `stop`, which must be called in any case. Fails only with a final error of the very first
   * start: later ones are alerts, and tried again.
   */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    const { log } = this.#options;
    const { firstRestart, lastRestart } = this.#timings;
    for (let restarts = 0; ; restarts += 1) {
      this.#connectedAt = undefined;
      const end = await this.#session().catch(PluginError.from);
      if (signal.aborted) return;
      const upMs = performance.now() - (this.#connectedAt ?? performance.now());
      const wasStable = upMs > lastRestart;
      if (wasStable) restarts = 0;
      const retryInMs = Math.min(lastRestart, firstRestart * 2 ** restarts);
      if (end instanceof PluginError) {
        if (!end.recoverable && !this.#hasBegun) throw end;
        log.error({ retryInMs }, `not connected: ${end.message}`);
        this.#alarm.refused(end);
      } else {
        log.error({ retryInMs }, `connection lost: ${end}`);
        this.#alarm.crashed(end, wasStable);
      }
      await sleep(retryInMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
    }
  }

  /** Disconnects, so that what is in hand can be finished until the deadline, and ends the process. */
  async stop(disconnectMs: number, hurry: AbortSignal): Promise<void> {
    const link = this.#current?.link;
    if (link && !hurry.aborted) {
      await link.node.disconnect({ timeoutMs: disconnectMs, signal: hurry }).catch((thrown) => {
        if (hurry.aborted) return;
        const { message } = connectionFailure(this.#options, thrown);
        this.#options.log.warn(`Disconnect failed: ${message}`);
      });
    }
    this.#stopping.abort();
  }

  /** Its end is reported a moment later than it happens, with its last lines: those are the better reason. */
  async #abandon(link: Link): Promise<void> {
    if (this.#current?.link !== link) return;
    const { fail } = this.#current;
    this.#current = undefined;
    const { signal } = this.#stopping;
    await sleep(EXIT_REPORT_MS, undefined, { signal }).catch(() => {});
    fail('the connector answers no more');
  }

  async #session(): Promise<string> {
    const { log, onConnected } = this.#options;
    const events: SessionEvents = {
      onRefused: (error, retryInMs) => {
        this.#hasBegun = true;
        log.error({ retryInMs }, `not connected: ${error.message}`);
        this.#alarm.refused(error);
      },
      onConnected: (link, fail) => {
        this.#hasBegun = true;
        this.#connectedAt = performance.now();
        this.#alarm.connected();
        this.#current = { link, fail };
        this.#changed.notify();
      },
      onHealth: onConnected,
      onUnhealthy: (error, failures) => this.#alarm.unhealthy(error, failures),
    };
    try {
      return await runSession(this.#options, this.#timings, events, this.#stopping.signal);
    } finally {
      this.#current = undefined;
    }
  }

  /** For a connector that has lost its connection and waits for another Connect; where it has not, that changes nothing. */
  #reconnect(link: Link): Promise<void> {
    this.#reconnecting ??= this.#connectAgain(link).finally(() => {
      this.#reconnecting = undefined;
    });
    return this.#reconnecting;
  }

  async #connectAgain(link: Link): Promise<void> {
    const { signal } = this.#stopping;
    try {
      await link.node.connect(link.config, limits(this.#options, signal));
    } catch (thrown) {
      if (signal.aborted) return;
      const failure = connectionFailure(this.#options, thrown);
      if (failure.recoverable) this.#options.log.warn(`not connected: ${failure.message}`);
      else this.fault(link, failure.message);
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type Health, PluginError, timeoutMs } from '@vrsky/runtime';
import type { ConnectionNode, ConnectorProcess } from '@vrsky/runtime/host';
import { Wakeup } from '../wakeup.ts';
import { type ConnectorOptions, connectionFailure, launchValidated } from './connector.ts';
import { type HealthOptions, watchHealth } from './health.ts';

/** A connector process from its Connect to its end. */
export interface Link {
  readonly node: ConnectionNode;
  readonly pid: number;
}

/** Milliseconds; see {@link TIMINGS} for the values in use. */
export interface Timings {
  readonly healthEvery: number;
  readonly healthTimeout: number;
  readonly firstRestart: number;
  readonly lastRestart: number;
}

export const TIMINGS: Timings = {
  healthEvery: 30_000,
  healthTimeout: 5000,
  firstRestart: 1000,
  lastRestart: 30_000,
};

export interface SupervisorOptions extends ConnectorOptions {
  /** Called each time the connection is up, with what its Health says, such as the port. */
  readonly onConnected: (link: Link, health: Health) => void;
  /** Called when it cannot be brought up again for a reason that does not go away by itself. */
  readonly onBroken: (error: PluginError) => void;
  readonly timings?: Timings;
}

/** Keeps one connection up: starts its connector, watches it, starts it again when it fails. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #timings: Timings;
  readonly #changed = new Wakeup();
  readonly #stopping = new AbortController();
  #wasUp = false;
  #current: { link: Link; fail: (reason: string) => void } | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#timings = options.timings ?? TIMINGS;
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
   * To be called when a call found nobody to answer: a process that is gone is not given out again,
   * although its end is reported only a moment later.
   */
  async check(link: Link): Promise<void> {
    try {
      await link.node.metadata({ timeoutMs: this.#timings.healthTimeout });
    } catch (thrown) {
      const { code } = PluginError.from(thrown);
      if (code !== 'CONNECTION_FAILED') this.fault(link, 'the connector answers no more');
      else if (this.#current?.link === link) this.#current = undefined;
    }
  }

  /**
   * Runs until `stop`, which must be called in any case. What cannot be recovered from fails it only
   * as long as the connection was never up: later it is told to `onBroken` and tried again.
   */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    const { log, onBroken } = this.#options;
    const { firstRestart, lastRestart } = this.#timings;
    let told = '';
    for (let failures = 0; ; failures += 1) {
      const begun = performance.now();
      const end = await this.#session().catch(PluginError.from);
      if (signal.aborted) return;
      if (performance.now() - begun > lastRestart) failures = 0;
      const restartInMs = Math.min(lastRestart, firstRestart * 2 ** failures);
      if (end instanceof PluginError) {
        if (!end.recoverable && !this.#wasUp) throw end;
        log.error({ restartInMs }, `not connected: ${end.message}`);
        if (!end.recoverable && end.message !== told) onBroken(end);
        told = end.message;
      } else {
        log.error({ restartInMs }, `connection lost: ${end}`);
        told = '';
      }
      await sleep(restartInMs, undefined, { signal }).catch(() => {});
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

  /** One process's life: resolves with why it ended, rejects if it never came up. */
  async #session(): Promise<string> {
    const { signal } = this.#stopping;
    const { resolved, log } = this.#options;
    const { connector, warnings } = await launchValidated(this.#options, signal);
    try {
      for (const warning of warnings) log.warn(warning);
      await connector.node
        .connect(resolved.config, { signal, timeoutMs: timeoutMs(resolved.config) })
        .catch((thrown: unknown) => {
          signal.throwIfAborted();
          throw connectionFailure(this.#options, thrown);
        });
      this.#wasUp = true;
      return await this.#watch(connector);
    } finally {
      this.#current = undefined;
      await connector.kill();
    }
  }

  async #watch(connector: ConnectorProcess): Promise<string> {
    const { node, pid } = connector;
    const over = new AbortController();
    const ended = Promise.withResolvers<string>();
    const link: Link = { node, pid };
    this.#current = { link, fail: ended.resolve };
    this.#changed.notify();
    const stop = (): void => ended.resolve('stopped');
    this.#stopping.signal.addEventListener('abort', stop, { once: true });
    void connector.exited.then(({ reason, lastLines }) => {
      const lines = lastLines.map((line) => `\n  ${this.#options.resolved.redact(line)}`);
      ended.resolve(
        `the connector ${reason}${lines.length > 0 ? `; its last lines:${lines.join('')}` : ''}`,
      );
    });
    void watchHealth(node, this.#healthOptions(link), over.signal).then(
      ended.resolve,
      ended.reject, // on abort, when it has ended already
    );
    try {
      return await ended.promise;
    } finally {
      over.abort();
      this.#stopping.signal.removeEventListener('abort', stop);
    }
  }

  #healthOptions(link: Link): HealthOptions {
    const { log, onConnected } = this.#options;
    const { healthEvery, healthTimeout } = this.#timings;
    return {
      everyMs: healthEvery,
      timeoutMs: healthTimeout,
      log,
      onFirst: (health) => onConnected(link, health),
      describe: (thrown) => connectionFailure(this.#options, thrown).message,
    };
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type Health, PluginError } from '@vrsky/runtime';
import { type ConnectorHost, withDeadline } from '@vrsky/runtime/plugin';
import { linkError } from '../errors.ts';
import { Backoff } from './backoff.ts';
import type { Broker } from './broker.ts';
import { LinkFault } from './fault.ts';
import type { Link } from './link.ts';
import type { LinkSettings } from './settings.ts';
import { Takeovers } from './takeovers.ts';
import { within } from './within.ts';

/** A connection that is lost and made again within this time is no failure. */
const GRACE_MS = 1000;

export interface UplinkOptions {
  readonly brokers: readonly Broker[];
  readonly settings: Pick<LinkSettings, 'reconnect' | 'connectTimeoutMs' | 'jwtSecret'>;
  readonly log: ConnectorHost['log'];
  /** Makes a connection to one broker. */
  connect(broker: Broker, signal: AbortSignal): Promise<Link>;
  /** Called for each connection before it counts as up; what it throws ends that connection. */
  prepare(link: Link, signal: AbortSignal): Promise<void>;
  /** The link is up. */
  onUp?(link: Link): void;
  /** It has ended. */
  onDown?(fault: LinkFault, error: PluginError): void;
}

/** Keeps one link up: one broker after the other, with growing waits, until it is told to stop. */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  #turn = 0;
  #link: Link | undefined;
  #failure: PluginError | undefined;
  #downSince: number | undefined;
  #reconnects = 0;
  readonly #takeovers = new Takeovers();

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.settings.reconnect);
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /**
   * Connects: each broker is tried once. One that answers that it is busy is tried again, until
   * the signal aborts.
   * @throws PluginError of the last broker tried
   */
  async start(signal: AbortSignal, untilMs: number): Promise<void> {
    const deadline = performance.now() + untilMs;
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#keep(await this.#attempt(signal));
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (attempt < this.#options.brokers.length) continue;
        const wait = this.#backoff.next(false);
        const failure = error as PluginError;
        if (failure.reason !== 'BROKER_BUSY' || performance.now() + wait > deadline) throw failure;
        await sleep(wait, undefined, { signal });
      }
    }
  }

  /** @throws PluginError when there has been no connection for a while, or another client fights for it; on abort */
  async health(signal: AbortSignal): Promise<Health> {
    const { brokers } = this.#options;
    this.#takeovers.check();
    await this.#link?.heard(signal);
    const isDown = this.#link === undefined;
    const failure = this.#failure;
    const downMs = performance.now() - (this.#downSince ?? Infinity);
    if (isDown && failure && downMs > GRACE_MS) throw failure;
    return {
      status: isDown ? 'degraded' : 'ok',
      details: {
        broker: brokers[this.#turn % brokers.length]?.name ?? '',
        reconnects: String(this.#reconnects),
        ...(failure && { lastError: `${failure.code}: ${failure.rawMessage}` }),
      },
    };
  }

  /** Leaves the broker and makes no more connections. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#link?.leave();
    await this.#kept;
  }

  #kept: Promise<void> = Promise.resolve();

  #keep(link: Link): void {
    this.#kept = this.#follow(link);
  }

  async #follow(first: Link): Promise<void> {
    const { signal } = this.#stop;
    for (let link: Link | undefined = first; link; ) {
      const since = performance.now();
      const fault = await link.ended;
      this.#link = undefined;
      const now = performance.now();
      this.#backoff.lasted(now - since);
      // Links that last but a moment are one long failure.
      if (now - since > GRACE_MS) this.#downSince = undefined;
      this.#downSince ??= now;
      const error = this.#errorOf(fault, this.#brokerName);
      this.#options.onDown?.(fault, error);
      if (signal.aborted) return;
      this.#lost(fault, error);
      link = await this.#again();
    }
  }

  #lost(fault: LinkFault, error: PluginError): void {
    this.#takeovers.note(fault);
    this.#failure = error;
    this.#options.log.warn(`the connection was lost: ${error.message}`);
    this.#turn += 1;
  }

  /** undefined = stopped meanwhile */
  async #again(): Promise<Link | undefined> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const slowly = this.#takeovers.isStorm || this.#failure?.recoverable === false;
      await sleep(this.#backoff.next(slowly), undefined, { signal }).catch(() => {});
      if (signal.aborted) return undefined;
      try {
        const link = await this.#attempt(signal);
        this.#reconnects += 1;
        this.#options.log.info(`connected to ${this.#brokerName} again`);
        return link;
      } catch (error) {
        if (!signal.aborted) this.#options.log.warn(`no connection: ${(error as Error).message}`);
      }
    }
    return undefined;
  }

  /** One attempt at the next broker, within its time limit. */
  async #attempt(signal: AbortSignal): Promise<Link> {
    const { brokers, settings, connect, prepare } = this.#options;
    const broker = brokers[this.#turn % brokers.length];
    if (!broker) throw new Error('there is no broker');
    const late = (): LinkFault =>
      new LinkFault('network', `no connection within ${settings.connectTimeoutMs} ms`);
    try {
      const link = await withDeadline(settings.connectTimeoutMs, [signal], late, async (ends) => {
        const made = await connect(broker, ends);
        try {
          await within(made, prepare(made, ends), ends);
          return made;
        } catch (error) {
          made.fail(new LinkFault('left', 'given up'));
          throw error;
        }
      });
      this.#link = link;
      this.#options.onUp?.(link);
      return link;
    } catch (error) {
      this.#turn += 1;
      signal.throwIfAborted();
      this.#failure =
        error instanceof LinkFault ? this.#errorOf(error, broker.name) : PluginError.from(error);
      if (error instanceof LinkFault) this.#takeovers.note(error);
      throw this.#failure;
    }
  }

  /** With a token that is fetched each time, the next attempt has another one. */
  #errorOf(fault: LinkFault, broker: string): PluginError {
    const error = linkError(fault, broker);
    const renewed = error.code === 'AUTH_FAILED' && this.#options.settings.jwtSecret !== undefined;
    if (!renewed) return error;
    return new PluginError(error.code, error.rawMessage, { recoverable: true, cause: fault });
  }

  get #brokerName(): string {
    const { brokers } = this.#options;
    return brokers[this.#turn % brokers.length]?.name ?? '';
  }
}

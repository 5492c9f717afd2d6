import { isDeepStrictEqual } from 'node:util';
import { type ConnectionConfig, timeoutMs } from '../contract/connection-config.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { Health } from '../contract/plugin-metadata.ts';
import { abortable } from './abortable.ts';
import type { Connector, ConnectorHost } from './connector.ts';
import { withDeadline } from './deadline.ts';
import { Deliveries } from './delivery/deliveries.ts';
import type { Destination } from './destination.ts';
import { drain } from './drain.ts';
import type { AttachedHost } from './host-link.ts';
import { stamp } from './identity.ts';
import { memoryGuard } from './memory/guard.ts';
import { Outbox } from './outbox.ts';
import { Probes, probeKey } from './probe.ts';
import { openSide, type Side, subjectOf } from './side.ts';
import type { Source } from './source.ts';
import { traceReceived, traceSent } from './trace.ts';

interface Connection {
  readonly config: ConnectionConfig;
  readonly side: Side;
  readonly deliveries: Deliveries | undefined;
  readonly outbox: Outbox | undefined;
}

/**
 * The states of the one connection that this process serves: Connect and Disconnect take turns,
 * everything else may be called at any time.
 */
export class Lifecycle {
  readonly #connector: Connector;
  readonly #host: ConnectorHost;
  readonly #attached: AttachedHost;
  readonly #probes = new Probes();
  #connection: Connection | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(connector: Connector, host: ConnectorHost, attached: AttachedHost) {
    this.#connector = connector;
    this.#host = host;
    this.#attached = attached;
  }

  /** Legal in every state, leaves nothing behind. Resolves with warnings. */
  async validate(config: ConnectionConfig, signal: AbortSignal): Promise<string[]> {
    const side = openSide(this.#connector, config, this.#host);
    return inTime('Validate', config, signal, async (ends) => {
      const warnings = await subjectOf(side).validate?.(ends, this.#connection?.side.config);
      return [...(warnings ?? []), ...(await this.#probe(side, ends))];
    });
  }

  async #probe(side: Side, signal: AbortSignal): Promise<string[]> {
    const { probe } = subjectOf(side);
    const { settings, credentials } = side.config;
    if (!probe || settings['probe'] === false) return [];
    const connected = this.#connection?.side;
    const own = connected && subjectOf(connected).probe;
    const key = probeKey(probe, credentials);
    // The connection itself is the better proof, and some servers allow one session only.
    if (own && probeKey(own, connected.config.credentials) === key) return [];
    return this.#probes.run(probe, credentials, signal);
  }

  connect(config: ConnectionConfig, signal: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#connection) {
        if (isDeepStrictEqual(this.#connection.config, config)) return;
        throw new PluginError(
          'INVALID_STATE',
          'already connected with another configuration: call Disconnect first',
        );
      }
      const side = openSide(this.#connector, config, this.#host);
      await inTime('Connect', config, signal, (ends) => start(subjectOf(side), ends));
      this.#connection = this.#open(config, side);
    });
  }

  /**
   * Drains until the signal aborts, and no longer than the limit or the connection's timeout; what is not settled by then
   * stays so. Resolves by then in any case. Idempotent.
   */
  disconnect(signal: AbortSignal, limitMs: number = Infinity): Promise<void> {
    const began = performance.now();
    return this.#inTurn(async () => {
      const connection = this.#connection;
      if (!connection) return;
      this.#connection = undefined;
      this.#draining = connection.deliveries;
      try {
        connection.deliveries?.stopIntake();
        const { side, outbox, config } = connection;
        const limit = Math.min(limitMs, timeoutMs(config)) - (performance.now() - began);
        const stop = (ends: AbortSignal): Promise<void> | undefined =>
          side.direction === 'incoming' ? side.source.stop(ends) : outbox?.close(ends);
        await drain(Math.max(0, limit), signal, stop, () =>
          this.#host.log.warn('the connection did not close in time, and was left'),
        );
      } finally {
        this.#draining = undefined;
        connection.deliveries?.close();
      }
    });
  }

  /** @throws NOT_CONNECTED, or UNSUPPORTED when the connection only sends */
  get deliveries(): Deliveries {
    const { config, deliveries } = this.#connected();
    if (deliveries) return deliveries;
    throw new PluginError('UNSUPPORTED', `a connection of type "${config.type}" cannot receive`);
  }

  /** As `deliveries`, also while Disconnect still waits for settlements. */
  get settling(): Deliveries {
    return this.#draining ?? this.deliveries;
  }

  /** @throws NOT_CONNECTED, or UNSUPPORTED when the connection only receives */
  get outbox(): Outbox {
    const { config, outbox } = this.#connected();
    if (outbox) return outbox;
    throw new PluginError('UNSUPPORTED', `a connection of type "${config.type}" cannot send`);
  }

  async health(signal: AbortSignal): Promise<Health> {
    const { side, config } = this.#connected();
    const subject = subjectOf(side);
    const ask = async (ends: AbortSignal): Promise<Health> =>
      (await subject.health?.(ends)) ?? { status: 'ok', details: {} };
    const health = await inTime('Health', config, signal, ask);
    if (memoryGuard.open) return health;
    const memory = 'short: no new messages are taken';
    return { status: 'degraded', details: { ...health.details, memory } };
  }

  /** Every lease of a host connection that has ended comes back. */
  holderGone(holder: object): void {
    (this.#draining ?? this.#connection?.deliveries)?.holderGone(holder);
  }

  #draining: Deliveries | undefined;

  #connected(): Connection {
    if (this.#connection) return this.#connection;
    throw new PluginError('NOT_CONNECTED', 'there is no connection: call Connect first');
  }

  #open(config: ConnectionConfig, side: Side): Connection {
    if (side.direction === 'outgoing') {
      const outbox = new Outbox(traceSent(side.destination, this.#host.log), timeoutMs(config));
      return { config, side, outbox, deliveries: undefined };
    }
    const { log } = this.#host;
    const trace = traceReceived(log);
    const deliveries = new Deliveries(
      side.source,
      (incoming) => {
        const message = stamp(incoming, this.#connector.metadata.id, this.#attached.identity);
        trace?.(message);
        return message;
      },
      (error) => log.warn({ err: error }, 'the source did not record a settlement'),
    );
    return { config, side, deliveries, outbox: undefined };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}

/** Limits a call to the connection's timeout. */
function inTime<T>(
  call: string,
  config: ConnectionConfig,
  signal: AbortSignal,
  work: (ends: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = timeoutMs(config);
  const late = (): PluginError => {
    const text = `${call} did not finish within the connection's timeout of ${limit} ms`;
    return new PluginError('CONNECTION_FAILED', text, { reason: 'TIMEOUT' });
  };
  return withDeadline(limit, [signal], late, (ends) => abortable(work(ends), ends));
}

/** Starts a side; one that comes up after its time, unheeding its signal, is stopped again. */
async function start(subject: Source | Destination, signal: AbortSignal): Promise<void> {
  const starting = subject.start(signal);
  const stopIfLate = (): Promise<void> | undefined =>
    signal.aborted ? subject.stop(signal) : undefined;
  starting.then(stopIfLate).catch(() => {});
  await starting;
}

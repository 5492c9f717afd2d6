import {
  type ConnectionConfig,
  type Health,
  type Message,
  PluginError,
  timeoutMs,
} from '@vrsky/runtime';
import {
  type ConnectorHost,
  type Destination,
  type Probe,
  type SendOutcome,
  withDeadline,
} from '@vrsky/runtime/plugin';
import type { Dispatcher } from 'undici';
import type { RestSettings } from './config.ts';
import { networkError } from './errors.ts';
import { Circuits } from './rest/circuit.ts';
import { type Answer, attempt } from './rest/client.ts';
import type { RestRequest } from './rest/compose.ts';
import { Condition } from './rest/condition.ts';
import { createDispatcher } from './rest/dispatcher.ts';
import { findDoubts } from './rest/doubts.ts';
import { Gatherer } from './rest/gather.ts';
import { reach, reachTarget } from './rest/reach.ts';
import { receiptsOf } from './rest/receipts.ts';
import { prepare, type Setup } from './rest/setup.ts';

type Host = Pick<ConnectorHost, 'hideSecret'>;

interface Started {
  readonly setup: Setup;
  readonly dispatcher: Dispatcher;
  readonly condition: Condition;
  /** Undefined: messages do not wait for each other. */
  readonly gatherer: Gatherer | undefined;
}

/** Sends messages as requests; the answers decide the outcomes. */
export class RestDestination implements Destination {
  readonly maxBatch: number;
  readonly #config: ConnectionConfig<RestSettings>;
  readonly #host: Host;
  readonly #limitMs: number;
  readonly #circuits: Circuits;
  #started: Started | undefined;

  constructor(config: ConnectionConfig<RestSettings>, host: Host) {
    const { batch, circuitBreaker, timeoutMs: limit } = config.settings;
    this.maxBatch = batch.mode === 'none' ? 1 : batch.maxCount;
    this.#config = config;
    this.#host = host;
    this.#limitMs = limit ?? timeoutMs(config);
    this.#circuits = new Circuits(circuitBreaker);
  }

  async validate(): Promise<string[]> {
    return findDoubts(this.#config, prepare(this.#config, this.#host));
  }

  get probe(): Probe {
    const { url, allowedHosts, auth, healthCheck, ssrf } = this.#config.settings;
    return {
      endpoint: JSON.stringify({ url, allowedHosts, auth, healthCheck, ssrf }),
      run: (signal) => this.#probe(signal),
    };
  }

  async start(signal: AbortSignal): Promise<void> {
    const setup = prepare(this.#config, this.#host);
    const dispatcher = await createDispatcher(setup);
    try {
      if (setup.settings.probe) await reachTarget(setup, dispatcher, signal);
      signal.throwIfAborted();
    } catch (error) {
      await dispatcher.destroy();
      throw error;
    }
    const { batch, healthCheck } = setup.settings;
    const condition = new Condition({
      reach: (origin, ends) => reach(setup, dispatcher, origin, ends),
      asks: healthCheck !== undefined,
      timeoutMs: timeoutMs(this.#config),
    });
    const parts = { setup, dispatcher, condition };
    const gathers = batch.mode !== 'none' && batch.lingerMs > 0;
    const gatherer = gathers
      ? new Gatherer(batch, setup.compose, (unit, ends) => this.#send(parts, unit, ends))
      : undefined;
    this.#started = { ...parts, gatherer };
  }

  async send(batch: readonly Message[], signal: AbortSignal): Promise<readonly SendOutcome[]> {
    const started = this.#running();
    const { setup, gatherer } = started;
    if (gatherer) return Promise.all(batch.map((message) => gatherer.add(message, signal)));
    const outcomes = new Map<Message, SendOutcome>();
    await Promise.all(
      setup.compose(batch).map(async (unit) => {
        const results = 'error' in unit ? [unit.error] : await this.#send(started, unit, signal);
        unit.messages.forEach((message, i) => outcomes.set(message, results[i] ?? {}));
      }),
    );
    return batch.map((message) => outcomes.get(message) ?? {});
  }

  async health(signal: AbortSignal): Promise<Health> {
    const { condition } = this.#running();
    const failure = (await condition.check(signal)) ?? this.#circuits.refusal;
    if (failure) throw failure;
    const { failuresInRow, lastError } = condition.doubt;
    const open = this.#circuits.open;
    return {
      status: failuresInRow > 0 || open.length > 0 ? 'degraded' : 'ok',
      details: {
        failuresInRow: String(failuresInRow),
        ...(failuresInRow > 0 && { lastError }),
        ...(open.length > 0 && { circuitOpen: open.join(' ') }),
      },
    };
  }

  async stop(): Promise<void> {
    await this.#started?.dispatcher.destroy();
  }

  #running(): Started {
    if (this.#started) return this.#started;
    throw new PluginError('NOT_CONNECTED', 'http-rest was not started');
  }

  async #probe(signal: AbortSignal): Promise<string[]> {
    const setup = prepare(this.#config, this.#host);
    const dispatcher = await createDispatcher(setup);
    try {
      return await reachTarget(setup, dispatcher, signal);
    } finally {
      await dispatcher.destroy();
    }
  }

  /** One attempt at a request; one outcome for each of its messages. */
  async #send(
    { setup, dispatcher, condition }: Omit<Started, 'gatherer'>,
    request: RestRequest,
    signal: AbortSignal,
  ): Promise<readonly SendOutcome[]> {
    const { settings } = setup;
    const target = `${settings.method} to ${request.origin}`;
    const limit = this.#limitMs;
    const late = (): PluginError =>
      new PluginError('TIMEOUT', `${target} gave no answer in ${limit} ms`);
    let outcome: Answer | PluginError;
    try {
      outcome = await withDeadline(limit, [signal], late, (ends) =>
        this.#circuits.run<Answer>(request.origin, ends, async () => {
          try {
            return await attempt(setup, dispatcher, request, target, ends);
          } catch (error) {
            // A caller that gives up says nothing of the host; one whose time is over does.
            if (ends.aborted && !(ends.reason instanceof PluginError)) throw error;
            return networkError(error, target);
          }
        }),
      );
    } catch (error) {
      signal.throwIfAborted();
      outcome = networkError(error, target);
    }
    condition.record(request.origin, outcome);
    signal.throwIfAborted();
    return outcome instanceof PluginError
      ? request.messages.map(() => outcome)
      : receiptsOf(outcome, request.messages, settings.response);
  }
}

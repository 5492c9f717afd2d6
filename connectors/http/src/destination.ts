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
  type SendOutcome,
  withDeadline,
} from '@vrsky/runtime/plugin';
import type { Dispatcher } from 'undici';
import type { RestSettings } from './config.ts';
import { networkError } from './errors.ts';
import { Circuits } from './rest/circuit.ts';
import { type Answer, attempt } from './rest/client.ts';
import type { RestRequest } from './rest/compose.ts';
import { createDispatcher } from './rest/dispatcher.ts';
import { findDoubts } from './rest/doubts.ts';
import { Gatherer } from './rest/gather.ts';
import { receiptsOf } from './rest/receipts.ts';
import { prepare, type Setup } from './rest/setup.ts';

type Host = Pick<ConnectorHost, 'hideSecret'>;

interface Started {
  readonly setup: Setup;
  readonly dispatcher: Dispatcher;
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
  readonly #lost = { inRow: 0, last: '' };
  #started: Started | undefined;

  constructor(config: ConnectionConfig<RestSettings>, host: Host) {
    const { batch, circuitBreaker, timeoutMs: limit } = config.settings;
    this.maxBatch = batch.mode === 'none' ? 1 : batch.maxCount;
    this.#config = config;
    this.#host = host;
    this.#limitMs = limit ?? timeoutMs(config);
    this.#circuits = new Circuits(circuitBreaker);
  }

  async validate(signal: AbortSignal): Promise<string[]> {
    const { setup, dispatcher } = await this.#open(signal);
    try {
      return await findDoubts(this.#config, setup);
    } finally {
      await dispatcher.destroy();
    }
  }

  async start(signal: AbortSignal): Promise<void> {
    const { setup, dispatcher } = await this.#open(signal);
    const { batch } = setup.settings;
    const gathers = batch.mode !== 'none' && batch.lingerMs > 0;
    const gatherer = gathers
      ? new Gatherer(batch, setup.compose, (unit, ends) =>
          this.#send(setup, dispatcher, unit, ends),
        )
      : undefined;
    this.#started = { setup, dispatcher, gatherer };
  }

  async send(batch: readonly Message[], signal: AbortSignal): Promise<readonly SendOutcome[]> {
    const started = this.#started;
    if (!started) throw new PluginError('NOT_CONNECTED', 'http-rest was not started');
    const { setup, dispatcher, gatherer } = started;
    if (gatherer) return Promise.all(batch.map((message) => gatherer.add(message, signal)));
    const outcomes = new Map<Message, SendOutcome>();
    await Promise.all(
      setup.compose(batch).map(async (unit) => {
        const results =
          'error' in unit ? [unit.error] : await this.#send(setup, dispatcher, unit, signal);
        unit.messages.forEach((message, i) => outcomes.set(message, results[i] ?? {}));
      }),
    );
    return batch.map((message) => outcomes.get(message) ?? {});
  }

  health(): Health {
    const { inRow, last } = this.#lost;
    const open = this.#circuits.open;
    return {
      status: inRow > 0 || open.length > 0 ? 'degraded' : 'ok',
      details: {
        failuresInRow: String(inRow),
        ...(inRow > 0 && { lastError: last }),
        // No error: a new connector would find the same host.
        ...(open.length > 0 && { circuitOpen: open.join(' ') }),
      },
    };
  }

  async stop(): Promise<void> {
    await this.#started?.dispatcher.destroy();
  }

  /** Makes the pool, and proves that a token can be had. */
  async #open(signal: AbortSignal): Promise<{ setup: Setup; dispatcher: Dispatcher }> {
    const setup = prepare(this.#config, this.#host);
    const { settings, guard, tls, authorization } = setup;
    const dispatcher = await createDispatcher(settings, guard, tls);
    try {
      await authorization.headers(dispatcher, signal);
      signal.throwIfAborted();
      return { setup, dispatcher };
    } catch (error) {
      await dispatcher.destroy();
      throw error;
    }
  }

  /** One attempt at a request; one outcome for each of its messages. */
  async #send(
    setup: Setup,
    dispatcher: Dispatcher,
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
    this.#record(outcome);
    signal.throwIfAborted();
    return outcome instanceof PluginError
      ? request.messages.map(() => outcome)
      : receiptsOf(outcome, request.messages, settings.response);
  }

  #record(outcome: Answer | PluginError): void {
    if (outcome instanceof PluginError) {
      // A fault of the message says nothing of the connection.
      if (outcome.code === 'INVALID_MESSAGE') return;
      this.#lost.inRow += 1;
      this.#lost.last = `${outcome.code}: ${outcome.rawMessage}`;
    } else {
      this.#lost.inRow = 0;
    }
  }
}

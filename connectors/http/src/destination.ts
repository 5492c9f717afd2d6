import {
  type ConnectionConfig,
  type Health,
  type Message,
  PluginError,
  timeoutMs,
} from '@vrsky/runtime';
import { type Destination, type SendOutcome, withDeadline } from '@vrsky/runtime/plugin';
import type { Dispatcher } from 'undici';
import type { RestSettings } from './config.ts';
import { networkError, statusError } from './errors.ts';
import { answerHeaders, parseRetryAfter, readBody } from './rest/answer.ts';
import { createDispatcher, privateCa } from './rest/dispatcher.ts';
import { configuredHeaders, messageHeaders } from './rest/request.ts';
import { parseTarget, targetWarnings } from './rest/target.ts';

/** Sends each message as one request; its answer decides the outcome. */
export class RestDestination implements Destination {
  readonly #config: ConnectionConfig<RestSettings>;
  readonly #limitMs: number;
  readonly #lost = { inRow: 0, last: '' };
  #url: URL | undefined;
  #headers: Record<string, string> = {};
  #dispatcher: Dispatcher | undefined;

  constructor(config: ConnectionConfig<RestSettings>) {
    this.#config = config;
    this.#limitMs = config.settings.timeoutMs ?? timeoutMs(config);
  }

  async validate(): Promise<string[]> {
    const { settings, credentials } = this.#config;
    const url = parseTarget(settings);
    configuredHeaders(settings.headers);
    privateCa(credentials);
    return targetWarnings(url, settings);
  }

  async start(): Promise<void> {
    const { settings, credentials } = this.#config;
    this.#url = parseTarget(settings);
    this.#headers = configuredHeaders(settings.headers);
    this.#dispatcher = await createDispatcher(settings, privateCa(credentials));
  }

  send(batch: readonly Message[], signal: AbortSignal): Promise<readonly SendOutcome[]> {
    return Promise.all(batch.map((message) => this.#attempt(message, signal)));
  }

  health(): Health {
    const { inRow, last } = this.#lost;
    return {
      status: inRow > 0 ? 'degraded' : 'ok',
      details: { failuresInRow: String(inRow), ...(inRow > 0 && { lastError: last }) },
    };
  }

  async stop(): Promise<void> {
    await this.#dispatcher?.destroy();
  }

  async #attempt(message: Message, signal: AbortSignal): Promise<SendOutcome> {
    const url = this.#url;
    const dispatcher = this.#dispatcher;
    if (!url || !dispatcher) throw new PluginError('NOT_CONNECTED', 'http-rest was not started');
    const target = `${this.#config.settings.method} to ${url.origin}`;
    const limit = this.#limitMs;
    const late = (): PluginError =>
      new PluginError('TIMEOUT', `${target} gave no answer in ${limit} ms`);
    let outcome: SendOutcome;
    try {
      outcome = await withDeadline(limit, [signal], late, (ends) =>
        this.#exchange(dispatcher, url, message, target, ends),
      );
    } catch (error) {
      signal.throwIfAborted();
      outcome = networkError(error, target);
    }
    this.#record(outcome);
    return outcome;
  }

  async #exchange(
    dispatcher: Dispatcher,
    url: URL,
    message: Message,
    target: string,
    signal: AbortSignal,
  ): Promise<SendOutcome> {
    const { method, response } = this.#config.settings;
    const { statusCode, headers, body } = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: messageHeaders(message, this.#headers),
      ...(method !== 'GET' && { body: message.payload }),
      signal,
    });
    const retryAfterMs = parseRetryAfter(headers['retry-after'], Date.now());
    const failure = statusError(statusCode, retryAfterMs, target);
    const reading = readBody(body, response.maxBytes);
    if (failure) {
      // The status says it all; the body is read only so that the connection can be used again.
      await reading.catch(() => {});
      return failure;
    }
    const payload = await reading;
    return {
      messageId: message.id,
      headers: answerHeaders(headers),
      ...(payload && { payload }),
    };
  }

  #record(outcome: SendOutcome): void {
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

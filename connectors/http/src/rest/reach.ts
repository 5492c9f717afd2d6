import type { Dispatcher } from 'undici';
import { healthCheckError, reachError } from '../errors.ts';
import { parseRetryAfter } from './answer.ts';
import type { Proof } from './auth/context.ts';
import { exchange, type HttpAnswer } from './exchange.ts';
import type { HealthCheckSettings } from './health-check.ts';
import { USER_AGENT } from './request.ts';
import type { Setup } from './setup.ts';
import { statusMatcher } from './status-range.ts';
import { escapeUri } from './template.ts';

type Parts = Pick<Setup, 'settings' | 'authorization' | 'secretQuery'>;

/**
 * Proves that an origin works: that a token is given, and that a connection is established the way that messages go, or
 * that `healthCheck` is answered as expected. No message is sent.
 * @throws PluginError as a send would, and the signal's reason
 */
export async function reach(
  parts: Parts,
  dispatcher: Dispatcher,
  origin: string,
  signal: AbortSignal,
): Promise<void> {
  const { authorization, settings } = parts;
  const { healthCheck } = settings;
  const target = `${healthCheck ? healthCheck.method : 'connecting'} to ${origin}`;
  const proof = await authorization.headers(dispatcher, signal);
  try {
    if (healthCheck) await check(parts, healthCheck, dispatcher, origin, proof, signal);
    else await establish(dispatcher, origin, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    throw reachError(thrown, target);
  }
}

/**
 * Reaches the origin of the settings. Where a message decides on it, only a token is fetched, and a warning says so.
 * @throws as `reach`
 */
export async function reachTarget(
  setup: Setup,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<string[]> {
  const [first, ...others] = setup.target.origins;
  if (first && others.length === 0) {
    await reach(setup, dispatcher, first.origin, signal);
    return [];
  }
  await setup.authorization.headers(dispatcher, signal);
  return ['settings.url: its host depends on the message, so no connection was tried'];
}

/** The request of `healthCheck`, and the same once more if a token was refused that can be renewed. */
async function check(
  { authorization, secretQuery }: Parts,
  { method, path, successStatus }: HealthCheckSettings,
  dispatcher: Dispatcher,
  origin: string,
  proof: Proof,
  signal: AbortSignal,
): Promise<void> {
  const url = new URL(path, origin);
  const search = Object.entries(secretQuery).map(
    ([name, value]) => `${escapeUri(name)}=${escapeUri(value)}`,
  );
  url.search = [...(url.search ? [url.search] : []), ...search].join('&');
  const ask = (headers: Proof): Promise<HttpAnswer> =>
    exchange(
      dispatcher,
      {
        origin,
        path: url.pathname + url.search,
        method,
        headers: { 'user-agent': USER_AGENT, ...headers },
      },
      0,
      signal,
    );
  let answer = await ask(proof);
  if (answer.status === 401 && authorization.refused(proof)) {
    answer = await ask(await authorization.headers(dispatcher, signal));
  }
  const { status, headers } = answer;
  if (statusMatcher(successStatus)(status)) return;
  const retryAfterMs = parseRetryAfter(headers['retry-after'], Date.now());
  throw healthCheckError(status, retryAfterMs, `${method} to ${origin}`);
}

/** Waits for a connection of the pool, which stays open for the first message. */
function establish(dispatcher: Dispatcher, origin: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    const settle = (outcome: () => void): void => {
      signal.removeEventListener('abort', giveUp);
      outcome();
    };
    dispatcher.dispatch(
      { origin, path: '/', method: 'HEAD' },
      {
        // Called when there is a connection, before anything is written: the request is withdrawn.
        onRequestStart(controller) {
          settle(resolve);
          controller.abort(new Error('only the connection was wanted'));
        },
        onResponseError: (_, error) => settle(() => reject(error)),
        // undici demands them, and there is no answer.
        onResponseStart() {},
        onResponseData() {},
        onResponseEnd() {},
      },
    );
  });
}

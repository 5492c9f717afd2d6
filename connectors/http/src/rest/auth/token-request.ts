import { PluginError } from '@vrsky/runtime';
import type { Dispatcher } from 'undici';
import { networkError, tokenError } from '../../errors.ts';
import { isSendable } from '../../headers.ts';
import { parseHttpUrl } from '../../url.ts';
import type { AddressGuard } from '../address-guard.ts';
import { parseRetryAfter } from '../answer.ts';
import { exchange } from '../exchange.ts';
import type { OAuth2Settings } from './settings.ts';

export interface Client {
  readonly id: string;
  readonly secret: string;
}

const MAX_ANSWER_BYTES = 65_536;
/** What an OAuth error may look like (RFC 6749, 5.2), so that nothing else gets into a text. */
const ERROR_CODE = /^[a-z_]{1,40}$/;
const FIELD = 'settings.auth.oauth2.tokenUrl';

/** @throws PluginError INVALID_CONFIG, BLOCKED_DESTINATION */
export function parseTokenUrl(text: string, guard: AddressGuard): URL {
  const url = parseHttpUrl(text, FIELD);
  const blocked = guard.check(url.hostname, FIELD);
  if (blocked) throw blocked;
  return url;
}

/**
 * One call of the token endpoint.
 * @throws PluginError AUTH_FAILED for a refusal, a recoverable one while the endpoint does not work
 */
export async function requestToken(
  dispatcher: Dispatcher,
  url: URL,
  client: Client,
  { scopes, audience, clientAuth }: OAuth2Settings,
  signal: AbortSignal,
): Promise<{ value: string; lifeMs: number }> {
  const oauth = await import('oauth4webapi');
  const server = { issuer: url.origin, token_endpoint: url.href };
  const prove = clientAuth === 'basic' ? oauth.ClientSecretBasic : oauth.ClientSecretPost;
  const parameters = new URLSearchParams();
  if (scopes.length > 0) parameters.set('scope', scopes.join(' '));
  if (audience) parameters.set('audience', audience);
  const target = `the token request to ${url.origin}`;
  try {
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      { client_id: client.id },
      prove(client.secret),
      parameters,
      {
        [oauth.allowInsecureRequests]: true,
        [oauth.customFetch]: (_, { headers, body }) =>
          post(dispatcher, url, headers, String(body), signal, target),
      },
    );
    const answer = await oauth.processClientCredentialsResponse(
      server,
      { client_id: client.id },
      response,
    );
    if (answer.token_type !== 'bearer') throw tokenError(undefined, target);
    if (!isSendable('authorization', answer.access_token)) throw tokenError(undefined, target);
    // Without a lifetime it is used until it is refused.
    return {
      value: answer.access_token,
      lifeMs: (answer.expires_in ?? Number.POSITIVE_INFINITY) * 1000,
    };
  } catch (thrown) {
    signal.throwIfAborted();
    if (thrown instanceof oauth.ResponseBodyError) {
      const { error } = thrown;
      throw tokenError(ERROR_CODE.test(error) ? error : undefined, target);
    }
    // The library's other errors hold the answer, which may be a token.
    throw thrown instanceof PluginError ? thrown : tokenError(undefined, target);
  }
}

async function post(
  dispatcher: Dispatcher,
  url: URL,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
  target: string,
): Promise<Response> {
  try {
    const answer = await exchange(
      dispatcher,
      { origin: url.origin, path: url.pathname + url.search, method: 'POST', headers, body },
      MAX_ANSWER_BYTES,
      signal,
    );
    if (answer.broken) throw answer.broken;
    const isOverloaded = answer.status === 429 || answer.status >= 500;
    if (isOverloaded || !answer.body) {
      const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], Date.now());
      const text = `${target} was answered ${answer.status}; no token can be had now`;
      throw new PluginError('CONNECTION_FAILED', text, {
        reason: 'NO_TOKEN',
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      });
    }
    const type = String(answer.headers['content-type'] ?? '');
    return new Response(answer.body.toString(), {
      status: answer.status,
      headers: { 'content-type': type },
    });
  } catch (thrown) {
    throw networkError(thrown, target, FIELD);
  }
}

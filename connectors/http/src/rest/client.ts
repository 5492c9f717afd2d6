import type { PluginError, Secrets } from '@vrsky/runtime';
import type { Dispatcher } from 'undici';
import { statusError } from '../errors.ts';
import { answerHeaders, parseRetryAfter } from './answer.ts';
import type { Authorization } from './auth/context.ts';
import type { Signer } from './auth/sign.ts';
import type { RestRequest } from './compose.ts';
import { exchange, type HttpAnswer } from './exchange.ts';
import type { RestSettings } from './settings.ts';
import type { Verdict } from './verdict.ts';

/** A successful answer. */
export interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  /** undefined = above the limit. */
  readonly payload: Uint8Array | undefined;
}

/** What a request needs besides itself. */
export interface ClientParts {
  readonly settings: Pick<RestSettings, 'method' | 'response'>;
  readonly authorization: Authorization;
  readonly verdict: Verdict;
  /** Undefined: messages are not signed. */
  readonly sign: Signer | undefined;
  /** Cuts the connection's secrets out of what a server echoes. */
  readonly secrets: Secrets;
}

const NOTHING = new Uint8Array();

/**
 * One attempt: a request, and the same once more if the server refused a token that can be renewed.
 * @param target names method and server for error texts
 * @throws what undici throws, and the signal's reason
 */
export async function attempt(
  parts: ClientParts,
  dispatcher: Dispatcher,
  request: RestRequest,
  target: string,
  signal: AbortSignal,
): Promise<Answer | PluginError> {
  const { authorization } = parts;
  const proof = await authorization.headers(dispatcher, signal);
  const answer = await call(parts, dispatcher, request, proof, signal);
  if (answer.status !== 401 || !authorization.refused(proof)) return judge(parts, answer, target);
  const fresh = await authorization.headers(dispatcher, signal);
  return judge(parts, await call(parts, dispatcher, request, fresh, signal), target);
}

function call(
  { settings, sign }: ClientParts,
  dispatcher: Dispatcher,
  { origin, path, id, headers, body }: RestRequest,
  proof: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const all = Object.assign({}, headers, proof, sign?.(id, body ?? NOTHING));
  const request = { origin, path, method: settings.method, headers: all, body: body ?? null };
  return exchange(dispatcher, request, settings.response.maxBytes, signal);
}

/** A status that has come counts, whatever became of the rest, unless it is a success. */
function judge(
  { secrets, verdict }: ClientParts,
  { status, headers, body, broken }: HttpAnswer,
  target: string,
): Answer | PluginError {
  const said = verdict(status);
  if (said !== 'success') {
    const retryAfterMs = parseRetryAfter(headers['retry-after'], Date.now());
    return statusError(status, retryAfterMs, target, said === 'retry');
  }
  if (broken) throw broken;
  return {
    headers: answerHeaders(headers, secrets),
    payload: body && withoutSecrets(body, secrets),
  };
}

function withoutSecrets(body: Buffer, secrets: Secrets): Buffer {
  const text = body.toString();
  const clean = secrets.redact(text);
  return clean === text ? body : Buffer.from(clean);
}

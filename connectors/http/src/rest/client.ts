import type { PluginError, Secrets } from '@vrsky/runtime';
import type { Dispatcher } from 'undici';
import { statusError } from '../errors.ts';
import { answerHeaders, parseRetryAfter, readBody } from './answer.ts';
import type { Authorization } from './auth/authorization.ts';
import type { Signer } from './auth/sign.ts';
import type { RestRequest } from './compose.ts';
import type { RestSettings } from './settings.ts';

/** A successful answer. */
export interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  /** undefined = above the limit. */
  readonly payload: Uint8Array | undefined;
}

/** What a request needs besides itself. */
export interface ClientParts {
  readonly settings: RestSettings;
  readonly authorization: Authorization;
  readonly sign: Signer;
  /** Cuts the connection's secrets out of what a server echoes. */
  readonly secrets: Secrets;
}

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
  if (answer.statusCode !== 401 || !authorization.refused(proof))
    return judge(parts, answer, target);
  await drain(answer, parts.settings);
  const fresh = await authorization.headers(dispatcher, signal);
  return judge(parts, await call(parts, dispatcher, request, fresh, signal), target);
}

function call(
  { settings, sign }: ClientParts,
  dispatcher: Dispatcher,
  { origin, path, id, headers, body }: RestRequest,
  proof: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  return dispatcher.request({
    origin,
    path,
    method: settings.method,
    headers: { ...headers, ...proof, ...sign(id, body ?? NOTHING) },
    ...(body && { body }),
    signal,
  });
}

const NOTHING = new Uint8Array();

async function judge(
  { settings, secrets }: ClientParts,
  answer: Dispatcher.ResponseData,
  target: string,
): Promise<Answer | PluginError> {
  const { statusCode, headers, body } = answer;
  const retryAfterMs = parseRetryAfter(headers['retry-after'], Date.now());
  const failure = statusError(statusCode, retryAfterMs, target);
  if (failure) {
    await drain(answer, settings);
    return failure;
  }
  const payload = await readBody(body, settings.response.maxBytes);
  return {
    headers: answerHeaders(headers, secrets),
    payload: payload && withoutSecrets(payload, secrets),
  };
}

/** The status says it all; the body is read only so that the connection can be used again. */
async function drain({ body }: Dispatcher.ResponseData, { response }: RestSettings): Promise<void> {
  await readBody(body, response.maxBytes).catch(() => {});
}

function withoutSecrets(payload: Uint8Array, secrets: Secrets): Uint8Array {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString();
  const clean = secrets.redact(text);
  return clean === text ? payload : Buffer.from(clean);
}

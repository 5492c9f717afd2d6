import { ERROR_CATALOGUE, PluginError } from '@vrsky/runtime';
import { codeOf, type Failure, toError } from './failure.ts';

const AMBIGUOUS: Failure = {
  code: 'CONNECTION_FAILED',
  reason: 'AMBIGUOUS',
  text: 'the connection broke before the answer was complete; the message may have arrived',
};
const BROKEN: Failure = {
  code: 'CONNECTION_FAILED',
  text: 'the connection broke',
};
const UNTRUSTED: Failure = {
  code: 'TLS_FAILED',
  text: 'the TLS handshake failed; check the certificate, and credentials.tls_ca for a private CA',
};
const NO_ROUTE: Failure = { code: 'CONNECTION_FAILED', text: 'there is no route to the host' };
const NO_CONNECTION: Failure = {
  code: 'CONNECTION_FAILED',
  text: 'no connection was established in time',
};
const TOO_SLOW: Failure = { code: 'TIMEOUT', text: 'the server was silent for too long' };
const NO_PROXY: Failure = { code: 'CONNECTION_FAILED', text: 'the proxy gave no connection' };

/** By the error code of Node.js, OpenSSL or undici. */
const NETWORK: Readonly<Record<string, Failure>> = {
  ENOTFOUND: { code: 'CONNECTION_FAILED', text: 'the host name does not resolve' },
  EAI_AGAIN: { code: 'CONNECTION_FAILED', text: 'the name server did not answer' },
  ECONNREFUSED: { code: 'CONNECTION_FAILED', text: 'nobody listens there' },
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  EADDRNOTAVAIL: NO_ROUTE,
  ETIMEDOUT: NO_CONNECTION,
  UND_ERR_CONNECT_TIMEOUT: NO_CONNECTION,
  UND_ERR_HEADERS_TIMEOUT: TOO_SLOW,
  UND_ERR_BODY_TIMEOUT: TOO_SLOW,
  UND_ERR_ABORTED: NO_PROXY,
  UND_ERR_PRX_TLS: NO_PROXY,
  UND_ERR_PRX_CONN: NO_PROXY,
  CERT_HAS_EXPIRED: UNTRUSTED,
  CERT_NOT_YET_VALID: UNTRUSTED,
  CERT_REVOKED: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  INVALID_CA: UNTRUSTED,
  INVALID_PURPOSE: UNTRUSTED,
  EPROTO: UNTRUSTED,
};

const REFUSED_CREDENTIALS: Failure = { code: 'AUTH_FAILED', text: 'the credentials were refused' };
const TRY_LATER: Failure = { code: 'SERVER_ERROR', text: 'try again later' };
const REFUSED: Failure = {
  code: 'SEND_FAILED',
  recoverable: false,
  text: 'the message was refused',
};
const UNABLE: Failure = {
  code: 'SEND_FAILED',
  recoverable: false,
  text: 'the server cannot do this at all',
};
const REDIRECT: Failure = {
  code: 'SEND_FAILED',
  recoverable: false,
  reason: 'REDIRECT',
  text: 'redirects are not followed; put the final address into settings.url',
};

const NO_SUCCESS: Failure = {
  code: 'SEND_FAILED',
  recoverable: false,
  text: 'settings.successStatus does not have it',
};
const RETRY_STATUS: Failure = {
  code: 'SEND_FAILED',
  recoverable: true,
  reason: 'RETRY_STATUS',
  text: 'settings.retryStatus has it; try again later',
};

const STATUS: Readonly<Record<number, Failure>> = {
  401: REFUSED_CREDENTIALS,
  403: REFUSED_CREDENTIALS,
  408: TRY_LATER,
  410: {
    code: 'SEND_FAILED',
    recoverable: false,
    reason: 'ENDPOINT_GONE',
    text: 'the endpoint is gone for good',
  },
  425: TRY_LATER,
  429: { code: 'RATE_LIMITED', text: 'too many requests; try again later' },
  501: UNABLE,
  505: UNABLE,
};

/**
 * Why a request got no answer. `target` names method and server, and nothing secret.
 * @param field the setting that the address comes from
 */
export function networkError(
  thrown: unknown,
  target: string,
  field = 'settings.url',
  otherwise = AMBIGUOUS,
): PluginError {
  if (thrown instanceof PluginError) {
    const isPlaced = thrown.field !== '' || thrown.code !== 'BLOCKED_DESTINATION';
    return isPlaced ? thrown : thrown.withText(thrown.rawMessage, field);
  }
  const code = codeOf(thrown);
  const tls = code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_');
  const failure = NETWORK[code] ?? (tls ? UNTRUSTED : otherwise);
  return toError(failure, `${target} failed: ${failure.text}`, code, thrown);
}

/** Likewise, where no message was sent. */
export function reachError(thrown: unknown, target: string): PluginError {
  return networkError(thrown, target, undefined, BROKEN);
}

/** What an answer to `healthCheck` means that is not among its `successStatus`. */
export function healthCheckError(
  status: number,
  retryAfterMs: number | undefined,
  target: string,
): PluginError {
  const known = status === 429 || status >= 500 ? TRY_LATER : STATUS[status];
  if (known && known.code !== 'SEND_FAILED') {
    return statusError(status, retryAfterMs, target, false);
  }
  const text = `${target} was answered ${status}, which settings.healthCheck.successStatus does not have; check its path and method`;
  return new PluginError('CONNECTION_FAILED', text, { reason: 'HEALTH_CHECK' });
}

/**
 * What a status that is no success means.
 * @param worthRetry the settings say so
 */
export function statusError(
  status: number,
  retryAfterMs: number | undefined,
  target: string,
  worthRetry: boolean,
): PluginError {
  const failure = worthRetry ? RETRY_STATUS : (STATUS[status] ?? usualFailure(status));
  const { code, text, ...options } = failure;
  const recoverable = failure.recoverable ?? ERROR_CATALOGUE[code].recoverable;
  return new PluginError(code, `${target} was answered ${status}: ${text}`, {
    ...options,
    ...(recoverable && retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function usualFailure(status: number): Failure {
  if (status < 300) return NO_SUCCESS;
  if (status < 400) return REDIRECT;
  return status < 500 ? REFUSED : TRY_LATER;
}

/** Whether the server does not work: one that limits the rate, or refuses one message, does. */
export function isOutage(outcome: unknown): boolean {
  return outcome instanceof PluginError && outcome.outage && outcome.code !== 'RATE_LIMITED';
}

/** Why there is no token. `error` is OAuth's own word for it, such as `invalid_client`. */
export function tokenError(error: string | undefined, target: string): PluginError {
  const text = error
    ? `${target} was refused (${error}); check credentials.oauth2_client_id, credentials.oauth2_client_secret and settings.auth.oauth2`
    : `${target} was answered without a usable token; check settings.auth.oauth2.tokenUrl`;
  return new PluginError('AUTH_FAILED', text);
}

import { type ErrorCode, PluginError, type PluginErrorOptions } from '@vrsky/runtime';
import type { LinkFault } from './link/fault.ts';

interface Failure extends Pick<PluginErrorOptions, 'reason' | 'recoverable'> {
  readonly code: ErrorCode;
  readonly text: string;
}

const UNTRUSTED: Failure = {
  code: 'TLS_FAILED',
  text: 'the TLS handshake failed; check the certificates, and credentials.tls_ca for a private CA',
};
const NO_ROUTE: Failure = { code: 'CONNECTION_FAILED', text: 'there is no route to the host' };
const NO_NETWORK: Failure = { code: 'CONNECTION_FAILED', text: 'the connection failed' };

/** By the error code of Node.js or OpenSSL. */
const NETWORK: Readonly<Record<string, Failure>> = {
  ENOTFOUND: { code: 'CONNECTION_FAILED', text: 'the host name does not resolve' },
  EAI_AGAIN: { code: 'CONNECTION_FAILED', text: 'the name server did not answer' },
  ECONNREFUSED: { code: 'CONNECTION_FAILED', text: 'nobody listens there' },
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  ETIMEDOUT: { code: 'CONNECTION_FAILED', text: 'no connection was made in time' },
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

const REFUSED_CREDENTIALS: Failure = {
  code: 'AUTH_FAILED',
  text: 'the credentials were refused; check credentials and client id, and what the broker lets them do',
};
const BUSY: Failure = {
  code: 'CONNECTION_FAILED',
  reason: 'BROKER_BUSY',
  text: 'the broker takes no connections at the moment',
};
const MOVED: Failure = {
  code: 'CONNECTION_FAILED',
  text: 'the broker refers to another server; put that into settings.brokers',
};
const OTHER_VERSION: Failure = {
  code: 'INVALID_CONFIG',
  text: 'the broker does not speak this version of MQTT; set settings.protocolVersion to the other one',
};
const BAD_CLIENT_ID: Failure = {
  code: 'INVALID_CONFIG',
  text: 'the broker does not take this client id; choose another settings.clientId',
};

/** Reason codes of CONNACK: those below 128 are of 3.1.1. */
const CONNACK: Readonly<Record<number, Failure>> = {
  1: OTHER_VERSION,
  2: BAD_CLIENT_ID,
  3: BUSY,
  4: REFUSED_CREDENTIALS,
  5: REFUSED_CREDENTIALS,
  0x84: OTHER_VERSION,
  0x85: BAD_CLIENT_ID,
  0x86: REFUSED_CREDENTIALS,
  0x87: REFUSED_CREDENTIALS,
  0x88: BUSY,
  0x89: BUSY,
  0x8a: { code: 'AUTH_FAILED', text: 'the broker has banned this client' },
  0x8c: { code: 'AUTH_FAILED', text: 'the broker wants another way of authentication' },
  0x90: { code: 'INVALID_CONFIG', text: 'the topic of settings.will is not valid' },
  0x97: BUSY,
  0x9a: {
    code: 'INVALID_CONFIG',
    text: 'the broker keeps no messages; clear settings.will.retain',
  },
  0x9b: { code: 'INVALID_CONFIG', text: 'the broker does not take the QoS of settings.will' },
  0x9c: MOVED,
  0x9d: MOVED,
  0x9f: BUSY,
};

const TOO_LARGE_OUT: Failure = {
  code: 'PAYLOAD_TOO_LARGE',
  text: 'a packet was larger than the broker takes',
};

/** Reason codes of the DISCONNECT that a broker sends. */
const DISCONNECT: Readonly<Record<number, Failure>> = {
  0x87: { code: 'AUTH_FAILED', text: 'the broker no longer lets this client in' },
  0x89: BUSY,
  0x8e: {
    code: 'CONNECTION_FAILED',
    reason: 'CLIENT_ID_CONFLICT',
    text: 'another client with the same client id took the connection over; give each its own settings.clientId',
  },
  0x95: TOO_LARGE_OUT,
  0x9c: MOVED,
  0x9d: MOVED,
};

const NO_SUBSCRIPTION: Failure = {
  code: 'CONNECTION_FAILED',
  text: 'the broker did not accept the subscription at the moment',
};
const BAD_SUBSCRIPTION: Failure = {
  code: 'INVALID_CONFIG',
  text: 'the broker does not offer such subscriptions',
};

/** Reason codes of SUBACK. */
const SUBACK: Readonly<Record<number, Failure>> = {
  0x87: { code: 'AUTH_FAILED', text: 'this client may not subscribe to it' },
  0x8f: BAD_SUBSCRIPTION,
  0x9e: BAD_SUBSCRIPTION,
  0xa1: BAD_SUBSCRIPTION,
  0xa2: BAD_SUBSCRIPTION,
};

const LATER: Failure = { code: 'SEND_FAILED', text: 'the broker did not take the message' };
const NEVER: Failure = {
  code: 'SEND_FAILED',
  recoverable: false,
  text: 'the broker does not take such a message',
};

/** Reason codes of PUBACK, PUBREC and PUBCOMP. */
const PUBACK: Readonly<Record<number, Failure>> = {
  0x10: { ...NEVER, reason: 'NO_SUBSCRIBERS', text: 'nobody has subscribed to the topic' },
  0x80: LATER,
  0x83: LATER,
  0x87: { code: 'AUTH_FAILED', text: 'this client may not publish to the topic' },
  0x90: { ...NEVER, reason: 'INVALID_DESTINATION', text: 'the broker does not take this topic' },
  0x91: LATER,
  0x92: LATER,
  0x95: { code: 'PAYLOAD_TOO_LARGE', text: 'the message is larger than the broker takes' },
  0x97: LATER,
  0x99: { ...NEVER, text: 'the payload is not what its format says' },
  0x9a: { ...NEVER, text: 'the broker keeps no messages; clear settings.retain' },
  0x9b: { ...NEVER, text: 'the broker does not take this QoS; lower settings.qos' },
};

const WHY: Readonly<Partial<Record<LinkFault['kind'], Failure>>> = {
  closed: {
    code: 'CONNECTION_FAILED',
    text: 'the broker closed the connection; if it does so again and again, another client may have the same client id',
  },
  silent: {
    code: 'CONNECTION_FAILED',
    reason: 'KEEPALIVE_TIMEOUT',
    text: 'the broker is silent',
  },
  protocol: {
    code: 'CONNECTION_FAILED',
    reason: 'PROTOCOL_ERROR',
    text: 'the broker sent what is not MQTT, or not of this version',
  },
  oversize: {
    code: 'PAYLOAD_TOO_LARGE',
    text: 'the broker sent a packet above settings.maximumPacketSize; raise it, or remove the message from the broker',
  },
};

/** Why there is no connection to a broker (any more). */
export function linkError(fault: LinkFault, broker: string): PluginError {
  if (fault.cause instanceof PluginError) return fault.cause;
  const { code, text, ...options } = failureOf(fault);
  const cause = (fault.cause as { code?: unknown } | undefined)?.code;
  const from = fault.code === undefined ? cause : reasonCode(fault.code);
  const hint = typeof from === 'string' ? ` (${from})` : '';
  return new PluginError(code, `${broker}: ${text}${hint}`, { ...options, cause: fault });
}

function failureOf({ kind, code = 0, cause, message }: LinkFault): Failure {
  if (kind === 'refused') return CONNACK[code] ?? { ...BUSY, text: 'the broker refused us' };
  if (kind === 'disconnected') {
    return DISCONNECT[code] ?? { ...NO_NETWORK, text: 'the broker ended the connection' };
  }
  if (kind !== 'network') return WHY[kind] ?? NO_NETWORK;
  const from = (cause as { code?: unknown } | undefined)?.code;
  if (typeof from !== 'string') return { ...NO_NETWORK, text: message };
  const tls = from.startsWith('ERR_TLS_') || from.startsWith('ERR_SSL_');
  return NETWORK[from] ?? (tls ? UNTRUSTED : NO_NETWORK);
}

/** Why a subscription was not granted. */
export function subscriptionError(code: number, filter: string, field: string): PluginError {
  const { code: error, text, ...options } = SUBACK[code] ?? NO_SUBSCRIPTION;
  const full = `the subscription to ${filter} was refused: ${text} (${reasonCode(code)})`;
  return new PluginError(error, full, { ...options, field });
}

/** What the broker's answer to a message means; undefined = success. */
export function publishError(code: number, id: string): PluginError | undefined {
  if (code === 0) return undefined;
  const { code: error, text, ...options } = PUBACK[code] ?? LATER;
  return new PluginError(error, `message ${id}: ${text} (${reasonCode(code)})`, options);
}

/** The connection ended before the broker had confirmed a message. */
export function lostError(id: string, cause: PluginError | undefined): PluginError {
  const text = `message ${id}: there is no connection to the broker; whether it was sent is not known`;
  return new PluginError('SEND_FAILED', text, { reason: 'CONNECTION_LOST', cause });
}

function reasonCode(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`;
}

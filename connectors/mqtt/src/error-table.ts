import type { ErrorCode, PluginErrorOptions } from '@vrsky/runtime';
import type { FaultKind } from './link/fault.ts';

/** What a failure outside means. */
export interface Failure extends Pick<PluginErrorOptions, 'reason' | 'recoverable'> {
  readonly code: ErrorCode;
  readonly text: string;
}

export const UNTRUSTED: Failure = {
  code: 'TLS_FAILED',
  text: 'the TLS handshake failed; check the certificates, and credentials.tls_ca for a private CA',
};
const NO_ROUTE: Failure = { code: 'CONNECTION_FAILED', text: 'there is no route to the host' };
export const NO_NETWORK: Failure = { code: 'CONNECTION_FAILED', text: 'the connection failed' };

/** By the error code of Node.js or OpenSSL. */
export const NETWORK: Readonly<Record<string, Failure>> = {
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
export const BUSY: Failure = {
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
export const CONNACK: Readonly<Record<number, Failure>> = {
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
export const DISCONNECT: Readonly<Record<number, Failure>> = {
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

export const NO_SUBSCRIPTION: Failure = {
  code: 'CONNECTION_FAILED',
  text: 'the broker did not accept the subscription at the moment',
};
const BAD_SUBSCRIPTION: Failure = {
  code: 'INVALID_CONFIG',
  text: 'the broker does not offer such subscriptions',
};

/** Reason codes of SUBACK. */
export const SUBACK: Readonly<Record<number, Failure>> = {
  0x87: { code: 'AUTH_FAILED', text: 'this client may not subscribe to it' },
  0x8f: BAD_SUBSCRIPTION,
  0x9e: BAD_SUBSCRIPTION,
  0xa1: BAD_SUBSCRIPTION,
  0xa2: BAD_SUBSCRIPTION,
};

export const LATER: Failure = { code: 'SEND_FAILED', text: 'the broker did not take the message' };
const NEVER: Failure = {
  code: 'SEND_FAILED',
  recoverable: false,
  text: 'the broker does not take such a message',
};

/** Reason codes of PUBACK, PUBREC and PUBCOMP. */
export const PUBACK: Readonly<Record<number, Failure>> = {
  0x10: { ...NEVER, reason: 'NO_SUBSCRIBERS', text: 'nobody has subscribed to the topic' },
  0x80: LATER,
  0x83: LATER,
  0x87: { code: 'AUTH_FAILED', text: 'this client may not publish to the topic' },
  0x90: { ...NEVER, reason: 'INVALID_DESTINATION', text: 'the broker does not take this topic' },
  0x91: LATER,
  0x92: LATER,
  0x95: { code: 'PAYLOAD_TOO_LARGE', text: 'the message is larger than the broker takes' },
  0x97: { code: 'RATE_LIMITED', text: 'a quota of the broker is used up' },
  0x99: { ...NEVER, text: 'the payload is not what its format says' },
  0x9a: { ...NEVER, text: 'the broker keeps no messages; clear settings.retain' },
  0x9b: { ...NEVER, text: 'the broker does not take this QoS; lower settings.qos' },
};

export const WHY: Readonly<Partial<Record<FaultKind, Failure>>> = {
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

/** The codes of all errors. */
export type ErrorCode =
  | 'INVALID_CONFIG'
  | 'CONNECTION_FAILED'
  | 'SEND_FAILED'
  | 'RATE_LIMITED'
  | 'SERVER_ERROR'
  | 'AUTH_FAILED'
  | 'TLS_FAILED'
  | 'TIMEOUT'
  | 'BLOCKED_DESTINATION'
  | 'PAYLOAD_TOO_LARGE'
  | 'INVALID_MESSAGE'
  | 'TENANT_MISMATCH'
  | 'NOT_CONNECTED'
  | 'INVALID_STATE'
  | 'UNSUPPORTED'
  | 'NOT_FOUND'
  | 'STATE_CONFLICT'
  | 'INTERNAL';

interface CatalogueEntry {
  /** Whether a retry can help, unless an error says otherwise. */
  readonly recoverable: boolean;
  /**
   * Whether a recoverable error says that the other side is unavailable, and nothing about the
   * message: every message would fail now, so it is worth waiting for longer than a few retries.
   */
  readonly outage: boolean;
  readonly meaning: string;
}

export const ERROR_CATALOGUE: Readonly<Record<ErrorCode, CatalogueEntry>> = {
  INVALID_CONFIG: {
    recoverable: false,
    outage: false,
    meaning: 'The configuration is wrong; `field` names the path.',
  },
  CONNECTION_FAILED: {
    recoverable: true,
    outage: true,
    meaning:
      'The outside system, or the connector itself, cannot be reached; after Send the outcome is unknown.',
  },
  SEND_FAILED: {
    recoverable: true,
    outage: false,
    meaning: 'The outside system did not take the message.',
  },
  RATE_LIMITED: {
    recoverable: true,
    outage: true,
    meaning: 'The outside system takes no more for now; `retry_after` says for how long, if known.',
  },
  SERVER_ERROR: {
    recoverable: true,
    outage: true,
    meaning: 'The outside system was reached and does not work now, such as HTTP 503.',
  },
  AUTH_FAILED: {
    recoverable: false,
    outage: false,
    meaning: 'The outside system refused the credentials.',
  },
  TLS_FAILED: {
    recoverable: false,
    outage: false,
    meaning: "The outside system's certificate is not trusted, or it refuses ours.",
  },
  TIMEOUT: {
    recoverable: true,
    outage: true,
    meaning: 'The outside system did not answer in time; the outcome is unknown.',
  },
  BLOCKED_DESTINATION: {
    recoverable: false,
    outage: false,
    meaning: 'The address is one that this connection may not reach.',
  },
  PAYLOAD_TOO_LARGE: {
    recoverable: false,
    outage: false,
    meaning: 'The message is above a size limit; the text names both.',
  },
  INVALID_MESSAGE: {
    recoverable: false,
    outage: false,
    meaning: 'The message cannot be sent as it is, such as one without an id.',
  },
  TENANT_MISMATCH: {
    recoverable: false,
    outage: false,
    meaning: 'The message belongs to another customer, tenant or integration.',
  },
  NOT_CONNECTED: {
    recoverable: true,
    outage: true,
    meaning: 'Send or Receive before Connect or after Disconnect.',
  },
  INVALID_STATE: {
    recoverable: false,
    outage: false,
    meaning: 'The call is not legal now, such as Connect with another configuration.',
  },
  UNSUPPORTED: {
    recoverable: false,
    outage: false,
    meaning: 'The connector, or its host, cannot do this at all.',
  },
  NOT_FOUND: {
    recoverable: false,
    outage: false,
    meaning: 'There is no such secret for this connection.',
  },
  STATE_CONFLICT: {
    recoverable: false,
    outage: false,
    meaning: 'The stored value has another revision by now: read it again.',
  },
  INTERNAL: {
    recoverable: true,
    outage: false,
    meaning: 'An unforeseen error: a bug to report.',
  },
};

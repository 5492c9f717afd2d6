/** The codes of all errors. */
export type ErrorCode =
  | 'INVALID_CONFIG'
  | 'CONNECTION_FAILED'
  | 'SEND_FAILED'
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

/** What each code means, and whether a retry can help unless an error says otherwise. */
export const ERROR_CATALOGUE: Readonly<
  Record<ErrorCode, { readonly recoverable: boolean; readonly meaning: string }>
> = {
  INVALID_CONFIG: {
    recoverable: false,
    meaning: 'The configuration is wrong; `field` names the path.',
  },
  CONNECTION_FAILED: {
    recoverable: true,
    meaning: 'The outside system, or the connector itself, cannot be reached.',
  },
  SEND_FAILED: { recoverable: true, meaning: 'The outside system did not take the message.' },
  AUTH_FAILED: { recoverable: false, meaning: 'The outside system refused the credentials.' },
  TLS_FAILED: {
    recoverable: false,
    meaning: "The outside system's certificate is not trusted, or it refuses ours.",
  },
  TIMEOUT: {
    recoverable: true,
    meaning: 'The outside system did not answer in time; the outcome is unknown.',
  },
  BLOCKED_DESTINATION: {
    recoverable: false,
    meaning: 'The address is one that this connection may not reach.',
  },
  PAYLOAD_TOO_LARGE: {
    recoverable: false,
    meaning: 'The message is above a size limit; the text names both.',
  },
  INVALID_MESSAGE: {
    recoverable: false,
    meaning: 'The message cannot be sent as it is, such as one without an id.',
  },
  TENANT_MISMATCH: {
    recoverable: false,
    meaning: 'The message belongs to another customer, tenant or integration.',
  },
  NOT_CONNECTED: {
    recoverable: true,
    meaning: 'Send or Receive before Connect or after Disconnect.',
  },
  INVALID_STATE: {
    recoverable: false,
    meaning: 'The call is not legal now, such as Connect with another configuration.',
  },
  UNSUPPORTED: {
    recoverable: false,
    meaning: 'The connector, or its host, cannot do this at all.',
  },
  NOT_FOUND: { recoverable: false, meaning: 'There is no such secret for this connection.' },
  STATE_CONFLICT: {
    recoverable: false,
    meaning: 'The stored value has another revision by now: read it again.',
  },
  INTERNAL: { recoverable: true, meaning: 'An error that nobody foresaw: a bug to report.' },
};

import type { ErrorCode, PluginErrorOptions } from '@vrsky/runtime';

/** What was tried; decides about replies that mean several things. */
export type Operation = 'connect' | 'list' | 'stat' | 'read' | 'write' | 'rename' | 'remove';

export interface Failure extends Pick<PluginErrorOptions, 'reason' | 'recoverable' | 'field'> {
  /** Without one: SEND_FAILED if something was written, otherwise CONNECTION_FAILED. */
  readonly code?: ErrorCode;
  readonly text: string;
}

const final = false;
const again = true;

const UNTRUSTED: Failure = {
  code: 'TLS_FAILED',
  text: 'the TLS handshake failed; check the certificate, settings.tls, and credentials.tls_ca for a private CA',
};
export const NO_TLS: Failure = {
  code: 'TLS_FAILED',
  reason: 'TLS_REFUSED',
  text: 'the server refuses TLS, so nothing secret was sent',
};
const LOST: Failure = {
  code: 'CONNECTION_FAILED',
  reason: 'CONNECTION_LOST',
  text: 'the connection broke',
};
const NO_ROUTE: Failure = { code: 'CONNECTION_FAILED', text: 'there is no route to the host' };
const BAD_LOGIN: Failure = {
  code: 'AUTH_FAILED',
  text: 'the login was refused; check the credentials username and password, or private_key',
};
const LIMIT: Failure = {
  code: 'CONNECTION_FAILED',
  reason: 'CONNECTION_LIMIT',
  text: 'the server takes no more connections; lower settings.maxConnections',
};
export const INCOMPLETE: Failure = {
  code: 'CONNECTION_FAILED',
  reason: 'TRANSFER_INCOMPLETE',
  text: 'the transfer was cut short',
};
const SESSION: Failure = {
  code: 'TLS_FAILED',
  reason: 'TLS_SESSION_REUSE',
  recoverable: again,
  text: 'the server wants the TLS session of the control connection, and did not take it',
};
const UNABLE: Failure = {
  code: 'UNSUPPORTED',
  reason: 'UNSUPPORTED_BY_SERVER',
  text: 'the server does not know the command',
};
const BUSY: Failure = { code: 'SERVER_ERROR', reason: 'SERVER_BUSY', text: 'try again later' };
const NO_DIRECTORY: Failure = {
  code: 'INVALID_CONFIG',
  reason: 'DIRECTORY_NOT_FOUND',
  field: 'settings.directory',
  text: 'the directory cannot be entered; check settings.directory and the permissions of the user',
};
const NO_FILE: Failure = { recoverable: final, reason: 'FILE_NOT_FOUND', text: 'it is not there' };
const DENIED: Failure = {
  recoverable: final,
  reason: 'PERMISSION_DENIED',
  text: 'the user may not do this; check the permissions on the server',
};
const REFUSED: Failure = { recoverable: final, reason: 'REFUSED', text: 'the server refused' };
const FULL: Failure = {
  code: 'SERVER_ERROR',
  reason: 'STORAGE_FULL',
  text: 'the server has no room',
};
const QUOTA: Failure = {
  recoverable: final,
  reason: 'QUOTA_EXCEEDED',
  text: 'the user has no room left on the server',
};
const OTHER_HOST: Failure = {
  code: 'CONNECTION_FAILED',
  reason: 'PASV_HOST_REJECTED',
  recoverable: final,
  text: 'the server names another host for transfers; if that is meant, set settings.allowSeparateTransferHost',
};
const TOO_LONG: Failure = {
  recoverable: final,
  reason: 'LISTING_TOO_LARGE',
  text: 'the listing of the directory is too large; move processed files elsewhere',
};
const BAD_HOST_KEY: Failure = {
  code: 'TLS_FAILED',
  reason: 'HOST_KEY_MISMATCH',
  text: 'the host key is none of settings.hostKeySha256: somebody else may be answering',
};
const BAD_KEY: Failure = {
  code: 'INVALID_CONFIG',
  field: 'credentials.private_key',
  text: 'the key, or its credential private_key_passphrase, cannot be used',
};
const NO_CIPHER: Failure = {
  code: 'TLS_FAILED',
  reason: 'NO_COMMON_ALGORITHM',
  text: 'server and connector share no algorithm',
};

/** By the code of an FTP reply. Others: 4xx is BUSY and 5xx REFUSED, as RFC 959 means them. */
const REPLY: Readonly<Record<number, Failure>> = {
  120: { ...BUSY, code: 'CONNECTION_FAILED' },
  332: BAD_LOGIN,
  421: LOST,
  425: INCOMPLETE,
  426: INCOMPLETE,
  430: BAD_LOGIN,
  450: BUSY,
  451: BUSY,
  452: FULL,
  500: UNABLE,
  501: UNABLE,
  502: UNABLE,
  503: UNABLE,
  504: UNABLE,
  522: SESSION,
  530: BAD_LOGIN,
  532: BAD_LOGIN,
  533: NO_TLS,
  534: NO_TLS,
  536: NO_TLS,
  552: QUOTA,
  553: DENIED,
};

const NO_SUCH_FILE = 2;

/** By the status of an SFTP reply. */
const STATUS: Readonly<Record<number, Failure>> = {
  [NO_SUCH_FILE]: NO_FILE,
  3: DENIED,
  4: { ...REFUSED, recoverable: again },
  6: LOST,
  7: LOST,
  8: UNABLE,
  14: FULL,
  15: QUOTA,
};

/** By the error code of Node.js or of the SFTP client. */
const NETWORK: Readonly<Record<string, Failure>> = {
  ENOTFOUND: { code: 'CONNECTION_FAILED', text: 'the host name does not resolve' },
  EAI_AGAIN: { code: 'CONNECTION_FAILED', text: 'the name server did not answer' },
  ECONNREFUSED: { code: 'CONNECTION_FAILED', text: 'nobody listens there' },
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  ENOENT: NO_FILE,
  EPROTO: UNTRUSTED,
};

/** What is only told in words, first match; looked at before the codes. */
const WORDS: readonly (readonly [RegExp, Failure, ...Operation[]])[] = [
  [/PASV returned another host/, OTHER_HOST],
  [/Maximum bytes exceeded/, TOO_LONG],
  [/longer than the server said/, INCOMPLETE],
  [/Host denied \(verification failed\)/, BAD_HOST_KEY],
  [/privateKey|passphrase|bad decrypt/i, BAD_KEY, 'connect'],
  [/no matching|Handshake failed/, NO_CIPHER, 'connect'],
  [/All configured authentication methods failed/, BAD_LOGIN],
  [/^(421|530)\b.*(too many|maximum|limit|sorry)/is, LIMIT],
  [/^(425|522)\b.*(TLS|SSL).*(session|resum|reus)/is, SESSION],
  [/^\d{3}\b.*(quota)/is, QUOTA],
  [
    /certificate|self.signed|altname|wrong version number|SSL routines|ERR_TLS_|ERR_SSL_|CERT_/i,
    UNTRUSTED,
  ],
  [/^5\d\d\b.*(no such|not found|not exist|cannot find)/is, NO_DIRECTORY, 'connect', 'list'],
  [/^5\d\d\b.*(no such|not found|not exist|cannot find)/is, NO_FILE],
  [/^5\d\d\b.*(permission|denied|read.only|not permitted)/is, DENIED],
  [/^550\b/, NO_DIRECTORY, 'connect', 'list'],
];

/** What a client library's error means, by its words and its code. */
export function failureOf(message: string, code: unknown, operation: Operation): Failure {
  const named = `${message} ${typeof code === 'string' ? code : ''}`;
  for (const [words, failure, ...operations] of WORDS) {
    if (operations.length > 0 && !operations.includes(operation)) continue;
    if (words.test(named)) return failure;
  }
  if (typeof code === 'string') return NETWORK[code] ?? LOST;
  if (typeof code !== 'number') return LOST;
  if (code === NO_SUCH_FILE && (operation === 'connect' || operation === 'list'))
    return NO_DIRECTORY;
  if (code < 100) return STATUS[code] ?? REFUSED;
  return REPLY[code] ?? (code < 500 ? BUSY : REFUSED);
}

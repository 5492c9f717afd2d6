import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { PluginError } from '@vrsky/runtime';
import { checkKeyPair, parseCertificates } from '../pem.ts';

type Credentials = Readonly<Record<string, string>>;

/** Undefined: as the system has it. */
export interface TlsContexts {
  readonly target: SecureContext | undefined;
  /** Of a proxy that is reached by TLS itself; it gets no certificate of ours. */
  readonly proxy: SecureContext | undefined;
}

/**
 * A private CA, which servers are checked against in place of the system's and a proxy besides them,
 * and the certificate that proves who calls.
 * @throws PluginError INVALID_CONFIG
 */
export function tlsContexts(credentials: Credentials): TlsContexts {
  const { tls_ca: text } = credentials;
  const pair = clientPair(credentials);
  const ca = text
    ? parseCertificates(text, 'credentials.tls_ca').map((one) => one.toString())
    : undefined;
  return {
    target: ca || pair ? createSecureContext({ ...pair, ...(ca && { ca }) }) : undefined,
    proxy: ca && createSecureContext({ ca: [...getCACertificates(), ...ca] }),
  };
}

/** What is doubtful about the client's certificate now. */
export function certificateWarnings(credentials: Credentials): string[] {
  const pair = clientPair(credentials);
  if (!pair) return [];
  const { validToDate } = parseCertificates(pair.cert, 'credentials.tls_client_cert')[0];
  if (validToDate.getTime() > Date.now()) return [];
  return [`credentials.tls_client_cert: expired at ${validToDate.toISOString()}`];
}

function clientPair(
  credentials: Credentials,
): { cert: string; key: string; passphrase?: string } | undefined {
  const { tls_client_cert: cert, tls_client_key: key, tls_client_passphrase } = credentials;
  if (!cert && !key) return undefined;
  if (!cert || !key) {
    const field = `credentials.tls_client_${cert ? 'key' : 'cert'}`;
    const text = `${field}: is missing; a client certificate needs its key, and a key its certificate`;
    throw new PluginError('INVALID_CONFIG', text, { field });
  }
  const pair = { cert, key, ...(tls_client_passphrase && { passphrase: tls_client_passphrase }) };
  checkKeyPair(pair, { cert: 'credentials.tls_client_cert', key: 'credentials.tls_client_key' });
  return pair;
}

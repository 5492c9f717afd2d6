import type { X509Certificate } from 'node:crypto';
import {
  createServer as createHttp,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { SecureVersion } from 'node:tls';
import { PluginError } from '@vrsky/runtime';
import type { Credentials } from '../credentials.ts';
import { checkKeyPair, type KeyPair, parseCertificates } from '../pem.ts';
import { asksForCertificate } from './auth/create.ts';
import type { WebhookSettings } from './settings.ts';

const FIELDS = { cert: 'credentials.tls_cert', key: 'credentials.tls_key' };

/** What the server proves itself with, and whose clients it trusts; checked. */
export interface Tls extends KeyPair {
  readonly minVersion: SecureVersion;
  /** Of the clients, in PEM; without it no client is asked for a certificate. */
  readonly ca?: string[];
  readonly requestCert: boolean;
  /** Whether a certificate is needed is for the routes to say. */
  readonly rejectUnauthorized: false;
}

/**
 * The TLS side of the settings; undefined = plain HTTP.
 * @throws PluginError INVALID_CONFIG
 */
export async function loadTls(
  settings: WebhookSettings,
  credentials: Credentials,
): Promise<{ readonly tls: Tls; readonly certificate: X509Certificate } | undefined> {
  const asks = (settings.routes ?? []).some(({ auth }) => auth && asksForCertificate(auth));
  const requestCert = asks || asksForCertificate(settings.auth);
  if (!settings.tls) {
    if (!requestCert) return undefined;
    const field = 'settings.tls';
    throw new PluginError('INVALID_CONFIG', `${field}: is missing; auth.mtls needs it`, { field });
  }
  const passphrase = await credentials.find('tls_key_passphrase');
  const pair: KeyPair = {
    cert: await credentials.need('tls_cert'),
    key: await credentials.need('tls_key'),
    ...(passphrase !== undefined && { passphrase }),
  };
  const certificate = checkKeyPair(pair, FIELDS);
  const { minVersion } = settings.tls;
  const common = { ...pair, minVersion, requestCert, rejectUnauthorized: false } as const;
  if (!requestCert) return { certificate, tls: common };
  const authorities = await credentials.need('tls_client_ca');
  const ca = parseCertificates(authorities, 'credentials.tls_client_ca').map(String);
  return { certificate, tls: { ...common, ca } };
}

/** A server for HTTP/1.1, over TLS when it is given. */
export function createServer(
  options: ServerOptions,
  handshakeMs: number,
  tls: Tls | undefined,
  handler: RequestListener,
): Server {
  if (!tls) return createHttp(options, handler);
  return createHttps({ ...options, ...tls, handshakeTimeout: handshakeMs }, handler);
}

import { isIP } from 'node:net';
import { createSecureContext, type ConnectionOptions as TlsOptions } from 'node:tls';
import { PluginError } from '@vrsky/runtime';
import type { Server } from '../server.ts';

/**
 * TLS for control and data connections alike: one object, so that sessions are found again. `host` is
 * part of it, because Node binds a session to the host that it was made with.
 * @throws PluginError INVALID_CONFIG
 */
export function tlsOptions({
  settings,
  credentials,
}: Pick<Server, 'settings' | 'credentials'>): TlsOptions {
  const { host, tls } = settings;
  const serverName = tls.serverName ?? host;
  return {
    host,
    ...(!isIP(serverName) && { servername: serverName }),
    rejectUnauthorized: tls.rejectUnauthorized,
    secureContext: secureContext(credentials, tls.minVersion),
  };
}

function secureContext(
  credentials: Server['credentials'],
  minVersion: 'TLSv1.2' | 'TLSv1.3',
): ReturnType<typeof createSecureContext> {
  const { tls_ca: ca, tls_cert: cert, tls_key: key, tls_key_passphrase: passphrase } = credentials;
  const part = (name: string, options: Parameters<typeof createSecureContext>[0]): void => {
    try {
      createSecureContext(options);
    } catch (cause) {
      const field = `credentials.${name}`;
      throw new PluginError('INVALID_CONFIG', `${field}: expected PEM`, { field, cause });
    }
  };
  // A context takes anything that is no PEM as "no certificates", so each is looked at by itself.
  if (ca && !ca.includes('-----BEGIN CERTIFICATE-----')) {
    const field = 'credentials.tls_ca';
    throw new PluginError('INVALID_CONFIG', `${field}: expected certificates in PEM`, { field });
  }
  if (ca) part('tls_ca', { ca });
  if (cert) part('tls_cert', { cert });
  const pair = { ...(cert && { cert }), ...(key && { key }), ...(passphrase && { passphrase }) };
  if (key) part('tls_key', pair);
  return createSecureContext({ ...(ca && { ca }), ...pair, minVersion });
}

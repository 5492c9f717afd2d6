import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { PluginError } from '@vrsky/runtime';
import type { Dispatcher } from 'undici';
import type { RestSettings } from '../config.ts';
import { guardedLookup } from './address-guard.ts';

/** Below the usual idle limit of servers, so that we close before they do. */
const KEEP_ALIVE_MS = 4000;
const CONNECT_LIMIT_MS = 10_000;
const CERTIFICATES = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/**
 * The connection pool: HTTP/1.1, no redirects, proxies as HTTP_PROXY, HTTPS_PROXY and NO_PROXY say.
 * Through a proxy it is the proxy that resolves the name, so only literal addresses are guarded.
 */
export async function createDispatcher(
  { ssrf, maxConnections }: RestSettings,
  secureContext: SecureContext | undefined,
): Promise<Dispatcher> {
  const { EnvHttpProxyAgent } = await import('undici');
  const tls = secureContext && { secureContext };
  return new EnvHttpProxyAgent({
    connections: maxConnections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // The deadline of a send is a signal: these timers are too coarse for it.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: CONNECT_LIMIT_MS,
      ...tls,
      ...(!ssrf.allowPrivate && { lookup: guardedLookup }),
    },
    ...(tls && { requestTls: tls }),
  });
}

/**
 * A private CA, trusted in place of the system's; undefined = none is given.
 * @throws PluginError INVALID_CONFIG
 */
export function privateCa(
  credentials: Readonly<Record<string, string>>,
): SecureContext | undefined {
  const ca = credentials['tls_ca'];
  if (!ca) return undefined;
  try {
    // Parsed one by one, because a secure context takes anything else as "no certificates".
    const blocks = ca.match(CERTIFICATES) ?? [ca];
    return createSecureContext({ ca: blocks.map((pem) => new X509Certificate(pem).toString()) });
  } catch (cause) {
    const field = 'credentials.tls_ca';
    throw new PluginError('INVALID_CONFIG', `${field}: expected certificates in PEM`, {
      field,
      cause,
    });
  }
}

import type { buildConnector, Dispatcher } from 'undici';
import type { Setup } from './setup.ts';

/** Below the usual idle limit of servers, so that we close before they do. */
const KEEP_ALIVE_MS = 4000;

/**
 * The connection pool: HTTP/1.1, no redirects, proxies as HTTP_PROXY, HTTPS_PROXY and NO_PROXY say.
 * Addresses are guarded where a connection is made. Through a proxy it is the proxy that resolves
 * names, so only the literal addresses of the settings are.
 */
export async function createDispatcher({
  settings,
  guard,
  tls: { target, proxy },
  proxies,
}: Pick<Setup, 'settings' | 'guard' | 'tls' | 'proxies'>): Promise<Dispatcher> {
  const { maxConnections, timeouts, response } = settings;
  const { EnvHttpProxyAgent, buildConnector } = await import('undici');
  const tls = target && { secureContext: target };
  const connect = buildConnector({
    timeout: timeouts.connectMs,
    allowH2: false,
    ...tls,
    lookup: guard.lookup,
  });
  const guarded: buildConnector.connector = (options, callback) => {
    const blocked = guard.check(options.hostname);
    if (blocked) return callback(blocked, null);
    connect(options, (...[error, socket]: Parameters<buildConnector.Callback>) => {
      if (error) return callback(error, null);
      // A refusal of our certificate comes as an error after the handshake, which leaves the socket
      // open; undici would only tell of its end.
      socket.once('error', (alert) => socket.destroy(alert));
      callback(null, socket);
    });
  };
  return new EnvHttpProxyAgent({
    ...proxies,
    connections: maxConnections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyMs,
    maxHeaderSize: response.maxHeaderBytes,
    connect: guarded,
    // Of the way to a proxy, and through it.
    connectTimeout: timeouts.connectMs,
    ...(tls && { requestTls: tls }),
    ...(proxy && { proxyTls: { secureContext: proxy } }),
  });
}

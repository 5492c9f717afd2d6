import { PluginError } from '@vrsky/runtime';
import type { FetchImplementation, JWTVerifyGetKey } from 'jose';
import type { Credentials } from '../../credentials.ts';
import { parseCertificates } from '../../pem.ts';

/** How long keys are used without asking again. */
const CACHE_MS = 600_000;
/** Tokens with unknown keys make us ask the issuer no more often. */
const COOLDOWN_MS = 30_000;
const ANSWER_MS = 3000;

/**
 * The keys that an issuer publishes, fetched when the first token comes. Proxies as HTTP_PROXY,
 * HTTPS_PROXY and NO_PROXY say; `credentials.tls_ca` is trusted in place of the public CAs.
 */
export async function remoteKeys(url: string, credentials: Credentials): Promise<JWTVerifyGetKey> {
  const { createRemoteJWKSet, customFetch, errors } = await import('jose');
  const { EnvHttpProxyAgent, fetch } = await import('undici');
  const pem = await credentials.find('tls_ca');
  const ca = pem && parseCertificates(pem, 'credentials.tls_ca').map(String);
  const tls = ca ? { ca } : {};
  // Without keep-alive: nothing stays open that a Disconnect would have to close.
  const dispatcher = new EnvHttpProxyAgent({ pipelining: 0, connect: tls, requestTls: tls });
  const fetchKeys = (address: string, options: object) =>
    fetch(address, { ...options, dispatcher });
  const keys = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: CACHE_MS,
    cooldownDuration: COOLDOWN_MS,
    timeoutDuration: ANSWER_MS,
    // One fetch is undici's, the other one that of Node's types.
    [customFetch]: fetchKeys as unknown as FetchImplementation,
  });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      const { JWKSNoMatchingKey, JWKSMultipleMatchingKeys } = errors;
      if (error instanceof JWKSNoMatchingKey || error instanceof JWKSMultipleMatchingKeys) {
        throw error;
      }
      const { host } = new URL(url);
      const text = `the keys of the issuer cannot be had from ${host}`;
      throw new PluginError('CONNECTION_FAILED', text, { cause: error });
    }
  };
}

import { PluginError } from '@vrsky/runtime';
import type { FetchImplementation, JWTVerifyGetKey } from 'jose';
import type { Credentials } from '../../credentials.ts';
import { parseCertificates } from '../../pem.ts';
import { proxiesOf } from '../../proxies.ts';
import { parseHttpUrl } from '../../url.ts';

/** How long keys are used without asking again. */
const CACHE_MS = 600_000;
/** Tokens with unknown keys make us ask the issuer no more often. */
const COOLDOWN_MS = 30_000;
const ANSWER_MS = 3000;

/**
 * The keys that an issuer publishes, fetched when the first token comes. Proxies as HTTP_PROXY,
 * HTTPS_PROXY and NO_PROXY say; `credentials.tls_ca` is trusted in place of the public CAs.
 * @param field where the URL stands
 * @throws PluginError INVALID_CONFIG
 */
export async function remoteKeys(
  text: string,
  field: string,
  credentials: Credentials,
): Promise<JWTVerifyGetKey> {
  const url = parseHttpUrl(text, field);
  const { createRemoteJWKSet, customFetch, errors } = await import('jose');
  const { EnvHttpProxyAgent, fetch } = await import('undici');
  const pem = await credentials.find('tls_ca');
  const ca = pem && parseCertificates(pem, 'credentials.tls_ca').map(String);
  const tls = ca ? { ca } : {};
  const proxies = proxiesOf({
    username: await credentials.find('proxy_username'),
    password: await credentials.find('proxy_password'),
    hide: (value) => credentials.hide(value),
  });
  // Without keep-alive: nothing stays open that a Disconnect would have to close.
  const dispatcher = new EnvHttpProxyAgent({
    ...proxies,
    pipelining: 0,
    connect: tls,
    requestTls: tls,
  });
  const fetchKeys = (address: string, options: object) =>
    fetch(address, { ...options, dispatcher });
  const keys = createRemoteJWKSet(url, {
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
      const failure = `fetching the issuer's keys from ${url.host} failed; check ${field}`;
      throw new PluginError('CONNECTION_FAILED', failure, { cause: error });
    }
  };
}

import { createPublicKey, type KeyObject } from 'node:crypto';
import { PluginError } from '@vrsky/runtime';
import type { JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import type { Credentials } from '../../credentials.ts';
import { bearerToken } from './bearer.ts';
import { remoteKeys } from './jwks.ts';
import { findSecrets } from './secrets.ts';
import { ALGORITHMS, type SettingsOf } from './settings.ts';
import type { Verifier } from './verifier.ts';

type JwtSettings = SettingsOf<'jwt'>;
type Key = KeyObject | Uint8Array | JWTVerifyGetKey;
interface Keys {
  readonly keys: readonly Key[];
  readonly kind: keyof typeof ALGORITHMS;
}

const PUBLIC_KEYS = /-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----/gs;
const DEFAULTS = { asymmetric: ['RS256', 'PS256', 'ES256', 'EdDSA'], symmetric: ['HS256'] };

/**
 * A JSON Web Token. Which algorithms are taken is settled by the kind of the keys, never by the token:
 * otherwise a public key could be used as a shared secret.
 * @param field where the settings stand
 */
export async function jwt(
  settings: JwtSettings,
  credentials: Credentials,
  field: string,
): Promise<Verifier> {
  const { jwtVerify } = await import('jose');
  const { keys, kind } = await loadKeys(settings, credentials, field);
  const options: JWTVerifyOptions = {
    algorithms: algorithmsOf(settings, kind, field),
    clockTolerance: settings.clockSkewSeconds,
    requiredClaims: ['exp'],
    ...(settings.issuer && { issuer: settings.issuer }),
    ...(settings.audience && { audience: settings.audience }),
  };
  const fits = async (token: string, key: Key): Promise<boolean> => {
    try {
      await (typeof key === 'function'
        ? jwtVerify(token, key, options)
        : jwtVerify(token, key, options));
      return true;
    } catch (error) {
      // Of our own: the issuer's keys cannot be had. Anything else is the token's fault.
      if (error instanceof PluginError) throw error;
      return false;
    }
  };
  return {
    needsBody: false,
    challenge: 'Bearer realm="webhook"',
    async verify({ headers }) {
      const token = bearerToken(headers);
      if (token === undefined) return false;
      for (const key of keys) {
        if (await fits(token, key)) return true;
      }
      return false;
    },
  };
}

async function loadKeys(
  settings: JwtSettings,
  credentials: Credentials,
  place: string,
): Promise<Keys> {
  const { jwksUrl, publicKeys, secret } = settings;
  if (jwksUrl) {
    const keys = await remoteKeys(jwksUrl, `${place}.jwksUrl`, credentials);
    return { kind: 'asymmetric', keys: [keys] };
  }
  const pem = await credentials.find(publicKeys);
  if (pem) return { kind: 'asymmetric', keys: parsePublicKeys(pem, `credentials.${publicKeys}`) };
  const secrets = await findSecrets(credentials, secret);
  if (secrets.length > 0) {
    return { kind: 'symmetric', keys: secrets.map((text) => new TextEncoder().encode(text)) };
  }
  const field = `credentials.${publicKeys}`;
  const text = `${field}: is missing, and so are credentials.${secret} and a jwksUrl`;
  throw new PluginError('INVALID_CONFIG', text, { field });
}

function parsePublicKeys(pem: string, field: string): KeyObject[] {
  try {
    return (pem.match(PUBLIC_KEYS) ?? [pem]).map((one) => createPublicKey(one));
  } catch (cause) {
    const text = `${field}: expected public keys in PEM ("BEGIN PUBLIC KEY")`;
    throw new PluginError('INVALID_CONFIG', text, { field, cause });
  }
}

function algorithmsOf({ algorithms }: JwtSettings, kind: Keys['kind'], field: string): string[] {
  const possible: readonly string[] = ALGORITHMS[kind];
  const wrong = (algorithms ?? []).findIndex((one) => !possible.includes(one));
  if (wrong < 0) return algorithms ?? DEFAULTS[kind];
  const path = `${field}.algorithms[${wrong}]`;
  const keys = kind === 'symmetric' ? 'a shared secret' : 'public keys';
  const text = `${path}: expected one of ${possible.join(', ')}, which work with ${keys}`;
  throw new PluginError('INVALID_CONFIG', text, { field: path });
}

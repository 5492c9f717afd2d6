import type { IncomingHttpHeaders } from 'node:http';
import type { Credentials } from '../../credentials.ts';
import { SecretSet } from './constant-time.ts';
import { needSecrets } from './secrets.ts';
import type { SettingsOf } from './settings.ts';
import type { Verifier } from './verifier.ts';

const HEADER = /^Bearer +([\x21-\x7e]+)$/i;

/** A token that is a secret by itself. */
export async function bearer(
  { tokens }: SettingsOf<'bearer'>,
  credentials: Credentials,
): Promise<Verifier> {
  const known = new SecretSet(await needSecrets(credentials, tokens));
  return {
    needsBody: false,
    challenge: 'Bearer realm="webhook"',
    verify({ headers }) {
      const token = bearerToken(headers);
      return token !== undefined && known.has(token);
    },
  };
}

export function bearerToken({ authorization = '' }: IncomingHttpHeaders): string | undefined {
  return HEADER.exec(authorization)?.[1];
}

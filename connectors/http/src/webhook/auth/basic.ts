import type { Credentials } from '../../credentials.ts';
import { SecretSet } from './constant-time.ts';
import { needSecrets } from './secrets.ts';
import type { SettingsOf } from './settings.ts';
import type { Verifier } from './verifier.ts';

const HEADER = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;

/** User name and password (RFC 7617); a password may hold colons. */
export async function basic(
  { username, password }: SettingsOf<'basic'>,
  credentials: Credentials,
): Promise<Verifier> {
  const name = await credentials.need(username);
  const passwords = await needSecrets(credentials, password);
  const pairs = new SecretSet(passwords.map((one) => `${name}:${one}`));
  return {
    needsBody: false,
    challenge: 'Basic realm="webhook", charset="UTF-8"',
    verify({ headers }) {
      const encoded = HEADER.exec(headers.authorization ?? '')?.[1];
      return encoded !== undefined && pairs.has(Buffer.from(encoded, 'base64').toString());
    },
  };
}

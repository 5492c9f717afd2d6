import type { IncomingMessage } from 'node:http';
import type { Credentials } from '../../credentials.ts';
import { splitTarget } from '../target.ts';
import { SecretSet } from './constant-time.ts';
import { needSecrets } from './secrets.ts';
import type { SettingsOf } from './settings.ts';
import type { Verifier } from './verifier.ts';

/** A key in a header or in the query. */
export async function apiKey(
  { in: place, name, keys }: SettingsOf<'apiKey'>,
  credentials: Credentials,
): Promise<Verifier> {
  const known = new SecretSet(await needSecrets(credentials, keys));
  const header = name.toLowerCase();
  const keyOf = (request: IncomingMessage): unknown =>
    place === 'header' ? request.headers[header] : onlyParameter(request, name);
  return {
    needsBody: false,
    secrets: [place === 'header' ? { header } : { parameter: name }],
    verify(request) {
      const key = keyOf(request);
      return typeof key === 'string' && known.has(key);
    },
  };
}

/** Two of them would be a riddle: which one did whoever stands before us look at? */
function onlyParameter({ url = '' }: IncomingMessage, name: string): string | undefined {
  const values = new URLSearchParams(splitTarget(url).query).getAll(name);
  return values.length === 1 ? values[0] : undefined;
}

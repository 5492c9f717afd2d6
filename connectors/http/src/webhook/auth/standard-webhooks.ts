import { PluginError } from '@vrsky/runtime';
import type { Credentials } from '../../credentials.ts';
import { parsePublicKey, parseSecret, signV1, verifyV1a } from '../../standard-webhooks.ts';
import { DEFAULT_EVENT_ID } from '../event-id.ts';
import { SecretSet } from './constant-time.ts';
import { findSecrets } from './secrets.ts';
import type { SettingsOf } from './settings.ts';
import { isFresh, type Tolerance } from './timestamp.ts';
import type { Verifier } from './verifier.ts';

/** Checking an ed25519 signature takes long enough that nobody may ask for hundreds. */
const MOST_ITEMS = 16;

/** Standard Webhooks: one of the signatures of `webhook-signature` must fit one of the keys. */
export async function standardWebhooks(
  { secret, publicKey }: SettingsOf<'standardWebhooks'>,
  credentials: Credentials,
  tolerance: Tolerance,
): Promise<Verifier> {
  const secrets = (await findSecrets(credentials, secret)).map((text) =>
    parseSecret(text, `credentials.${secret}`),
  );
  const keys = (await findSecrets(credentials, publicKey)).map((text) =>
    parsePublicKey(text, `credentials.${publicKey}`),
  );
  if (secrets.length === 0 && keys.length === 0) {
    const field = `credentials.${secret}`;
    const text = `${field}: is missing, and so is credentials.${publicKey}`;
    throw new PluginError('INVALID_CONFIG', text, { field });
  }
  return {
    needsBody: true,
    eventId: DEFAULT_EVENT_ID,
    verify({ headers }, body) {
      const id = headers['webhook-id'];
      const timestamp = headers['webhook-timestamp'];
      const signatures = headers['webhook-signature'];
      if (typeof id !== 'string' || !/^[^.]+$/.test(id)) return false;
      if (typeof timestamp !== 'string' || !isFresh(timestamp, tolerance)) return false;
      if (typeof signatures !== 'string') return false;
      const parts = { id, timestamp, body };
      const expected = new SecretSet(secrets.map((one) => signV1(one, parts)));
      let found = false;
      for (const item of signatures.split(' ', MOST_ITEMS)) {
        if (expected.has(item) || keys.some((key) => verifyV1a(key, parts, item))) found = true;
      }
      return found;
    },
  };
}

import { PluginError } from '@vrsky/runtime';
import {
  parsePrivateKey,
  parseSecret,
  type SignedParts,
  signV1,
  signV1a,
} from '../../standard-webhooks.ts';
import { type AuthContext, secretOf } from './context.ts';

/** Headers that sign one attempt. @throws PluginError INVALID_MESSAGE for an id that cannot be signed */
export type Signer = (id: string, body: Uint8Array) => Record<string, string>;

const CURRENT = 'signing_secret';
const PREVIOUS = 'signing_secret_previous';

/**
 * Standard Webhooks: the id stays the same over retries, the time is that of the attempt.
 * @throws PluginError INVALID_CONFIG
 */
export function createSigner(context: Pick<AuthContext, 'config' | 'secrets'>): Signer | undefined {
  const { settings, credentials } = context.config;
  if (!settings.auth.standardWebhooks) return undefined;
  const names = credentials[PREVIOUS] ? [CURRENT, PREVIOUS] : [CURRENT];
  const signers = names.map((name) =>
    signerOf(secretOf(context, name, 'standardWebhooks'), `credentials.${name}`),
  );
  return (id, body) => {
    if (id.includes('.')) {
      const text = 'id: expected no ".", because it is signed with one after it';
      throw new PluginError('INVALID_MESSAGE', text, { field: 'id' });
    }
    const timestamp = String(Math.floor(Date.now() / 1000));
    const parts = { id, timestamp, body };
    return {
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signers.map((signer) => signer(parts)).join(' '),
    };
  };
}

function signerOf(text: string, field: string): (parts: SignedParts) => string {
  if (text.startsWith('whsk_')) {
    const key = parsePrivateKey(text, field);
    return (parts) => signV1a(key, parts);
  }
  const secret = parseSecret(text, field);
  return (parts) => signV1(secret, parts);
}

import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { PluginError } from '@vrsky/runtime';

/**
 * The signatures of Standard Webhooks 1.0.0 (www.standardwebhooks.com): `v1` is HMAC-SHA256 with a
 * shared secret, `v1a` is ed25519.
 */
export interface SignedParts {
  /** Of the header `webhook-id`; without a dot, which would let one part pose as another. */
  readonly id: string;
  /** Of the header `webhook-timestamp`: seconds since 1970. */
  readonly timestamp: string;
  readonly body: Uint8Array;
}

const SECRET_BYTES = { least: 24, most: 64 };
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
/** What DER puts before the 32 bytes of an ed25519 key. */
const PRIVATE_DER = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_DER = Buffer.from('302a300506032b6570032100', 'hex');

/** One item of the header `webhook-signature`, `v1,…`; the items are separated by spaces. */
export function signV1(secret: Uint8Array, parts: SignedParts): string {
  const hmac = createHmac('sha256', secret);
  return `v1,${hmac.update(prefixOf(parts)).update(parts.body).digest('base64')}`;
}

/** As `signV1`, `v1a,…`. */
export function signV1a(privateKey: KeyObject, parts: SignedParts): string {
  return `v1a,${sign(null, contentOf(parts), privateKey).toString('base64')}`;
}

/** Whether an item `v1a,…` was made with the private half of the key. */
export function verifyV1a(publicKey: KeyObject, parts: SignedParts, item: string): boolean {
  if (!item.startsWith('v1a,')) return false;
  return verify(null, contentOf(parts), publicKey, Buffer.from(item.slice(4), 'base64'));
}

/**
 * The bytes of a shared secret, `whsec_` and base64.
 * @param field where it stands, such as `credentials.signing_secret`
 * @throws PluginError INVALID_CONFIG, without its value
 */
export function parseSecret(text: string, field: string): Uint8Array {
  const { least, most } = SECRET_BYTES;
  const bytes = decode(text, 'whsec_');
  if (bytes && bytes.length >= least && bytes.length <= most) return bytes;
  throw invalid(field, `"whsec_" and ${least} to ${most} bytes in base64`);
}

/** The private ed25519 key behind `whsk_` and base64: its seed, alone or with the public key. */
export function parsePrivateKey(text: string, field: string): KeyObject {
  const bytes = decode(text, 'whsk_');
  if (bytes?.length !== 32 && bytes?.length !== 64) {
    throw invalid(field, '"whsk_" and an ed25519 key in base64');
  }
  const key = Buffer.concat([PRIVATE_DER, bytes.subarray(0, 32)]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** The public ed25519 key behind `whpk_` and base64. */
export function parsePublicKey(text: string, field: string): KeyObject {
  const bytes = decode(text, 'whpk_');
  if (bytes?.length !== 32) throw invalid(field, '"whpk_" and an ed25519 key in base64');
  return createPublicKey({ key: Buffer.concat([PUBLIC_DER, bytes]), format: 'der', type: 'spki' });
}

function prefixOf({ id, timestamp }: SignedParts): string {
  return `${id}.${timestamp}.`;
}

function contentOf(parts: SignedParts): Buffer {
  return Buffer.concat([Buffer.from(prefixOf(parts)), parts.body]);
}

function decode(text: string, prefix: string): Buffer | undefined {
  const base64 = text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
  return base64 && BASE64.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}

function invalid(field: string, expected: string): PluginError {
  return new PluginError('INVALID_CONFIG', `${field}: expected ${expected}`, { field });
}

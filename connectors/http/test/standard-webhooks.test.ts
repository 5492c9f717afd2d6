import { generateKeyPairSync } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import {
  parsePrivateKey,
  parsePublicKey,
  parseSecret,
  signV1,
  signV1a,
  verifyV1a,
} from '../src/standard-webhooks.ts';

const parts = { id: 'msg_1', timestamp: '1767225600', body: Buffer.from('{"n":"é"}') };

describe('v1', () => {
  test('signs as the library of the standard does', () => {
    const secret = `whsec_${Buffer.alloc(24, 'k').toString('base64')}`;
    const expected = new Webhook(secret).sign(
      parts.id,
      new Date(Number(parts.timestamp) * 1000),
      parts.body.toString(),
    );
    expect(signV1(parseSecret(secret, 'secret'), parts)).toBe(expected);
  });

  test.each([
    ['no prefix', Buffer.alloc(24).toString('base64')],
    ['too short', `whsec_${Buffer.alloc(23).toString('base64')}`],
    ['too long', `whsec_${Buffer.alloc(65).toString('base64')}`],
    ['not base64', `whsec_${'!'.repeat(32)}`],
    ['empty', ''],
  ])('a secret that is none is refused, and not told: %s', (_, secret) => {
    expect(() => parseSecret(secret, 'credentials.signing_secret')).toThrow(
      '[INVALID_CONFIG] credentials.signing_secret: expected "whsec_" and 24 to 64 bytes in base64',
    );
  });
});

describe('v1a', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  const point = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const whpk = `whpk_${point.toString('base64')}`;

  test.each([
    ['the seed', seed],
    ['seed and public key', Buffer.concat([seed, point])],
  ])('a private key is %s, and its public half verifies', (_, bytes) => {
    const key = parsePrivateKey(`whsk_${bytes.toString('base64')}`, 'key');
    const item = signV1a(key, parts);
    expect(verifyV1a(parsePublicKey(whpk, 'key'), parts, item)).toBe(true);
  });

  test('another id, time, body or key does not verify', () => {
    const item = signV1a(privateKey, parts);
    expect(verifyV1a(publicKey, parts, item)).toBe(true);
    for (const change of [{ id: 'msg_2' }, { timestamp: '1' }, { body: Buffer.from('{}') }]) {
      expect(verifyV1a(publicKey, { ...parts, ...change }, item)).toBe(false);
    }
    expect(verifyV1a(generateKeyPairSync('ed25519').publicKey, parts, item)).toBe(false);
    for (const garbage of ['', 'v1a,', 'v1a,AAAA', item.slice(4), `v1,${item.slice(4)}`]) {
      expect(verifyV1a(publicKey, parts, garbage)).toBe(false);
    }
  });

  test.each(['', 'whpk_', 'whpk_AAAA', whpk.replace('whpk', 'whsk')])(
    'no public key: %s',
    (text) => {
      expect(() => parsePublicKey(text, 'credentials.key')).toThrow('credentials.key: expected');
    },
  );

  test.each(['', 'whsk_AAAA', whpk])('no private key: %s', (text) => {
    expect(() => parsePrivateKey(text, 'credentials.key')).toThrow('credentials.key: expected');
  });
});

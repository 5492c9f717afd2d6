import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { failureOf } from './support/failure.ts';
import { listenForTest } from './support/rest.ts';
import { createSource, startWebhook, statusOf } from './support/webhook.ts';

describe('a JSON Web Token', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
  const claims = { iss: 'https://issuer.example', aud: 'orders' };
  const settings = { auth: { jwt: { issuer: claims.iss, audience: claims.aud } } };
  const now = Math.floor(Date.now() / 1000);

  async function token(
    key: KeyObject | Uint8Array,
    payload: object = {},
    header: { alg: string; kid?: string } = { alg: 'RS256' },
  ): Promise<{ authorization: string }> {
    const signing = new SignJWT({ ...claims, exp: now + 60, ...payload }).setProtectedHeader(
      header,
    );
    return { authorization: `Bearer ${await signing.sign(key)}` };
  }

  test('is taken when key, issuer and audience fit and it has not expired', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const both = pem + ec.publicKey.export({ type: 'spki', format: 'pem' });
    const webhook = await startWebhook(settings, { credentials: { jwt_public_keys: both } });
    expect(await statusOf(webhook, await token(rsa.privateKey))).toBe(202);
    expect(await statusOf(webhook, await token(rsa.privateKey, {}, { alg: 'PS256' }))).toBe(202);
    expect(await statusOf(webhook, await token(ec.privateKey, {}, { alg: 'ES256' }))).toBe(202);
    expect(await statusOf(webhook, await token(rsa.privateKey, { aud: ['a', 'orders'] }))).toBe(
      202,
    );
  });

  test.each([
    ['expired', { exp: now - 31 }],
    ['that never expires', { exp: undefined }],
    ['not valid yet', { nbf: now + 60 }],
    ['for somebody else', { aud: 'billing' }],
    ['for nobody', { aud: undefined }],
    ['of another issuer', { iss: 'https://evil.example' }],
  ])('%s is refused', async (_, payload) => {
    const webhook = await startWebhook(settings, { credentials: { jwt_public_keys: pem } });
    expect(await statusOf(webhook, await token(rsa.privateKey, payload))).toBe(401);
  });

  test('of another key, without a signature, or that uses the public key as a secret is refused', async () => {
    const webhook = await startWebhook(settings, { credentials: { jwt_public_keys: pem } });
    const unsigned = new UnsecuredJWT({ ...claims, exp: now + 60 }).encode();
    const swapped = new TextEncoder().encode(pem);
    expect(await statusOf(webhook, await token(other.privateKey))).toBe(401);
    expect(await statusOf(webhook, { authorization: `Bearer ${unsigned}` })).toBe(401);
    expect(await statusOf(webhook, await token(swapped, {}, { alg: 'HS256' }))).toBe(401);
    expect(await statusOf(webhook, await token(rsa.privateKey, {}, { alg: 'RS512' }))).toBe(401);
    expect(await statusOf(webhook, { authorization: 'Bearer a.b.c' })).toBe(401);
    const good = await token(rsa.privateKey);
    expect(await statusOf(webhook, { authorization: `${good.authorization}x` })).toBe(401);
  });

  test('with a shared secret, and the previous one', async () => {
    const secrets = ['a shared secret of 32 characters', 'the one that was there before it'];
    const [jwt_secret = '', jwt_secret_previous = ''] = secrets;
    const webhook = await startWebhook(settings, {
      credentials: { jwt_secret, jwt_secret_previous },
    });
    for (const secret of secrets) {
      const key = new TextEncoder().encode(secret);
      expect(await statusOf(webhook, await token(key, {}, { alg: 'HS256' }))).toBe(202);
      expect(await statusOf(webhook, await token(key, {}, { alg: 'HS512' }))).toBe(401);
    }
  });

  test.each([
    [{}, {}, 'credentials.jwt_public_keys'],
    [{}, { jwt_public_keys: 'no key' }, 'credentials.jwt_public_keys'],
    [
      { algorithms: ['RS256', 'HS256'] },
      { jwt_public_keys: pem },
      'settings.auth.jwt.algorithms[1]',
    ],
    [{ algorithms: ['ES256'] }, { jwt_secret: 'x' }, 'settings.auth.jwt.algorithms[0]'],
    [{ publicKeys: 'shop_keys' }, { jwt_secret: 'x' }, 'credentials.shop_keys'],
    [
      { jwksUrl: 'https://user:canary-hunter2@issuer.example/keys' },
      {},
      'settings.auth.jwt.jwksUrl',
    ],
    [{ jwksUrl: 'issuer.example/keys' }, {}, 'settings.auth.jwt.jwksUrl'],
  ])(
    'keys and algorithms that do not fit are a fault of the configuration: %j',
    async (jwt, credentials, field) => {
      const { source } = createSource({ auth: { jwt } }, { credentials });
      const failure = await failureOf(source.validate(AbortSignal.timeout(5000)));
      expect(failure).toMatchObject({ code: 'INVALID_CONFIG', field });
      expect(failure.message).not.toContain('hunter2');
    },
  );

  describe('with the keys that the issuer publishes', () => {
    async function startIssuer(status = 200) {
      const issuer = { status, fetched: 0, url: '' };
      const keys = await Promise.all(
        [rsa, other].map(async ({ publicKey }, i) => ({
          ...(await exportJWK(publicKey)),
          kid: `k${i}`,
        })),
      );
      const server = createServer((_, response) => {
        issuer.fetched += 1;
        response.writeHead(issuer.status).end(JSON.stringify({ keys }));
      });
      issuer.url = `http://127.0.0.1:${await listenForTest(server)}/jwks.json`;
      return issuer;
    }
    const withKeysOf = (jwksUrl: string) => startWebhook({ auth: { jwt: { jwksUrl } } });

    test('they are fetched once, also for tokens with keys that do not exist', async () => {
      const issuer = await startIssuer();
      const webhook = await withKeysOf(issuer.url);
      expect(issuer.fetched).toBe(0);
      for (const [key, kid, status] of [
        [rsa.privateKey, 'k0', 202],
        [other.privateKey, 'k1', 202],
        [rsa.privateKey, 'k1', 401],
        [rsa.privateKey, 'k9', 401],
      ] as const) {
        expect(await statusOf(webhook, await token(key, {}, { alg: 'RS256', kid }))).toBe(status);
      }
      expect(issuer.fetched).toBe(1);
    });

    test('an issuer that does not answer is not the fault of the sender: 503', async () => {
      const issuer = await startIssuer(500);
      const webhook = await withKeysOf(issuer.url);
      const headers = await token(rsa.privateKey, {}, { alg: 'RS256', kid: 'k0' });
      expect(await statusOf(webhook, headers)).toBe(503);
      expect(webhook.logged.at(-1)).toMatchObject({ err: { code: 'CONNECTION_FAILED' } });
      issuer.status = 200;
      expect(await statusOf(webhook, headers)).toBe(202);
    });
  });
});

import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { stopClock } from './support/clock.ts';
import { BODY, expectRefused, expectTaken, type Headers, NOW, signed } from './support/signed.ts';
import { post, rawStatus, startWebhook } from './support/webhook.ts';

describe('Standard Webhooks', () => {
  const secretOf = (letter: string): string =>
    `whsec_${Buffer.alloc(32, letter).toString('base64')}`;
  const standardHeaders = (signature: string, timestamp = NOW, id = 'msg_1'): Headers => ({
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signature,
  });
  const oracle = (secret: string, id = 'msg_1', timestamp = NOW): string =>
    new StandardWebhook(secret).sign(id, new Date(timestamp * 1000), BODY);

  test("takes what the standard's own library signed; its id becomes the message's", async () => {
    stopClock(NOW);
    const webhook = await signed({ standardWebhooks: {} }, { hmac_secret: secretOf('a') });
    const message = await expectTaken(webhook, BODY, standardHeaders(oracle(secretOf('a'))));
    expect(message.id).toBe('msg_1');
  });

  test('takes a list of three signatures of which only the last fits, with the previous secret', async () => {
    stopClock(NOW);
    const credentials = { hmac_secret: secretOf('z'), hmac_secret_previous: secretOf('a') };
    const webhook = await signed({ standardWebhooks: {} }, credentials);
    const list = ['b', 'c', 'a'].map((letter) => oracle(secretOf(letter))).join(' ');
    await expectTaken(webhook, BODY, standardHeaders(list));
  });

  test('takes v1a signatures of each of two public keys, and no others', async () => {
    stopClock(NOW);
    const pairs = [0, 1, 2].map(() => generateKeyPairSync('ed25519'));
    const publicText = (key: KeyObject): string =>
      `whpk_${Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')}`;
    const signature = (key: KeyObject): string =>
      `v1a,${sign(null, Buffer.from(`msg_1.${NOW}.${BODY}`), key).toString('base64')}`;
    const keys = pairs.slice(0, 2).map(({ publicKey }) => publicText(publicKey));
    const [first, second, other] = pairs.map(({ privateKey }) => signature(privateKey));
    const webhook = await startWebhook(
      { auth: { standardWebhooks: {} }, replay: { windowSeconds: 0 } },
      { credentials: { webhook_public_key: keys.join('\n') } },
    );
    await expectTaken(webhook, BODY, standardHeaders(first ?? ''));
    await expectTaken(webhook, BODY, standardHeaders(`v1,AAAA ${second}`));
    const headers = standardHeaders(other ?? '');
    await expectRefused(webhook, post(webhook.port, '/', BODY, { headers }));
  });

  test('refuses an id with a dot, which could hold a part of the timestamp', async () => {
    stopClock(NOW);
    const webhook = await signed({ standardWebhooks: {} }, { hmac_secret: secretOf('a') });
    const headers = standardHeaders(oracle(secretOf('a'), 'msg.1'), NOW, 'msg.1');
    await expectRefused(webhook, post(webhook.port, '/', BODY, { headers }));
  });

  test.each([
    [-299, true],
    [-300, true],
    [-301, false],
    [60, true],
    [61, false],
  ])('a timestamp %i s from now: taken is %s', async (offset, taken) => {
    stopClock(NOW);
    const webhook = await signed({ standardWebhooks: {} }, { hmac_secret: secretOf('a') });
    const signature = oracle(secretOf('a'), 'msg_1', NOW + offset);
    const headers = standardHeaders(signature, NOW + offset);
    if (taken) await expectTaken(webhook, BODY, headers);
    else await expectRefused(webhook, post(webhook.port, '/', BODY, { headers }));
  });

  test.each(['abc', '1e3', '', '0x1', '1767225600.5', '-1', '+1767225600', '01767225600'])(
    'a timestamp that is no number of seconds is refused, though it is signed: "%s"',
    async (timestamp) => {
      stopClock(timestamp === '1e3' ? 1000 : NOW);
      const webhook = await signed({ standardWebhooks: {} }, { hmac_secret: secretOf('a') });
      const key = Buffer.alloc(32, 'a');
      const digest = createHmac('sha256', key)
        .update(`msg_1.${timestamp}.${BODY}`)
        .digest('base64');
      const headers = { ...standardHeaders(`v1,${digest}`), 'webhook-timestamp': timestamp };
      await expectRefused(webhook, post(webhook.port, '/', BODY, { headers }));
    },
  );

  test('two timestamps are refused', async () => {
    stopClock(NOW);
    const webhook = await signed({ standardWebhooks: {} }, { hmac_secret: secretOf('a') });
    const lines = Object.entries(standardHeaders(oracle(secretOf('a')))).map(
      ([n, v]) => `${n}: ${v}`,
    );
    const head = (more: string[]): string =>
      [
        'POST / HTTP/1.1',
        'Host: x',
        ...lines,
        ...more,
        `Content-Length: ${BODY.length}`,
        '',
        BODY,
      ].join('\r\n');
    expect(await rawStatus(webhook.port, head([`webhook-timestamp: ${NOW}`]))).toContain(' 401 ');
    const once = rawStatus(webhook.port, head([]));
    webhook.source.ack(await webhook.next(), undefined);
    expect(await once).toContain(' 202 ');
  });

  test.each([
    ['no secret at all', {}, 'credentials.hmac_secret'],
    ['a secret that is too short', { hmac_secret: 'whsec_c2hvcnQ=' }, 'credentials.hmac_secret'],
    ['a bad public key', { webhook_public_key: 'whpk_c2hvcnQ=' }, 'credentials.webhook_public_key'],
  ])('%s is a fault of the configuration', async (_, credentials, field) => {
    await expect(signed({ standardWebhooks: {} }, credentials)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      field,
    });
  });
});

import { describe, expect, test } from 'vitest';
import {
  BODY,
  expectRefused,
  expectTaken,
  type Headers,
  hex,
  SECRET,
  signed,
} from './support/signed.ts';
import { post, rawStatus, startWebhook } from './support/webhook.ts';

describe('forgeries are answered 401 and give no message', () => {
  const digest = hex(SECRET, BODY);
  test.each([
    ['no header', {}],
    ['an empty header', { 'x-hub-signature-256': '' }],
    ['another signature', { 'x-hub-signature-256': `sha256=${hex('other', BODY)}` }],
    ['a truncated one', { 'x-hub-signature-256': `sha256=${digest.slice(0, -2)}` }],
    ['a longer one', { 'x-hub-signature-256': `sha256=${digest}00` }],
    [
      'another encoding',
      { 'x-hub-signature-256': `sha256=${Buffer.from(digest, 'hex').toString('base64')}` },
    ],
    ['no prefix', { 'x-hub-signature-256': digest }],
    ['the prefix only', { 'x-hub-signature-256': 'sha256=' }],
    ['another algorithm', { 'x-hub-signature-256': `sha1=${hex(SECRET, BODY, 'sha1')}` }],
    ['no ASCII', { 'x-hub-signature-256': 'sha256=\xe9\xe9' }],
  ])('%s', async (_, headers: Headers) => {
    const webhook = await signed({ github: {} });
    await expectRefused(webhook, post(webhook.port, '/', BODY, { headers }));
    expect(webhook.source.health().details['unauthorized']).toBe('1');
    await expectTaken(webhook, BODY, { 'x-hub-signature-256': `sha256=${digest}` });
  });

  test('a valid signature of another body, though it is only a space', async () => {
    const webhook = await signed({ github: {} });
    const headers = { 'x-hub-signature-256': `sha256=${digest}` };
    await expectRefused(webhook, post(webhook.port, '/', `${BODY} `, { headers }));
  });

  test('two signature headers', async () => {
    const webhook = await signed({ github: {} });
    const line = `X-Hub-Signature-256: sha256=${digest}\r\n`;
    const head = `POST / HTTP/1.1\r\nHost: x\r\n${line}${line}Content-Length: ${BODY.length}\r\n\r\n`;
    expect(await rawStatus(webhook.port, head + BODY)).toContain(' 401 ');
  });
});

describe('secrets', () => {
  const headersOf = (secret: string): Headers => ({
    'x-hub-signature-256': `sha256=${hex(secret, BODY)}`,
  });

  test('that are being replaced: the previous one is taken as well', async () => {
    const credentials = { hmac_secret: 'new-1\nnew-2', hmac_secret_previous: 'old' };
    const webhook = await signed({ github: {} }, credentials);
    for (const secret of ['new-1', 'new-2', 'old']) {
      await expectTaken(webhook, BODY, headersOf(secret));
    }
    await expectRefused(
      webhook,
      post(webhook.port, '/', BODY, { headers: headersOf('new-1\nnew-2') }),
    );
  });

  test('may have a name of their own, and come from the host', async () => {
    const settings = { auth: { github: { secret: 'orders' } } };
    const webhook = await startWebhook(settings, { secrets: { orders: 'from the host' } });
    await expectTaken(webhook, BODY, headersOf('from the host'));
  });

  test('that are missing are a fault of the configuration', async () => {
    await expect(signed({ github: {} }, {})).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      field: 'credentials.hmac_secret',
    });
  });
});

import { execFileSync } from 'node:child_process';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { sign as signForGitHub } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { stopClock } from './support/clock.ts';
import {
  type Answer,
  deliver,
  inFlight,
  post,
  rawStatus,
  startWebhook,
  type Webhook,
} from './support/webhook.ts';

const NOW = 1_767_225_600;
const SECRET = 'a secret of the sender';
const BODY = '{"id":"evt_1","object":"event"}';

type Headers = Record<string, string>;

function signed(scheme: object, credentials: Headers = { hmac_secret: SECRET }): Promise<Webhook> {
  return startWebhook({ auth: scheme }, { credentials });
}

async function expectTaken(webhook: Webhook, body: string, headers: Headers) {
  const { message, answer } = await deliver(webhook, post(webhook.port, '/', body, { headers }));
  expect(answer.status).toBe(202);
  expect(Buffer.from(message.payload).toString()).toBe(body);
  return message;
}

async function expectRefused(webhook: Webhook, call: Promise<Answer>): Promise<void> {
  expect(await call).toMatchObject({ status: 401, body: '{"error":"not authorized"}' });
  expect(inFlight(webhook)).toBe(0);
  await expect(webhook.source.next(AbortSignal.abort(new Error('none')))).rejects.toThrow('none');
}

function hex(secret: string, text: string, algorithm = 'sha256'): string {
  return createHmac(algorithm, secret).update(text).digest('hex');
}

describe('GitHub', () => {
  test("takes the example of GitHub's documentation", async () => {
    const webhook = await signed({ github: {} }, { hmac_secret: "It's a Secret to Everybody" });
    const digest = '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    await expectTaken(webhook, 'Hello, World!', { 'x-hub-signature-256': `sha256=${digest}` });
  });

  test("takes what GitHub's own library signed; the delivery's id becomes the message's", async () => {
    const webhook = await signed({ github: {} });
    const id = '72d3162e-cc78-11e3-81ab-4c9367dc0958';
    const message = await expectTaken(webhook, BODY, {
      'x-hub-signature-256': await signForGitHub(SECRET, BODY),
      'x-github-delivery': id,
    });
    expect(message.id).toBe(id);
  });
});

describe('Stripe', () => {
  const stripe = new Stripe('sk_test_none');
  const headerOf = (payload: string, timestamp: number, secret = SECRET): string =>
    stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });

  test("takes what Stripe's own library signed; the event's id becomes the message's", async () => {
    stopClock(NOW);
    const webhook = await signed({ stripe: {} });
    const message = await expectTaken(webhook, BODY, { 'stripe-signature': headerOf(BODY, NOW) });
    expect(message.id).toBe('evt_1');
  });

  test('takes one of two signatures, as while a secret is changed', async () => {
    stopClock(NOW);
    const webhook = await signed({ stripe: {} });
    const other = headerOf(BODY, NOW, 'the next secret').split(',')[1];
    const [timestamp, own] = headerOf(BODY, NOW).split(',');
    await expectTaken(webhook, BODY, { 'stripe-signature': `${timestamp},${other},${own},v0=00` });
  });

  test.each([
    ['two timestamps', (header: string) => `${header},t=${NOW}`],
    ['no timestamp', (header: string) => header.replace(/^t=\d+,/, '')],
    ['only an old kind of signature', (header: string) => header.replace('v1=', 'v0=')],
  ])('refuses %s', async (_, change) => {
    stopClock(NOW);
    const webhook = await signed({ stripe: {} });
    const headers = { 'stripe-signature': change(headerOf(BODY, NOW)) };
    await expectRefused(webhook, post(webhook.port, '/', BODY, { headers }));
  });
});

describe('Shopify', () => {
  test('takes what openssl signed as Shopify does', async () => {
    const webhook = await signed({ shopify: {} });
    const digest = execFileSync('openssl', ['dgst', '-sha256', '-hmac', SECRET, '-binary'], {
      input: BODY,
    });
    const message = await expectTaken(webhook, BODY, {
      'x-shopify-hmac-sha256': digest.toString('base64'),
      'x-shopify-event-id': '98880550-7158-44d4-b7cd-2c97c8a091b5',
    });
    expect(message.id).toBe('98880550-7158-44d4-b7cd-2c97c8a091b5');
  });
});

describe('Slack', () => {
  const slackHeaders = (body: string): Headers => ({
    'x-slack-request-timestamp': String(NOW),
    'x-slack-signature': `v0=${hex(SECRET, `v0:${NOW}:${body}`)}`,
  });

  test("takes the example of Slack's documentation", async () => {
    stopClock(1_531_420_618);
    const webhook = await signed(
      { slack: {} },
      { hmac_secret: '8f742231b10e8888abcd99yyyzzz85a5' },
    );
    const body =
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
    await expectTaken(webhook, body, {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    });
  });

  test('answers a signed url_verification with its challenge, and gives no message', async () => {
    stopClock(NOW);
    const webhook = await signed({ slack: {} });
    const body = '{"token":"x","challenge":"3eZbrw1aB10FEMAGAZd4FyFQ","type":"url_verification"}';
    const answer = await post(webhook.port, '/', body, { headers: slackHeaders(body) });
    expect(answer).toMatchObject({ status: 200, body: '3eZbrw1aB10FEMAGAZd4FyFQ' });
    expect(answer.headers['content-type']).toBe('text/plain');
    await expectRefused(webhook, post(webhook.port, '/', body));
  });

  test('an event that mentions url_verification is an event', async () => {
    stopClock(NOW);
    const webhook = await signed({ slack: {} });
    const body =
      '{"type":"event_callback","event_id":"Ev1","event":{"text":"\\"url_verification\\""}}';
    expect((await expectTaken(webhook, body, slackHeaders(body))).id).toBe('Ev1');
    const broken = '{"url_verification"';
    await expectTaken(webhook, broken, slackHeaders(broken));
  });
});

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

  test('takes a list of three signatures of which only the last fits', async () => {
    stopClock(NOW);
    const webhook = await signed({ standardWebhooks: {} }, { hmac_secret: secretOf('a') });
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

describe('any sender with an HMAC', () => {
  const scheme = {
    header: 'X-Signature',
    algorithm: 'sha512',
    encoding: 'base64',
    prefix: 'sig=',
    separator: ';',
    template: '{id}|{timestamp}|{body}|end',
    timestampHeader: 'X-Time',
    idHeader: 'X-Id',
  };

  test('is described by settings: header, hash, encoding, prefix, list, template', async () => {
    stopClock(NOW);
    const webhook = await signed({ hmac: scheme });
    const digest = createHmac('sha512', SECRET).update(`e-1|${NOW}|${BODY}|end`).digest('base64');
    const headers = {
      'x-signature': `sig=AAAA;sig=${digest}`,
      'x-time': String(NOW),
      'x-id': 'e-1',
    };
    expect((await expectTaken(webhook, BODY, headers)).id).toBe('e-1');
    const old = { ...headers, 'x-time': String(NOW - 301) };
    await expectRefused(webhook, post(webhook.port, '/', BODY, { headers: old }));
  });

  test.each(['sha1', 'sha256', 'sha384'])(
    'with %s, hex digits of either case',
    async (algorithm) => {
      const webhook = await signed({ hmac: { header: 'x-signature', algorithm } });
      const digest = hex(SECRET, BODY, algorithm);
      await expectTaken(webhook, BODY, { 'x-signature': digest });
      await expectTaken(webhook, BODY, { 'x-signature': digest.toUpperCase() });
    },
  );

  test.each([
    [{ template: '{timestamp}.{body}' }, 'settings.auth.hmac.timestampHeader'],
    [{ template: '{id}.{body}' }, 'settings.auth.hmac.idHeader'],
    [{ timestampHeader: 'x-time' }, 'settings.auth.hmac.template'],
    [{ template: 'fixed' }, 'settings.auth.hmac.template'],
  ])(
    'a template and headers that do not fit are a fault of the configuration: %j',
    async (more, field) => {
      const starting = async () => signed({ hmac: { header: 'x-signature', ...more } });
      await expect(starting()).rejects.toMatchObject({ code: 'INVALID_CONFIG', field });
    },
  );
});

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

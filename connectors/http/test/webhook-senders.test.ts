import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { sign as signForGitHub } from '@octokit/webhooks-methods';
import { Stripe } from 'stripe';
import { describe, expect, test } from 'vitest';
import { stopClock } from './support/clock.ts';
import {
  BODY,
  expectRefused,
  expectTaken,
  type Headers,
  hex,
  NOW,
  SECRET,
  signed,
} from './support/signed.ts';
import { post } from './support/webhook.ts';

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

import { describe, expect, test } from 'vitest';
import { networkMatcher } from '../src/webhook/addresses.ts';
import { RateLimit } from '../src/webhook/rate-limit.ts';
import { createSource, deliver, post, startWebhook, until } from './support/webhook.ts';

const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

describe('networks', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['0.0.0.0/0', '::1', false],
    ['2001:db8::/32', '2001:db8:1::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['::/0', '10.1.2.3', false],
    ['10.0.0.0/8', 'garbage', false],
    ['10.0.0.0/8', '', false],
    ['10.0.0.0/8', '0x0a.1', false],
  ])('%s, %s: %s', (network, address, expected) => {
    expect(networkMatcher([network], 'settings.ipAllow')(address)).toBe(expected);
  });

  test.each([
    '10.0.0.0/33',
    '::/129',
    '10.0.0',
    '0x7f.1',
    'localhost',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '',
  ])('"%s" is none, and a fault of the configuration', async (network) => {
    for (const name of ['ipAllow', 'ipDeny', 'trustProxy']) {
      const settings = { [name]: ['10.0.0.1', network || ' '] };
      const validating = createSource(settings).source.validate(AbortSignal.timeout(5000));
      await expect(validating).rejects.toMatchObject({ field: `settings.${name}[1]` });
    }
  });
});

describe('who may call', () => {
  test('only addresses that are allowed, and not denied; others are answered 403', async () => {
    const statusOf = async (settings: object): Promise<number> => {
      const webhook = await startWebhook(settings);
      const call = post(webhook.port, '/', 'x');
      const answered = new AbortController();
      webhook.source.next(answered.signal).then(
        (one) => webhook.source.ack(one, undefined),
        () => {},
      );
      const { status } = await call;
      answered.abort();
      return status;
    };
    expect(await statusOf({ ipAllow: ['127.0.0.0/8'] })).toBe(202);
    expect(await statusOf({ ipAllow: ['10.0.0.0/8', '::1'] })).toBe(403);
    expect(await statusOf({ ipAllow: ['127.0.0.0/8'], ipDeny: ['127.0.0.1'] })).toBe(403);
    expect(await statusOf({ ipDeny: ['10.0.0.0/8'] })).toBe(202);
    const routes = [{ path: '/', ipAllow: ['10.0.0.1'] }];
    expect(await statusOf({ ipAllow: ['127.0.0.1'], routes })).toBe(403);
  });

  test('a forged X-Forwarded-For counts for nothing', async () => {
    const webhook = await startWebhook({ ipAllow: ['10.0.0.0/8'] });
    expect((await post(webhook.port, '/', 'x', from('10.0.0.1'))).status).toBe(403);
  });

  test('behind a trusted proxy it is the last address that no trusted proxy has', async () => {
    const settings = { trustProxy: ['127.0.0.1', '192.0.2.0/24'], ipAllow: ['10.0.0.0/8'] };
    const webhook = await startWebhook(settings);
    const { message } = await deliver(
      webhook,
      post(webhook.port, '/', 'x', from('6.6.6.6, 10.0.0.1, 192.0.2.9')),
    );
    expect(message.headers?.['http.remote_ip']).toBe('10.0.0.1');
    for (const forged of ['10.0.0.1, 6.6.6.6', '10.0.0.1, garbage', 'garbage', '']) {
      expect((await post(webhook.port, '/', 'x', from(forged))).status, forged).toBe(403);
    }
  });

  test('what a proxy cannot tell is refused as well when only some are denied', async () => {
    const webhook = await startWebhook({ trustProxy: ['127.0.0.1'], ipDeny: ['10.0.0.0/8'] });
    expect((await post(webhook.port, '/', 'x', from('garbage'))).status).toBe(403);
  });

  test('of IPv6, too', async () => {
    const webhook = await startWebhook({ host: '::', ipAllow: ['::1', '127.0.0.1'] });
    for (const host of ['::1', '127.0.0.1']) {
      const { answer } = await deliver(webhook, post(webhook.port, '/', 'x', { host }));
      expect(answer.status).toBe(202);
    }
    const strict = await startWebhook({ host: '::', ipAllow: ['::1'] });
    expect((await post(strict.port, '/', 'x')).status).toBe(403);
  });
});

describe('the rate limit', () => {
  test('answers 429 with the time to wait, and lets in again when the window is over', async () => {
    const webhook = await startWebhook({ rateLimit: { max: 2, windowMs: 1500 } });
    for (let i = 0; i < 2; i++) {
      expect((await deliver(webhook, post(webhook.port, '/', 'x'))).answer.status).toBe(202);
    }
    const refused = await post(webhook.port, '/', 'x');
    expect(refused.status).toBe(429);
    expect(['1', '2']).toContain(refused.headers['retry-after']);
    expect(webhook.source.health().details['inFlight']).toBe('0');
  });

  test('counts by address, by header, or all together', async () => {
    const refusedOf = async (key: string, headers: object[]): Promise<number> => {
      const settings = { trustProxy: ['127.0.0.1'], rateLimit: { max: 1, key } };
      const webhook = await startWebhook({ ...settings, ackMode: 'received' });
      const calls = headers.map((one) => post(webhook.port, '/', 'x', { headers: { ...one } }));
      return (await Promise.all(calls)).filter(({ status }) => status === 429).length;
    };
    const addresses = ['10.0.0.1', '10.0.0.2', '2001:db8::1', '2001:db8::2'];
    const headers = addresses.map((address) => ({ 'x-forwarded-for': address, 'x-shop': 'a' }));
    expect(await refusedOf('ip', headers)).toBe(1);
    expect(await refusedOf('route', headers)).toBe(3);
    expect(await refusedOf('X-Shop', [...headers, { 'x-shop': 'b' }])).toBe(3);
  });

  test('begins a new window when the old one is over', async () => {
    const limit = new RateLimit({ max: 1, windowMs: 50 });
    expect(limit.take('a')).toBe(0);
    expect(limit.take('a')).toBeGreaterThan(0);
    await until(() => limit.take('a') === 0);
  });

  test('remembers no more senders than it has room for', () => {
    const limit = new RateLimit({ max: 1, windowMs: 60_000 });
    for (let i = 0; i <= 10_000; i++) limit.take(String(i));
    expect(limit.take('10000')).toBeGreaterThan(0);
    expect(limit.take('1')).toBeGreaterThan(0);
    expect(limit.take('0')).toBe(0);
  });
});

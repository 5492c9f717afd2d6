import { describe, expect, test } from 'vitest';
import { createSource, deliver, inFlight, post, startWebhook, until } from './support/webhook.ts';

const reply = { status: 200, headers: { 'x-total': '7' }, payload: Buffer.from('{"total":7}') };

describe('ackMode received', () => {
  test('answers at once, and the message stays until it is acked', async () => {
    const webhook = await startWebhook({ ackMode: 'received', ackTimeoutMs: 20 });
    expect(await post(webhook.port, '/', 'x')).toMatchObject({ status: 202, body: '' });
    const handed = await webhook.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(handed.withdrawn).toBeFalsy();
    expect(inFlight(webhook)).toBe(1);
    webhook.source.ack(handed, reply);
    expect(inFlight(webhook)).toBe(0);
  });

  test('pushes back when too much waits, as always', async () => {
    const webhook = await startWebhook({ ackMode: 'received', maxInFlight: 1 });
    expect((await post(webhook.port, '/', 'x')).status).toBe(202);
    expect((await post(webhook.port, '/', 'x')).status).toBe(503);
  });

  test('takes an event that is sent again once', async () => {
    const webhook = await startWebhook({ ackMode: 'received' });
    const headers = { 'webhook-id': 'e-1' };
    for (let i = 0; i < 2; i++) {
      expect((await post(webhook.port, '/', 'x', { headers })).status).toBe(202);
    }
    expect(inFlight(webhook)).toBe(1);
    webhook.source.ack(await webhook.next(), undefined);
    expect((await post(webhook.port, '/', 'x', { headers })).status).toBe(200);
  });

  test('at Disconnect waits for the host, and tells what it did not take', async () => {
    const webhook = await startWebhook({ ackMode: 'received' });
    for (let i = 0; i < 3; i++) await post(webhook.port, '/', 'x');
    const handed = await webhook.next();
    const stopped = webhook.stop(5000);
    webhook.source.ack(handed, undefined);
    await stopped;
    expect(webhook.logged.at(-1)).toBe(
      '2 messages were lost: ackMode "received" had answered their senders already',
    );
  });

  test('is warned of by Validate', async () => {
    const { source } = createSource({ routes: [{ path: '/', ackMode: 'received' }] });
    const warnings = await source.validate(AbortSignal.timeout(5000));
    expect(warnings).toContainEqual(expect.stringContaining('a crash may lose it'));
  });
});

describe('ackMode result', () => {
  test("the host's reply travels in the ack", async () => {
    const webhook = await startWebhook({ ackMode: 'result' });
    const call = post(webhook.port, '/', 'x');
    webhook.source.ack(await webhook.next(), reply);
    expect(await call).toMatchObject({
      status: 200,
      headers: { 'x-total': '7' },
      body: '{"total":7}',
    });
  });

  test('a message that the host has given up has none: 502', async () => {
    const webhook = await startWebhook({ ackMode: 'result' });
    const call = post(webhook.port, '/', 'x');
    webhook.source.nack(await webhook.next(), 'reject');
    expect((await call).status).toBe(502);
  });

  test('an event that is sent again gets its result from the host again', async () => {
    const webhook = await startWebhook({ ackMode: 'result' });
    const headers = { 'webhook-id': 'e-1' };
    for (let i = 0; i < 2; i++) {
      const call = post(webhook.port, '/', 'x', { headers });
      const handed = await webhook.next();
      expect(handed.message.id).toBe('e-1');
      webhook.source.ack(handed, reply);
      expect((await call).body).toBe('{"total":7}');
    }
  });
});

describe('a route may have its own', () => {
  test('success, body limit, content types and time limit', async () => {
    const routes = [
      {
        path: '/own',
        success: {
          status: 200,
          body: '{"ok":true}',
          headers: { 'content-type': 'application/json' },
        },
        bodyLimitBytes: 3,
        contentTypes: ['application/json', 'text/*'],
        ackTimeoutMs: 30,
      },
      { path: '/' },
    ];
    const webhook = await startWebhook({ routes, bodyLimitBytes: 5 });
    const json = { headers: { 'content-type': 'Application/JSON; charset=utf-8' } };
    const { answer } = await deliver(webhook, post(webhook.port, '/own', 'abc', json));
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: '{"ok":true}',
    });
    expect((await post(webhook.port, '/own', 'abcd', json)).status).toBe(413);
    const chunked = { headers: { ...json.headers, 'transfer-encoding': 'chunked' } };
    expect((await post(webhook.port, '/own', 'abcd', chunked)).status).toBe(413);
    expect((await post(webhook.port, '/own', 'abc')).status).toBe(415);
    const text = { headers: { 'content-type': 'text/csv' } };
    expect((await post(webhook.port, '/own', 'abc', text)).status).toBe(503);
    expect(webhook.source.health().details['expired']).toBe('1');

    const other = await deliverLate();
    expect(other.answer.status).toBe(202);
    async function deliverLate() {
      const call = post(webhook.port, '/', 'abcde', text);
      await until(() => inFlight(webhook) === 1);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return deliver(webhook, call);
    }
  });

  test.each([
    [{}, 10_000],
    [{ auth: { github: {} } }, 9000],
    [{ auth: { anyOf: [{ slack: {} }, { shopify: {} }] } }, 2500],
    [{ auth: { slack: {} }, ackTimeoutMs: 5000 }, 5000],
    [{ auth: { slack: {} }, routes: [{ path: '/', auth: { github: {} } }, { path: '/b' }] }, 9000],
  ])('time limit, which follows from the scheme: %j', (settings, longest) => {
    expect(createSource(settings).source.ackTimeoutMs).toBe(longest);
  });

  test('a success that HTTP cannot carry is a fault of the configuration', async () => {
    const success = { headers: { 'x-a': 'a\r\nSet-Cookie: b' } };
    const { source } = createSource({ routes: [{ path: '/', success }] });
    await expect(source.validate(AbortSignal.timeout(5000))).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      field: 'settings.routes[0].success.headers.x-a',
    });
  });
});

test('headers: only those included, without those excluded', async () => {
  const headers = { include: ['X-A', 'X-B'], exclude: ['x-b'] };
  const webhook = await startWebhook({ headers });
  const call = post(webhook.port, '/', 'x', { headers: { 'x-a': '1', 'x-b': '2', 'x-c': '3' } });
  const { message } = await deliver(webhook, call);
  const names = Object.keys(message.headers ?? {}).filter((name) => !name.startsWith('http.'));
  expect(names).toEqual(['x-a']);
});

test('a body without a content type gets the one of the settings', async () => {
  const webhook = await startWebhook({
    defaultContentType: 'text/csv',
    contentTypes: ['text/csv'],
  });
  const { message } = await deliver(webhook, post(webhook.port, '/', 'x'));
  expect(message.contentType).toBe('text/csv');
});

describe('the health path', () => {
  test('tells a load balancer, without authentication, whether anything can be taken', async () => {
    const auth = { bearer: {} };
    const webhook = await startWebhook(
      { auth, maxInFlight: 1 },
      { credentials: { bearer_tokens: 't' } },
    );
    const health = () => post(webhook.port, '/healthz', '', { method: 'GET' });
    expect((await health()).status).toBe(200);
    const call = post(webhook.port, '/', 'x', { headers: { authorization: 'Bearer t' } });
    const handed = await webhook.next();
    expect((await health()).status).toBe(503);
    webhook.source.ack(handed, undefined);
    await call;
    expect((await health()).status).toBe(200);
  });

  test('may be another, or none', async () => {
    const statusOf = async (settings: object, path: string): Promise<number> => {
      const webhook = await startWebhook(settings);
      return (await post(webhook.port, path, '', { method: 'GET' })).status;
    };
    expect(await statusOf({ healthPath: '/up' }, '/up')).toBe(200);
    expect(await statusOf({ healthPath: '' }, '/healthz')).toBe(405);
  });

  test('that is a route already is a fault of the configuration', async () => {
    const { source } = createSource({ routes: [{ path: '/healthz', methods: ['GET'] }] });
    await expect(source.validate(AbortSignal.timeout(5000))).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      field: 'settings.healthPath',
    });
  });
});

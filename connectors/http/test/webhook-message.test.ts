import { describe, expect, test } from 'vitest';
import {
  type Handed,
  inFlight,
  post,
  rawStatus,
  startWebhook,
  type Webhook,
} from './support/webhook.ts';

async function receive(webhook: Webhook, call: Promise<unknown>): Promise<Handed['message']> {
  const handed = await webhook.next();
  webhook.source.ack(handed, undefined);
  await call;
  return handed.message;
}

describe('a request becomes a message', () => {
  test('a POST to any path gives exactly one message, answered 202 after the ack', async () => {
    const webhook = await startWebhook();
    let answered = false;
    const answer = post(webhook.port, '/webhooks/orders', '{"n":1}', {
      headers: { 'Content-Type': 'application/json' },
    }).finally(() => {
      answered = true;
    });
    const handed = await webhook.next();
    expect(Buffer.from(handed.message.payload).toString()).toBe('{"n":1}');
    expect(handed.message.contentType).toBe('application/json');
    expect(answered).toBe(false);
    webhook.source.ack(handed, undefined);
    expect(await answer).toMatchObject({ status: 202, body: '' });
    expect(inFlight(webhook)).toBe(0);
    await expect(webhook.source.next(AbortSignal.abort(new Error('none')))).rejects.toThrow('none');
  });

  test.each([
    ['binary with NUL bytes', Buffer.from([0, 1, 2, 255, 254, 0])],
    ['invalid UTF-8', Buffer.from([0xc3, 0x28, 0xa0])],
    ['broken JSON', Buffer.from('{"a":')],
    ['nothing', Buffer.alloc(0)],
    ['as much as is allowed', Buffer.alloc(1024 * 1024, 'x')],
  ])('keeps a payload byte for byte: %s', async (_, bytes) => {
    const webhook = await startWebhook();
    const headers = { 'Content-Type': 'application/json' };
    for (const options of [{}, { headers }]) {
      const message = await receive(webhook, post(webhook.port, '/', bytes, options));
      expect(bytes.equals(message.payload)).toBe(true);
    }
  });

  test('takes a chunked body, and gives back the room that it did not need', async () => {
    const webhook = await startWebhook();
    const call = post(webhook.port, '/', 'abc', { headers: { 'transfer-encoding': 'chunked' } });
    const handed = await webhook.next();
    expect(webhook.source.health().details['inFlightBytes']).toBe('3');
    webhook.source.ack(handed, undefined);
    expect((await call).status).toBe(202);
    expect(Buffer.from(handed.message.payload).toString()).toBe('abc');
  });

  test('without a content type it is application/octet-stream', async () => {
    const webhook = await startWebhook();
    expect((await receive(webhook, post(webhook.port, '/', 'x'))).contentType).toBe(
      'application/octet-stream',
    );
  });

  test('hands on headers and facts, but neither credentials nor forged facts', async () => {
    const webhook = await startWebhook();
    const headers = {
      Authorization: 'Bearer secret',
      Cookie: 'session=secret',
      'Proxy-Authorization': 'secret',
      'X-Twice': ['a', 'b'],
      'http.remote_ip': '6.6.6.6',
      'http.param.id': 'forged',
    };
    const message = await receive(
      webhook,
      post(webhook.port, '/a%20b?q=%31&q=2', 'x', { headers }),
    );
    expect(message.headers).toMatchObject({
      'x-twice': 'a, b',
      'http.method': 'POST',
      'http.path': '/a%20b',
      'http.query': 'q=%31&q=2',
      'http.remote_ip': '127.0.0.1',
      host: `127.0.0.1:${webhook.port}`,
    });
    expect(message.headers).not.toHaveProperty('http.param.id');
    expect(JSON.stringify(message)).not.toContain('secret');
  });

  test.each([
    [{ 'x-correlation-id': 'c-1', 'x-request-id': 'r-1' }, 'c-1'],
    [{ 'x-request-id': 'r-1' }, 'r-1'],
    [{ 'x-correlation-id': 'x'.repeat(129), 'x-request-id': 'r-1' }, 'r-1'],
    [{ 'x-correlation-id': 'caf\xe9' }, undefined],
    [{}, undefined],
  ])('correlation id of %j', async (headers, expected) => {
    const webhook = await startWebhook();
    const message = await receive(webhook, post(webhook.port, '/', '', { headers }));
    expect(message.metadata?.correlationId).toBe(expected);
  });

  const trace = '0af7651916cd43dd8448eb211c80319c';
  test.each([
    [`00-${trace}-b7ad6b7169203331-01`, trace],
    [`cc-${trace}-b7ad6b7169203331-01-later`, trace],
    [`ff-${trace}-b7ad6b7169203331-01`, undefined],
    [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, undefined],
    [`00-${trace}-${'0'.repeat(16)}-01`, undefined],
    [`00-${trace.toUpperCase()}-b7ad6b7169203331-01`, undefined],
    ['garbage', undefined],
  ])('trace id of the traceparent %s', async (traceparent, expected) => {
    const webhook = await startWebhook();
    const call = post(webhook.port, '/', '', { headers: { traceparent } });
    expect((await receive(webhook, call)).metadata?.traceId).toBe(expected);
  });

  test('takes a whole URL as the request target', async () => {
    const webhook = await startWebhook();
    const call = rawStatus(
      webhook.port,
      'POST http://shop.example/orders?a=1 HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 0\r\n\r\n',
    );
    const message = await receive(webhook, call);
    expect(message.headers).toMatchObject({ 'http.path': '/orders', 'http.query': 'a=1' });
    expect(await call).toBe('HTTP/1.1 202 Accepted');
  });

  test('messages come in the order of their arrival', async () => {
    const webhook = await startWebhook();
    for (const id of ['1', '2', '3']) {
      post(webhook.port, `/${id}`).catch(() => {});
      while (inFlight(webhook) < Number(id)) await new Promise(setImmediate);
    }
    const paths = [];
    for (let i = 0; i < 3; i++) paths.push((await webhook.next()).message.headers?.['http.path']);
    expect(paths).toEqual(['/1', '/2', '/3']);
  });
});

describe('routes', () => {
  const routes = [
    { path: '/webhooks/:source/*', methods: ['POST', 'PUT'] },
    { path: '/orders/:id', methods: ['PATCH'] },
    { path: '/orders/:id', methods: ['DELETE'] },
    { path: '/query', methods: ['GET'] },
  ];

  test('tell the route and its parameters', async () => {
    const webhook = await startWebhook({ routes });
    const call = post(webhook.port, '/webhooks/shop/a/b?x=1', 'x', { method: 'PUT' });
    expect((await receive(webhook, call)).headers).toMatchObject({
      'http.method': 'PUT',
      'http.route': '/webhooks/:source/*',
      'http.param.source': 'shop',
      'http.param.*': 'a/b',
    });
  });

  test('a parameter may be long', async () => {
    const webhook = await startWebhook({ routes });
    const id = 'x'.repeat(4000);
    const call = post(webhook.port, `/orders/${id}`, 'x', { method: 'PATCH' });
    expect((await receive(webhook, call)).headers?.['http.param.id']).toBe(id);
  });

  test('the body of a GET is kept', async () => {
    const webhook = await startWebhook({ routes });
    const headers = { 'content-length': 3 };
    const call = post(webhook.port, '/query', 'abc', { method: 'GET', headers });
    expect(Buffer.from((await receive(webhook, call)).payload).toString()).toBe('abc');
  });

  test.each([
    ['POST', '/nothing', 404, undefined],
    ['POST', '/orders/7', 405, 'PATCH, DELETE'],
    ['GET', '/webhooks/shop/x?y', 405, 'POST, PUT'],
    ['HEAD', '/query', 405, 'GET'],
    ['PROPFIND', '/orders/7', 405, 'PATCH, DELETE'],
    ['POST', '/orders/%zz', 400, undefined],
  ])('%s %s is answered %i', async (method, path, status, allow) => {
    const webhook = await startWebhook({ routes });
    const answer = await post(webhook.port, path, '', { method });
    expect(answer.status).toBe(status);
    expect(answer.headers.allow).toBe(allow);
    expect(inFlight(webhook)).toBe(0);
  });

  test('without routes only POST is taken', async () => {
    const webhook = await startWebhook();
    const answer = await post(webhook.port, '/x', '', { method: 'GET' });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('POST');
  });
});

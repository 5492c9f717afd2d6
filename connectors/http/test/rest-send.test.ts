import { expect, test, vi } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import { messageOf, serveHttp, serveRecorder, signal, startRest } from './support/rest.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';

test('a message becomes a request, and the answer its receipt', async () => {
  const { url, seen } = await serveRecorder();
  const { send } = await startRest({ url: `${url}/orders?key=1`, headers: { 'X-Shop': 'a' } });
  const payload = Buffer.from([0, 255, 10, 13]);
  const metadata = { ...messageOf('').metadata, correlationId: 'c-1', traceId };
  const [receipt] = await send(messageOf('m-1', { payload, contentType: 'image/png', metadata }));
  expect(seen).toEqual([
    {
      method: 'POST',
      url: '/orders?key=1',
      body: payload.toString('latin1'),
      headers: expect.objectContaining({
        'content-type': 'image/png',
        'content-length': '4',
        'idempotency-key': 'm-1',
        'x-message-id': 'm-1',
        'x-correlation-id': 'c-1',
        'x-shop': 'a',
        host: url.slice('http://'.length),
        traceparent: expect.stringMatching(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`)),
      }),
    },
  ]);
  expect(receipt).toMatchObject({ messageId: 'm-1', headers: { 'x-remote-id': 'r-1' } });
  const { headers, payload: body } = receipt as { headers: object; payload: Uint8Array };
  expect(Object.keys(headers)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/set-cookie|connection|content-length/)]),
  );
  expect(Buffer.from(body).toString()).toBe('thanks');
});

test('without tracing, content type and payload the request has defaults', async () => {
  const { url, seen } = await serveRecorder();
  const { send } = await startRest({ url });
  await send(messageOf('m-1', { payload: new Uint8Array(0), contentType: '' }));
  expect(seen[0]?.headers).toMatchObject({
    'content-length': '0',
    'content-type': 'application/octet-stream',
  });
  expect(seen[0]?.headers).not.toHaveProperty('traceparent');
  expect(seen[0]?.headers).not.toHaveProperty('x-correlation-id');
});

test('a retry of the host carries the same idempotency key', async () => {
  const keys: unknown[] = [];
  const { url } = await serveHttp((request, response) => {
    keys.push(request.headers['idempotency-key']);
    response.writeHead(keys.length === 1 ? 503 : 200).end();
  });
  const { send } = await startRest({ url });
  const message = messageOf('m-1');
  expect((await send(message))[0]).toMatchObject({ code: 'SERVER_ERROR', recoverable: true });
  expect((await send(message))[0]).toMatchObject({ messageId: 'm-1' });
  expect(keys).toEqual(['m-1', 'm-1']);
});

test("the operator's headers win, and those of the connection are left out", async () => {
  const { url, seen } = await serveRecorder();
  const headers = {
    'Content-Type': 'application/xml',
    Host: 'evil.example',
    'Content-Length': '99',
    'Transfer-Encoding': 'chunked',
    Connection: 'X-Message-ID',
    'Keep-Alive': 'x',
  };
  const { send } = await startRest({ url, headers });
  expect((await send(messageOf('m-1')))[0]).toHaveProperty('messageId');
  expect(seen[0]?.headers).toMatchObject({
    'content-type': 'application/xml',
    host: url.slice('http://'.length),
    'content-length': '14',
    'x-message-id': 'm-1',
  });
  expect(seen[0]?.headers).not.toHaveProperty('keep-alive');
  expect(seen[0]?.headers).not.toHaveProperty('transfer-encoding');
});

test.each(['PUT', 'PATCH', 'DELETE'])('%s sends the payload', async (method) => {
  const { url, seen } = await serveRecorder();
  const { send } = await startRest({ url, method });
  await send(messageOf('m-1'));
  expect(seen[0]).toMatchObject({ method, body: 'payload of m-1' });
});

test('GET sends none', async () => {
  const { url, seen } = await serveRecorder();
  const { send } = await startRest({ url, method: 'GET' });
  await send(messageOf('m-1'));
  expect(seen[0]).toMatchObject({ method: 'GET', body: '' });
});

test.each([
  ['id', messageOf('a\r\nX-Evil: 1')],
  ['contentType', messageOf('b', { contentType: 'text/plain\n' })],
  ['contentType', messageOf('c', { contentType: 'a\0b' })],
  ['id', messageOf('Größe €')],
  [
    'metadata.correlationId',
    messageOf('d', { metadata: { ...messageOf('').metadata, correlationId: 'x\ny' } }),
  ],
])('a message that would forge headers is not sent: %s', async (field, message) => {
  const { url, seen } = await serveRecorder();
  const { send, destination } = await startRest({ url });
  const [good, bad, other] = await send(messageOf('1'), message, messageOf('2'));
  expect(bad).toMatchObject({ code: 'INVALID_MESSAGE', recoverable: false, field });
  expect(String(bad)).not.toMatch(/Evil|\n/);
  expect([good, other]).toMatchObject([{ messageId: '1' }, { messageId: '2' }]);
  expect(seen).toHaveLength(2);
  expect((await destination.health(signal)).status).toBe('ok');
});

test('connections are shared and bounded, and stop closes them', async () => {
  const { url, sockets, seen } = await serveRecorder();
  const { send, destination } = await startRest({ url, maxConnections: 2 });
  const messages = Array.from({ length: 40 }, (_, i) => messageOf(String(i)));
  const receipts = await send(...messages);
  expect(receipts.map((receipt) => (receipt as { messageId: string }).messageId)).toEqual(
    messages.map(({ id }) => id),
  );
  expect(seen).toHaveLength(40);
  expect(sockets.size).toBe(2);
  await destination.stop();
  await vi.waitFor(
    () => {
      for (const socket of sockets) expect(socket).toMatchObject({ destroyed: true });
    },
    { timeout: slowly(5000) },
  );
});

test('a send leaves no timer behind', async () => {
  const { url } = await serveRecorder();
  const { send } = await startRest({ url, timeoutMs: 3_600_000 });
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  await send(messageOf('first'));
  const before = timers();
  for (let i = 0; i < 20; i++) await send(messageOf(String(i)));
  expect(timers()).toBeLessThan(before + 20);
});

test('an answer above the limit is left out, and not read on', async () => {
  let written = 0;
  const { url } = await serveHttp((_request, response) => {
    const write = (): void => {
      while (!response.destroyed && written < 200_000_000) {
        written += 65_536;
        if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', write);
      }
      response.end();
    };
    write();
  });
  const { send } = await startRest({ url, response: { maxBytes: 1000 } });
  const [receipt] = await send(messageOf('m-1'));
  expect(receipt).toMatchObject({ messageId: 'm-1' });
  expect(receipt).not.toHaveProperty('payload');
  expect(written).toBeLessThan(50_000_000);
});

test('an abort of the caller ends the request and rejects with its reason', async () => {
  const stop = new AbortController();
  const closed = Promise.withResolvers<void>();
  const { url } = await serveHttp((_request, response) => {
    response.once('close', closed.resolve);
    stop.abort(new Error('the host left'));
  });
  const { destination } = await startRest({ url });
  await expect(destination.send([messageOf('m-1')], stop.signal)).rejects.toThrow('the host left');
  await closed.promise;
  await expect(destination.send([messageOf('m-2')], stop.signal)).rejects.toThrow('the host left');
});

test('a proxy is used as the environment says, for names that only it can resolve', async () => {
  const targets: unknown[] = [];
  const proxy = await serveHttp((request, response) => {
    targets.push([request.url, request.headers.host]);
    response.end('by proxy');
  });
  vi.stubEnv('http_proxy', proxy.url);
  vi.stubEnv('no_proxy', '127.0.0.1');
  try {
    const far = await startRest({ url: 'http://shop.invalid/a?b', ssrf: { allowPrivate: false } });
    expect((await far.send(messageOf('m-1')))[0]).toMatchObject({ messageId: 'm-1' });
    const { url, seen } = await serveRecorder();
    const near = await startRest({ url });
    await near.destination.send([messageOf('m-2')], signal);
    expect(seen).toHaveLength(1);
  } finally {
    vi.unstubAllEnvs();
  }
  expect(targets).toEqual([['http://shop.invalid/a?b', 'shop.invalid']]);
});

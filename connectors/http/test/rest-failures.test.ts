import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import { parseRetryAfter } from '../src/rest/answer.ts';
import { failureOf } from './support/failure.ts';
import {
  listenForTest,
  messageOf,
  sendFailure,
  serveHttp,
  signal,
  startRest,
} from './support/rest.ts';

const AUTH = { code: 'AUTH_FAILED', recoverable: false };
const LATER = { code: 'SERVER_ERROR', recoverable: true };
const LIMITED = { code: 'RATE_LIMITED', recoverable: true };
const REFUSED = { code: 'SEND_FAILED', recoverable: false };
const REDIRECT = { ...REFUSED, reason: 'REDIRECT' };
const GONE = { ...REFUSED, reason: 'ENDPOINT_GONE' };
const AMBIGUOUS = { code: 'CONNECTION_FAILED', recoverable: true, reason: 'AMBIGUOUS' };

function expectedOf(status: number): object {
  if (status < 300) return { messageId: String(status) };
  if (status < 400) return REDIRECT;
  if ([401, 403].includes(status)) return AUTH;
  if (status === 429) return LIMITED;
  if ([408, 425].includes(status)) return LATER;
  if (status === 410) return GONE;
  if (status < 500 || [501, 505].includes(status)) return REFUSED;
  return LATER;
}

test('every status has its meaning, and the connection stays usable', async () => {
  const sockets = new Set();
  const { url } = await serveHttp((request, response) => {
    sockets.add(request.socket);
    request.resume();
    const headers = { location: 'http://127.0.0.1:1/', 'retry-after': '7' };
    response.writeHead(Number(request.headers['x-message-id']), headers).end('echo: secret');
  });
  const { send } = await startRest({ url: `${url}/path?token=secret`, maxConnections: 1 });
  const statuses = Array.from({ length: 400 }, (_, i) => 200 + i);
  const outcomes = await send(...statuses.map((status) => messageOf(String(status))));
  for (const [i, status] of statuses.entries()) {
    const outcome = outcomes[i];
    expect(outcome, `status ${status}`).toMatchObject(expectedOf(status));
    if (status < 300) continue;
    const waits = (expectedOf(status) as { recoverable: boolean }).recoverable;
    expect(outcome).toHaveProperty('retryAfterMs', waits ? 7000 : undefined);
    expect(String(outcome)).toContain(`POST to ${url} was answered ${status}`);
    expect(String(outcome)).not.toContain('secret');
  }
  expect(sockets.size).toBe(1);
});

test('the settings may say of a status that it is a success, or worth another try', async () => {
  const { url } = await serveHttp((request, response) => {
    request.resume();
    const status = Number(request.headers['x-message-id']);
    response.writeHead(status, { 'retry-after': '2' }).end('answer');
  });
  const { send, destination } = await startRest({
    url,
    successStatus: ['200', '409', '400-404'],
    retryStatus: ['404-406', '501', '204'],
    circuitBreaker: { minRequests: 2 },
  });
  const statuses = ['200', '409', '404', '406', '501', '204', '201', '422'];
  const retry = { code: 'SEND_FAILED', reason: 'RETRY_STATUS', retryAfterMs: 2000 };
  expect(await send(...statuses.map((status) => messageOf(status)))).toMatchObject([
    { messageId: '200' },
    { messageId: '409', payload: Buffer.from('answer') },
    { messageId: '404' },
    retry,
    retry,
    retry,
    { ...REFUSED, rawMessage: expect.stringContaining('settings.successStatus') },
    REFUSED,
  ]);
  expect((await destination.health(signal)).details).not.toHaveProperty('circuitOpen');
});

const now = Date.parse('2026-11-23T10:00:00Z');
test.each([
  ['0', 0],
  ['120', 120_000],
  ['999999999999', 3_600_000],
  ['Mon, 23 Nov 2026 10:00:30 GMT', 30_000],
  ['Monday, 23-Nov-26 10:00:30 GMT', 30_000],
  ['Mon, 23 Nov 2026 09:00:00 GMT', 0],
  ['Wed, 23 Nov 2050 10:00:00 GMT', 3_600_000],
  ['-5', undefined],
  ['1.5', undefined],
  ['soon 5', undefined],
  ['', undefined],
  [undefined, undefined],
  [['1', '2'], undefined],
])('Retry-After %j is %s ms', (value, expected) => {
  expect(parseRetryAfter(value, now)).toBe(expected);
});

describe('without an answer', () => {
  test('nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    const { send } = await startRest({ url: `http://127.0.0.1:${port}` });
    const failure = await sendFailure(send(messageOf('m-1')));
    expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
    expect(failure.rawMessage).toContain('ECONNREFUSED');
  });

  test('the name does not resolve', async () => {
    const { send } = await startRest({ url: 'http://no-such-host.invalid/' });
    expect(await sendFailure(send(messageOf('m-1')))).toMatchObject({
      code: 'CONNECTION_FAILED',
      recoverable: true,
      rawMessage: expect.stringContaining('does not resolve'),
    });
  });

  test.each([
    ['reset before the answer', (socket) => socket.resetAndDestroy()],
    ['closed before the answer', (socket) => socket.end()],
    ['an answer that is not HTTP', (socket) => socket.end('SSH-2.0-OpenSSH_9\r\n')],
    ['reset within the answer', (socket) => cutOff(socket, '200 OK')],
    ['an answer with too large a head', (socket) => hugeHead(socket)],
  ] satisfies [string, (socket: import('node:net').Socket) => unknown][])(
    '%s: nobody knows whether it arrived',
    async (_, answer) => {
      const server = createServer((socket) => socket.once('data', () => answer(socket)));
      const url = `http://127.0.0.1:${await listenForTest(server)}`;
      const { send } = await startRest({ url });
      expect(await sendFailure(send(messageOf('m-1')))).toMatchObject(AMBIGUOUS);
    },
  );

  test('a status that has come counts, though the rest of the answer breaks', async () => {
    const server = createServer((socket) =>
      socket.once('data', () => cutOff(socket, '422 Unprocessable')),
    );
    const url = `http://127.0.0.1:${await listenForTest(server)}`;
    const { send } = await startRest({ url });
    expect(await sendFailure(send(messageOf('m-1')))).toMatchObject(REFUSED);
  });

  test('a status that has come counts, and an endless answer is cut off in time', async () => {
    const closed = Promise.withResolvers<void>();
    const { url } = await serveHttp((_request, response) => {
      const drip = setInterval(() => response.write('x'), 20);
      response.writeHead(503).once('close', () => {
        clearInterval(drip);
        closed.resolve();
      });
    });
    const { send } = await startRest({ url, timeoutMs: 200 });
    expect(await sendFailure(send(messageOf('m-1')))).toMatchObject(LATER);
    await closed.promise;
  });

  test.each([
    ['hangs', () => {}],
    [
      'drips',
      (_request, response) => {
        const drip = setInterval(() => response.write('x'), 20);
        response.once('close', () => clearInterval(drip));
      },
    ],
  ] satisfies [string, import('node:http').RequestListener][])(
    'a server that %s: TIMEOUT in time, and the connection is closed',
    async (_, listener) => {
      const { url } = await serveHttp(listener);
      const { send } = await startRest({ url, timeoutMs: 200 });
      const started = performance.now();
      const failure = await sendFailure(send(messageOf('m-1')));
      expect(failure).toMatchObject({ code: 'TIMEOUT', recoverable: true });
      expect(failure.rawMessage).toContain('200 ms');
      expect(performance.now() - started).toBeLessThan(slowly(1000));
    },
  );

  test("the connection's timeout holds where the settings give none", async () => {
    const { url } = await serveHttp(() => {});
    const timeout = Temporal.Duration.from({ milliseconds: 100 });
    const { send } = await startRest({ url }, { timeout });
    expect(await sendFailure(send(messageOf('m-1')))).toMatchObject({ code: 'TIMEOUT' });
  });
});

test.each([
  [{ url: 'http://user:secret@shop.example' }, {}, 'settings.url'],
  [{ url: 'http://secret:0x/' }, {}, 'settings.url'],
  [{ url: 'secret.example/orders' }, {}, 'settings.url'],
  [
    { url: 'http://a.example', auth: { oauth2: { tokenUrl: 'https://user:secret@b.example' } } },
    { oauth2_client_id: 'a', oauth2_client_secret: 'b' },
    'settings.auth.oauth2.tokenUrl',
  ],
  [{ url: 'http://a.example', headers: { A: 'secret\r\n' } }, {}, 'settings.headers.A'],
  [{ url: 'http://a.example', headers: { 'a b': 'secret' } }, {}, 'settings.headers.a b'],
  [{ url: 'https://a.example' }, { tls_ca: 'secret' }, 'credentials.tls_ca'],
])(
  'refused by Validate and start, without its values: %j',
  async (settings, credentials, field) => {
    const expected = { code: 'INVALID_CONFIG', recoverable: false, field };
    const failure = await failureOf(startRest(settings, { credentials }));
    expect(failure).toMatchObject(expected);
    expect(failure.message).not.toContain('secret');
  },
);

function cutOff(socket: import('node:net').Socket, status: string): void {
  socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 100\r\n\r\nabc`, () => socket.destroy());
}

function hugeHead(socket: import('node:net').Socket): void {
  socket.write(`HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(100_000)}\r\n\r\n`);
}

import { describe, expect, test } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import {
  inFlight,
  post,
  rawConnection,
  rawStatus,
  startWebhook,
  until,
  type Webhook,
} from './support/webhook.ts';

const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\n';

async function expectNoMessage(webhook: Webhook): Promise<void> {
  await until(() => inFlight(webhook) === 0);
  await expect(webhook.source.next(AbortSignal.abort(new Error('none')))).rejects.toThrow('none');
}

async function expectStillWorking(webhook: Webhook): Promise<void> {
  const answer = post(webhook.port, '/', 'x');
  webhook.source.ack(await webhook.next(), undefined);
  expect((await answer).status).toBe(202);
}

describe('bytes that are no request', () => {
  test.each([
    ['a bad Content-Length', `${HEAD}Content-Length: abc\r\n\r\n`, 400],
    ['a negative Content-Length', `${HEAD}Content-Length: -1\r\n\r\n`, 400],
    ['two Content-Lengths', `${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400],
    [
      'Content-Length with chunks',
      `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['an unknown Transfer-Encoding', `${HEAD}Transfer-Encoding: chunked, x\r\n\r\n`, 400],
    ['a bad chunk size', `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n`, 400],
    ['a folded header', `${HEAD}X-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n`, 400],
    ['line feeds alone', 'POST / HTTP/1.1\nHost: x\nContent-Length: 0\n\n', 400],
    ['a NUL in a header', `${HEAD}X-A: 1\0\r\nContent-Length: 0\r\n\r\n`, 400],
    ['no Host', 'POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n', 400],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['a header of 100 kB', `${HEAD}X-A: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
    ['a bad content type', `${HEAD}Content-Type: @\r\nContent-Length: 1\r\n\r\nx`, 415],
    ['an unknown expectation', `${HEAD}Expect: miracle\r\nContent-Length: 1\r\n\r\nx`, 417],
    ['a body above the limit', `${HEAD}Content-Length: 101\r\n\r\n`, 413],
    ['an absurd Content-Length', `${HEAD}Content-Length: 99999999999999999999\r\n\r\n`, 400],
    [
      'chunks above the limit',
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n60\r\n${'x'.repeat(96)}\r\n60\r\n${'x'.repeat(96)}\r\n`,
      413,
    ],
  ])('%s: no message, and an error', async (_, bytes, status) => {
    const webhook = await startWebhook({ bodyLimitBytes: 100 });
    expect(await rawStatus(webhook.port, bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    await expectNoMessage(webhook);
    await expectStillWorking(webhook);
  });

  test('a body that ends early gives no message', async () => {
    const webhook = await startWebhook();
    const { socket, ended } = await rawConnection(webhook.port);
    socket.end(`${HEAD}Content-Length: 10\r\n\r\nabc`);
    await ended;
    await expectNoMessage(webhook);
    await expectStillWorking(webhook);
  });
});

describe('slow senders are answered 408', () => {
  const timeouts = { headersMs: 300, requestMs: 600, keepAliveMs: 5000 };

  test.each([
    ['a head', 'POST / HTTP/1.1\r\nX-A: '],
    ['a body', `${HEAD}Content-Length: 5000\r\n\r\n`],
  ])('%s in drips', { timeout: slowly(10_000) }, async (_, start) => {
    const webhook = await startWebhook({ timeouts });
    const { socket, received, ended } = await rawConnection(webhook.port);
    socket.write(start);
    const drip = setInterval(() => socket.write('x'), 50);
    await ended;
    clearInterval(drip);
    expect(received()).toMatch(/^HTTP\/1\.1 408 /);
    await expectNoMessage(webhook);
  });

  test('and do not stop others', async () => {
    const webhook = await startWebhook();
    await Promise.all(
      Array.from({ length: 300 }, async () => {
        const { socket } = await rawConnection(webhook.port);
        socket.write(`${HEAD}Content-Length: 50\r\n\r\nabc`);
      }),
    );
    await until(() => inFlight(webhook) === 300);
    const started = performance.now();
    await expectStillWorking(webhook);
    expect(performance.now() - started).toBeLessThan(slowly(500));
  });
});

describe('the door', () => {
  test('is closed by count before the body is read, and opens again', async () => {
    const webhook = await startWebhook({ maxInFlight: 2, retryAfterSeconds: 3 });
    const held = [post(webhook.port, '/', 'a'), post(webhook.port, '/', 'b')];
    await until(() => inFlight(webhook) === 2);
    expect(webhook.source.health().status).toBe('degraded');
    // The body is announced and never sent: the answer does not wait for it.
    const { socket, received } = await rawConnection(webhook.port);
    socket.write(`${HEAD}Content-Length: 10\r\n\r\n`);
    await until(() => received().endsWith('}'));
    expect(received()).toMatch(/^HTTP\/1\.1 503 .*\r\nretry-after: 3\r\n/is);
    expect(webhook.source.health().details).toMatchObject({ inFlight: '2', overloaded: '1' });
    webhook.source.ack(await webhook.next(), undefined);
    await Promise.race(held);
    const later = post(webhook.port, '/', 'c');
    for (let i = 0; i < 2; i++) webhook.source.ack(await webhook.next(), undefined);
    expect((await later).status).toBe(202);
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([202, 202]);
    expect(webhook.source.health().status).toBe('ok');
  });

  test('is closed by announced bytes, and a chunked body claims the whole limit', async () => {
    const webhook = await startWebhook({ bodyLimitBytes: 100, maxInFlightBytes: 150 });
    const held = post(webhook.port, '/', 'x'.repeat(60));
    const handed = await webhook.next();
    expect((await post(webhook.port, '/', 'x'.repeat(91))).status).toBe(503);
    const chunked = { headers: { 'transfer-encoding': 'chunked' } };
    expect((await post(webhook.port, '/', 'x', chunked)).status).toBe(503);
    const fits = post(webhook.port, '/', 'x'.repeat(90));
    webhook.source.ack(await webhook.next(), undefined);
    expect((await fits).status).toBe(202);
    webhook.source.ack(handed, undefined);
    expect((await held).status).toBe(202);
  });

  test('answers every request of a burst, and holds no more than it may', async () => {
    const webhook = await startWebhook({ maxInFlight: 20 });
    let highest = 0;
    let acked = 0;
    const stop = new AbortController();
    const host = (async () => {
      await until(() => webhook.source.health().details['overloaded'] !== '0');
      for (;;) {
        const handed = await webhook.source.next(stop.signal);
        highest = Math.max(highest, inFlight(webhook));
        await new Promise(setImmediate);
        webhook.source.ack(handed, undefined);
        acked += 1;
      }
    })().catch(() => {});
    const calls = Array.from({ length: 600 }, () => post(webhook.port, '/', 'x'.repeat(1000)));
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    stop.abort();
    await host;
    const count = (status: number) => statuses.filter((one) => one === status).length;
    expect(count(202) + count(503)).toBe(600);
    expect(count(202)).toBe(acked);
    expect(count(503)).toBeGreaterThan(0);
    expect(highest).toBeLessThanOrEqual(20);
    expect(inFlight(webhook)).toBe(0);
  });

  test('pushes back while nobody receives, and goes on when somebody does', async () => {
    const webhook = await startWebhook({ maxInFlight: 10 });
    const calls = Array.from({ length: 50 }, () => post(webhook.port, '/', 'x'));
    await until(() => webhook.source.health().details['overloaded'] === '40');
    expect(inFlight(webhook)).toBe(10);
    expect(webhook.source.health().status).toBe('degraded');
    for (let i = 0; i < 10; i++) webhook.source.ack(await webhook.next(), undefined);
    const answers = await Promise.all(calls);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(10);
    for (const { status, headers } of answers) {
      if (status !== 202) expect([status, headers['retry-after']]).toEqual([503, '5']);
    }
    await expectStillWorking(webhook);
    expect(webhook.source.health().status).toBe('ok');
  });

  test('gives leave to send a body only to whom it lets in', async () => {
    const webhook = await startWebhook({ maxInFlight: 1, bodyLimitBytes: 100 });
    const ask = async (length: number) => {
      const connection = await rawConnection(webhook.port);
      connection.socket.write(`${HEAD}Expect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`);
      await until(() => connection.received().includes('\r\n'));
      return connection;
    };
    expect((await ask(101)).received()).toMatch(/^HTTP\/1\.1 413 /);
    const { socket, received } = await ask(3);
    expect(received()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    expect((await ask(3)).received()).toMatch(/^HTTP\/1\.1 503 /);
    socket.write('abc');
    const handed = await webhook.next();
    expect(Buffer.from(handed.message.payload).toString()).toBe('abc');
    webhook.source.ack(handed, undefined);
    await until(() => received().includes('HTTP/1.1 202 '));
  });

  test('connections above the limit are closed at once', async () => {
    const webhook = await startWebhook({ maxConnections: 1 });
    await rawConnection(webhook.port);
    const second = await rawConnection(webhook.port);
    await second.ended;
    expect(second.received()).toBe('');
  });
});

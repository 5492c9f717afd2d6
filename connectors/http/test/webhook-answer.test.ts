import { once } from 'node:events';
import { Agent } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { inFlight, post, rawConnection, startWebhook, until } from './support/webhook.ts';

test('the reply of the host reaches the sender', async () => {
  const webhook = await startWebhook();
  const answer = post(webhook.port, '/', 'x');
  webhook.source.ack(await webhook.next(), {
    status: 201,
    headers: { 'Content-Type': 'text/plain', 'X-Order': '7', 'Content-Length': '999' },
    payload: Buffer.from('done'),
  });
  expect(await answer).toMatchObject({
    status: 201,
    headers: { 'content-type': 'text/plain', 'x-order': '7', 'content-length': '4' },
    body: 'done',
  });
});

test('a reply without a status is 202, and 204 has no body', async () => {
  const webhook = await startWebhook();
  const answer = async (status: number): Promise<unknown> => {
    const call = post(webhook.port, '/', 'x');
    const reply = { status, headers: {}, payload: Buffer.from('body') };
    webhook.source.ack(await webhook.next(), reply);
    return call;
  };
  expect(await answer(0)).toMatchObject({ status: 202, body: 'body' });
  expect(await answer(204)).toMatchObject({ status: 204, body: '' });
});

test.each([
  [{ status: 99, headers: {} }],
  [{ status: 1000, headers: {} }],
  [{ status: 200, headers: { 'x-split': 'a\r\nSet-Cookie: b' } }],
  [{ status: 200, headers: { 'x split': 'a' } }],
])('a reply that HTTP cannot carry becomes 202, and is logged: %j', async (reply) => {
  const webhook = await startWebhook();
  const answer = post(webhook.port, '/', 'x');
  webhook.source.ack(await webhook.next(), { ...reply, payload: Buffer.from('x') });
  expect(await answer).toMatchObject({ status: 202, body: '' });
  expect(String(webhook.logged.at(-1))).toContain('HTTP cannot carry');
});

test('a rejected message counts as taken, a released one is to come again', async () => {
  const webhook = await startWebhook({ retryAfterSeconds: 7 });
  const rejected = post(webhook.port, '/', 'x');
  webhook.source.nack(await webhook.next(), 'reject');
  expect((await rejected).status).toBe(202);
  const released = post(webhook.port, '/', 'x');
  webhook.source.nack(await webhook.next(), 'release');
  expect(await released).toMatchObject({ status: 503, headers: { 'retry-after': '7' } });
  expect(inFlight(webhook)).toBe(0);
});

test('nobody acks in time: 503, the message is withdrawn, and a late ack is harmless', async () => {
  const webhook = await startWebhook({ ackTimeoutMs: 50 });
  const started = performance.now();
  const answer = post(webhook.port, '/', 'x');
  const handed = await webhook.next();
  expect(handed.withdrawn).toBeFalsy();
  expect(await answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  expect(performance.now() - started).toBeGreaterThanOrEqual(49);
  expect(handed.withdrawn).toBe(true);
  webhook.source.ack(handed, undefined);
  webhook.source.nack(handed, 'release');
  expect(inFlight(webhook)).toBe(0);
  expect(webhook.source.health().details['expired']).toBe('1');
});

test('a message withdrawn in the queue is never handed out, and later ones are', async () => {
  const webhook = await startWebhook({ ackTimeoutMs: 50 });
  expect((await post(webhook.port, '/old', 'x')).status).toBe(503);
  const answer = post(webhook.port, '/new', 'x');
  const handed = await webhook.next();
  expect(handed.message.headers?.['http.path']).toBe('/new');
  webhook.source.ack(handed, undefined);
  expect((await answer).status).toBe(202);
});

test('each request has its own deadline, though they share a timer', async () => {
  const webhook = await startWebhook({ ackTimeoutMs: 1000 });
  const times = await Promise.all(
    [0, 400, 800].map(async (delay) => {
      await new Promise((resolve) => setTimeout(resolve, delay));
      const sent = performance.now();
      expect((await post(webhook.port, '/', 'x')).status).toBe(503);
      return performance.now() - sent;
    }),
  );
  for (const time of times) expect(time).toBeGreaterThanOrEqual(999);
  expect(Math.max(...times)).toBeLessThan(1800);
});

test('the sender leaves before the ack: the message stays, its room is freed when settled', async () => {
  const webhook = await startWebhook();
  const { socket, ended } = await rawConnection(webhook.port);
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc');
  const handed = await webhook.next();
  socket.resetAndDestroy();
  await ended;
  // A later request has been through the door: the reset was seen.
  const other = post(webhook.port, '/', 'x');
  webhook.source.ack(await webhook.next(), undefined);
  await other;
  expect(inFlight(webhook)).toBe(1);
  expect(handed.withdrawn).toBeFalsy();
  webhook.source.ack(handed, undefined);
  expect(inFlight(webhook)).toBe(0);
});

test('the sender is gone without a word: the message stays, its connection is closed after the answer', async () => {
  const webhook = await startWebhook({ timeouts: { keepAliveMs: 100 } });
  const { socket, ended } = await rawConnection(webhook.port);
  // It reads nothing and closes nothing, as one whose cable was cut.
  socket.pause().write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc');
  const handed = await webhook.next();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(handed.withdrawn).toBeFalsy();
  expect(socket.destroyed).toBe(false);
  webhook.source.ack(handed, undefined);
  expect(inFlight(webhook)).toBe(0);
  socket.resume();
  await ended;
});

test('a request that never becomes whole gives no message, and frees its room', async () => {
  const webhook = await startWebhook();
  const { socket } = await rawConnection(webhook.port);
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nabc');
  await until(() => inFlight(webhook) === 1);
  socket.resetAndDestroy();
  await until(() => inFlight(webhook) === 0);
  await expect(webhook.source.next(AbortSignal.abort(new Error('none')))).rejects.toThrow('none');
});

test('next rejects with the reason of its signal and loses nothing', async () => {
  const webhook = await startWebhook();
  const stop = new AbortController();
  const waiting = webhook.source.next(stop.signal);
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  const answer = post(webhook.port, '/', 'x');
  webhook.source.ack(await webhook.next(), undefined);
  expect((await answer).status).toBe(202);
});

test('pipelined requests are answered in order, whatever the order of their acks', async () => {
  const webhook = await startWebhook();
  const { socket, received } = await rawConnection(webhook.port);
  const one = (path: string) => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx`;
  socket.write(one('/1') + one('/2'));
  const [first, second] = [await webhook.next(), await webhook.next()];
  const reply = (status: number) => ({ status, headers: {}, payload: Buffer.alloc(0) });
  webhook.source.ack(second, reply(202));
  webhook.source.ack(first, reply(201));
  await until(() => received().includes(' 202 '));
  expect(received().indexOf(' 201 ')).toBeLessThan(received().indexOf(' 202 '));
});

test('a connection is kept for further requests', async () => {
  const webhook = await startWebhook();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const sockets = new Set();
  agent.on('free', (socket) => sockets.add(socket));
  for (let i = 0; i < 3; i++) {
    const freed = once(agent, 'free');
    const answer = post(webhook.port, '/', 'x', { agent });
    webhook.source.ack(await webhook.next(), undefined);
    expect((await answer).status).toBe(202);
    await freed;
  }
  expect(sockets.size).toBe(1);
});

import { describe, expect, onTestFinished, test } from 'vitest';
import { deliver, inFlight, post, rawConnection, startWebhook, until } from './support/webhook.ts';

const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\n';

function drip(write: () => void): void {
  const timer = setInterval(write, 20);
  onTestFinished(() => clearInterval(timer));
}

describe('slow senders that hold all the room there is', () => {
  test.each([
    ['by their number', { maxInFlight: 20 }, 'Content-Length: 1000'],
    ['by their bytes', { bodyLimitBytes: 1000, maxInFlightBytes: 20_000 }, 'Content-Length: 1000'],
    [
      'by not telling their bytes',
      { bodyLimitBytes: 1000, maxInFlightBytes: 20_000 },
      'Transfer-Encoding: chunked',
    ],
  ])('%s give way to others, the slowest first', async (_, settings, header) => {
    const webhook = await startWebhook(settings);
    const slow = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const connection = await rawConnection(webhook.port);
        connection.socket.write(`${HEAD}${header}\r\n\r\n`);
        return connection;
      }),
    );
    await until(() => inFlight(webhook) === 20);
    drip(() =>
      slow.forEach(({ socket }) => socket.write(header.startsWith('T') ? '1\r\nx\r\n' : 'x')),
    );
    expect((await post(webhook.port, '/', 'x')).status).toBe(503);
    await new Promise((resolve) => setTimeout(resolve, 500)); // the patience that each has for it
    for (let i = 0; i < 5; i++) {
      expect((await deliver(webhook, post(webhook.port, '/', 'x'))).answer.status).toBe(202);
    }
    const refused = () => slow.filter(({ received }) => received().includes(' 503 ')).length;
    await until(() => refused() >= 1);
    expect(refused()).toBeLessThanOrEqual(5);
    expect(slow[0]?.received()).toContain('retry-after');
  });

  test('a body that arrives in time is safe from that, however full it is', async () => {
    const webhook = await startWebhook({ maxInFlight: 1 });
    const { socket, received } = await rawConnection(webhook.port);
    socket.write(`${HEAD}Content-Length: 3\r\n\r\nab`);
    await until(() => inFlight(webhook) === 1);
    expect((await post(webhook.port, '/', 'x')).status).toBe(503);
    socket.write('c');
    const handed = await webhook.next();
    expect(Buffer.from(handed.message.payload).toString()).toBe('abc');
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await post(webhook.port, '/', 'x')).status).toBe(503);
    webhook.source.ack(handed, undefined);
    await until(() => received().includes(' 202 '));
  });
});

describe('bodies', () => {
  test('in single bytes arrive whole', async () => {
    const webhook = await startWebhook();
    const { socket, received } = await rawConnection(webhook.port);
    const bytes = 3000;
    socket.setNoDelay(true).write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    for (let i = 0; i < bytes; i++) {
      socket.write(`1\r\n${i % 10}\r\n`);
      if (i % 100 === 0) await new Promise(setImmediate);
    }
    socket.write('0\r\n\r\n');
    const handed = await webhook.next();
    const { payload } = handed.message;
    expect(payload.length).toBe(bytes);
    expect(Buffer.from(payload).toString().startsWith('0123456789012')).toBe(true);
    webhook.source.ack(handed, undefined);
    await until(() => received().includes(' 202 '));
  });

  test('that claim less than they send: the rest is no body', async () => {
    const webhook = await startWebhook();
    const { socket, received } = await rawConnection(webhook.port);
    socket.write(`${HEAD}Content-Length: 3\r\n\r\nabc${'x'.repeat(5000)}`);
    const handed = await webhook.next();
    expect(Buffer.from(handed.message.payload).toString()).toBe('abc');
    webhook.source.ack(handed, undefined);
    await until(() => received().includes(' 400 ') || received().includes(' 202 '));
    await expect(webhook.source.next(AbortSignal.abort(new Error('none')))).rejects.toThrow('none');
  });

  test('of any number of pieces arrive whole', async () => {
    const webhook = await startWebhook();
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
      const { message } = await deliver(webhook, post(webhook.port, '/', body, { headers }));
      expect(body.equals(message.payload)).toBe(true);
    }
  });

  test('above the limit in an endless stream of chunks are refused, and memory stays flat', async () => {
    const webhook = await startWebhook({ bodyLimitBytes: 100_000 });
    const { socket, received, ended } = await rawConnection(webhook.port);
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    const piece = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    let sent = 0;
    drip(() => {
      for (let i = 0; i < 20 && !socket.destroyed; i++)
        sent += socket.write(piece) ? piece.length : 0;
    });
    await until(() => received().includes('\r\n'));
    expect(received()).toMatch(/^HTTP\/1\.1 413 /);
    await ended;
    expect(inFlight(webhook)).toBe(0);
    expect(sent).toBeLessThan(50_000_000);
  });
});

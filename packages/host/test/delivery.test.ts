import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listDeadLetters } from '@vrsky/host';
import { expect, test } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import { tempFolder } from './support/folder.ts';
import { startHost } from './support/host.ts';
import { journal, scripted, webhookTo } from './support/integration.ts';
import { ok, startSink } from './support/sink.ts';
import { until } from './support/until.ts';

async function post(port: number, body: string | Uint8Array<ArrayBuffer>): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/orders`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/octet-stream' },
    signal: AbortSignal.timeout(slowly(15_000)),
  });
  return response.status;
}

test('a webhook arrives at the other end byte for byte, and is told', async () => {
  const { url, received } = await startSink(ok);
  const host = await startHost(webhookTo(tempFolder(), url));
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  expect(await post(await host.port(), bytes)).toBe(202);
  const [event] = await until('it is delivered', () => host.messages.length === 1 && host.messages);
  expect(received.map(({ body }) => body)).toEqual([Buffer.from(bytes)]);
  expect(event).toMatchObject({ bytes: 256, milliseconds: expect.any(Number) });
  expect(received[0]?.headers['x-message-id']).toBe(event?.id);
  expect(host.connected.map(({ direction }) => direction).sort()).toEqual(['incoming', 'outgoing']);
  await host.stop();
});

test('a destination that fails for a while gets the same message again, under the same id', async () => {
  const { url, received } = await startSink((response, _, index) => {
    response.statusCode = index < 2 ? 503 : 200;
    response.end();
  });
  const host = await startHost(webhookTo(tempFolder(), url));
  await post(await host.port(), 'x');
  await until('it is delivered', () => host.messages.length === 1);
  expect(received.length).toBe(3);
  expect(new Set(received.map(({ headers }) => headers['x-message-id'])).size).toBe(1);
  expect(host.alerts).toEqual([]);
  await host.stop();
});

test('a destination that asks for time before a retry gets it', async () => {
  const times: number[] = [];
  const { url } = await startSink((response, _, index) => {
    times.push(performance.now());
    if (index === 0) response.writeHead(503, { 'retry-after': '1' });
    response.end();
  });
  const host = await startHost(webhookTo(tempFolder(), url));
  await post(await host.port(), 'x');
  await until('it is delivered', () => host.messages.length === 1);
  const [first = 0, second = 0] = times;
  expect(second - first).toBeGreaterThan(990);
  await host.stop();
});

test('a destination that asks for more time than maxBackoff gets that', async () => {
  const { url } = await startSink((response, _, index) => {
    if (index === 0) response.writeHead(429, { 'retry-after': '3600' });
    response.end();
  });
  const retry = { maxRetries: 1, initialBackoff: '10ms', maxBackoff: '100ms' };
  const host = await startHost(webhookTo(tempFolder(), url, { outgoing: { retry } }));
  await post(await host.port(), 'x');
  await until('it is delivered', () => host.messages.length === 1);
  await host.stop();
});

test('a final failure and exhausted retries become dead letters and alerts; the others go on', async () => {
  const folder = tempFolder();
  const { url, received } = await startSink((response, { body }) => {
    const text = body.toString();
    response.statusCode = { final: 400, never: 500 }[text] ?? 200;
    response.end();
  });
  const host = await startHost(webhookTo(folder, url));
  const port = await host.port();
  for (const text of ['final', 'never', 'good']) expect(await post(port, text)).toBe(202);
  await until('the good one is delivered', () => host.messages.length === 1);
  const bodies = received.map(({ body }) => body.toString());
  expect(bodies).toEqual(['final', 'never', 'never', 'never', 'good']);
  expect(host.alerts).toMatchObject([
    { kind: 'dead-letter', code: 'SEND_FAILED', attempts: 1 },
    { kind: 'dead-letter', code: 'SERVER_ERROR', attempts: 3 },
  ]);
  const letters = listDeadLetters(join(folder, 'orders.db'));
  expect(letters.map(({ attempts, bytes }) => ({ attempts, bytes }))).toEqual([
    { attempts: 1, bytes: 5 },
    { attempts: 3, bytes: 5 },
  ]);
  await host.stop();
});

test('a slow destination keeps no webhook waiting, and messages keep their order', async () => {
  const release = Promise.withResolvers<void>();
  const { url, received } = await startSink(async (response) => {
    await release.promise;
    response.end();
  });
  const host = await startHost(webhookTo(tempFolder(), url));
  const port = await host.port();
  const texts = Array.from({ length: 20 }, (_, index) => `message ${index}`);
  for (const text of texts) expect(await post(port, text)).toBe(202);
  expect(received.length).toBeLessThanOrEqual(1);
  release.resolve();
  await until('all are delivered', () => host.messages.length === texts.length);
  expect(received.map(({ body }) => body.toString())).toEqual(texts);
  await host.stop();
});

test('with concurrency, sends overlap', async () => {
  const all = Promise.withResolvers<void>();
  const { url } = await startSink(async (response, _, index) => {
    if (index === 3) all.resolve();
    await all.promise;
    response.end();
  });
  const host = await startHost(webhookTo(tempFolder(), url, { more: { concurrency: 4 } }));
  const port = await host.port();
  await Promise.all(['a', 'b', 'c', 'd'].map((text) => post(port, text)));
  await until('all are delivered', () => host.messages.length === 4);
  await host.stop();
});

test('a full store pushes back: the next webhook is answered only when there is room', async () => {
  const release = Promise.withResolvers<void>();
  const { url } = await startSink(async (response) => {
    await release.promise;
    response.end();
  });
  const host = await startHost(
    webhookTo(tempFolder(), url, { more: { maxStored: { messages: 2 } } }),
  );
  const port = await host.port();
  expect([await post(port, 'a'), await post(port, 'b')]).toEqual([202, 202]);
  const third = post(port, 'c');
  expect(await Promise.race([third, sleep(500)])).toBeUndefined();
  release.resolve();
  expect(await third).toBe(202);
  await until('all are delivered', () => host.messages.length === 3);
  await host.stop();
});

test('identity and destination are stamped; a message with another identity is never sent', async () => {
  const folder = tempFolder();
  const messages = [
    { id: 'own', text: 'a' },
    { id: 'foreign', text: 'b', customer: 'evil' },
    { id: 'last', text: 'c' },
  ];
  const identity = { customer: 'acme', tenant: 'acme-eu', integration: 'orders' };
  const file = scripted(folder, {
    incoming: { settings: { messages } },
    more: { identity },
  });
  const host = await startHost(file);
  await until('the last is delivered', () => host.messages.some(({ id }) => id === 'last'));
  const sent = journal(folder, 'out').filter((line) => line.startsWith('sent'));
  expect(sent).toContain('sent own a acme scripted');
  expect(sent).toContain('sent last c acme scripted');
  // The connector's own runtime stamps and so refuses as well: either way nothing foreign gets out.
  expect(sent.filter((line) => line.includes('evil'))).toEqual([]);
  await host.stop();
});

test('a message that comes again while it is stored is acked and sent once', async () => {
  const folder = tempFolder();
  const messages = [
    { id: 'same', text: 'a' },
    { id: 'same', text: 'a' },
    { id: 'other', text: 'b' },
  ];
  const outgoing = { settings: { failures: 1 }, retry: { initialBackoff: '500ms' } };
  const host = await startHost(
    scripted(folder, { incoming: { settings: { messages } }, outgoing }),
  );
  await until('both are delivered', () => host.messages.length === 2);
  const acks = (): string[] => journal(folder, 'in').filter((line) => line.startsWith('ack'));
  await until('all are acked', () => acks().length === 3);
  expect(acks()).toEqual(['ack same', 'ack same', 'ack other']);
  const sent = journal(folder, 'out').filter((line) => line.startsWith('sent'));
  expect(sent.map((line) => line.split(' ')[1])).toEqual(['same', 'other']);
  await host.stop();
});

test('secrets reach the connector and stay out of everything that is written', async () => {
  const folder = tempFolder();
  const outgoing = {
    credentials: { key: '${SECRET:erp-key}' },
    secrets: ['token'],
    settings: { failures: 1, error: { recoverable: false }, askFor: ['token', 'erp-key'] },
  };
  const incoming = { settings: { messages: [{ id: 'a', text: 'a' }] } };
  const host = await startHost(scripted(folder, { incoming, outgoing }), {
    env: { VRSKY_SECRET_ERP_KEY: 'hunter2', VRSKY_SECRET_TOKEN: 'hunter3' },
  });
  await until('it is dead', () => host.alerts.length === 1);
  // It knew the key, and could ask for what is listed only.
  expect(journal(folder, 'out')).toEqual(
    expect.arrayContaining(['secret token hunter3', 'secret erp-key NOT_FOUND']),
  );
  await host.stop();
  const written = [host.log, host.alerts, listDeadLetters(join(folder, 'orders.db'))];
  expect(JSON.stringify(written)).not.toContain('hunter');
  expect(host.alerts[0]).toMatchObject({ text: expect.stringMatching(/failed with/) });
});

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import { listenError } from '../src/webhook/listen-error.ts';
import { webhookConfig } from './support/config.ts';
import { failureOf } from './support/failure.ts';
import { freePort } from './support/process.ts';
import {
  createSource,
  type Handed,
  inFlight,
  post,
  rawConnection,
  startWebhook,
  until,
  type Webhook,
} from './support/webhook.ts';

const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\n';
const signal = AbortSignal.timeout(60_000);

/** A port that is taken until the test ends. */
async function takePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

async function expectPortFree({ port }: Webhook): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

function takeAgent(): Agent {
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  return agent;
}

test('stop answers what is in hand, refuses the rest, and frees the port despite idle clients', async () => {
  const webhook = await startWebhook();
  const idle = await rawConnection(webhook.port);
  const agent = takeAgent();
  const warm = post(webhook.port, '/', 'x', { agent });
  webhook.source.ack(await webhook.next(), undefined);
  await warm;

  let answered = 0;
  const calls = Array.from({ length: 50 }, async () => {
    const answer = await post(webhook.port, '/', 'x', { agent });
    answered += 1;
    return answer;
  });
  await until(() => inFlight(webhook) === 50);
  const handed: Handed[] = [];
  for (let i = 0; i < 20; i++) handed.push(await webhook.next());
  const started = performance.now();
  const stopped = webhook.stop(10_000);

  const refused = await rawConnection(webhook.port).catch((error: Error) => error);
  expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
  await until(() => answered === 30);
  for (const one of handed) webhook.source.ack(one, undefined);
  await stopped;
  expect(performance.now() - started).toBeLessThan(slowly(2000));
  await idle.ended;
  const answers = await Promise.all(calls);
  const count = (status: number) => answers.filter((answer) => answer.status === status).length;
  expect([count(202), count(503)]).toEqual([20, 30]);
  for (const { status, headers } of answers) {
    expect(headers.connection).toBe('close');
    if (status === 503) expect(headers['retry-after']).toBe('5');
  }
  await expectPortFree(webhook);
});

test.each([
  ['its signal aborts', 10_000, 100],
  ['the drain timeout is over', 100, 10_000],
])('stop answers 503 to what is not acked when %s', async (_, drainTimeoutMs, withinMs) => {
  const webhook = await startWebhook({ drainTimeoutMs });
  const call = post(webhook.port, '/', 'x');
  const handed = await webhook.next();
  const started = performance.now();
  await webhook.stop(withinMs);
  expect(performance.now() - started).toBeGreaterThanOrEqual(99);
  expect(performance.now() - started).toBeLessThan(slowly(2000));
  expect(await call).toMatchObject({ status: 503, headers: { connection: 'close' } });
  expect(handed.withdrawn).toBe(true);
  webhook.source.ack(handed, undefined);
  await expectPortFree(webhook);
});

test('a new request on a connection that is still busy is refused while stopping', async () => {
  const webhook = await startWebhook();
  const { socket, received, ended } = await rawConnection(webhook.port);
  socket.write(`${HEAD}Content-Length: 1\r\n\r\nx`);
  const handed = await webhook.next();
  const stopped = webhook.stop(5000);
  socket.write(`${HEAD}Content-Length: 1\r\n\r\nx`);
  const late = await rawConnection(webhook.port).catch(() => undefined);
  expect(late).toBeUndefined();
  webhook.source.ack(handed, undefined);
  await stopped;
  await ended;
  expect(received()).toMatch(/^HTTP\/1\.1 202 /);
  await expect(webhook.source.next(AbortSignal.abort(new Error('none')))).rejects.toThrow('none');
});

test('stop does not wait for a body that is still on its way', async () => {
  const webhook = await startWebhook();
  const { socket, received, ended } = await rawConnection(webhook.port);
  socket.write(`${HEAD}Content-Length: 100\r\n\r\nabc`);
  await until(() => inFlight(webhook) === 1);
  const started = performance.now();
  await webhook.stop(10_000);
  await ended;
  expect(performance.now() - started).toBeLessThan(slowly(2000));
  expect(received()).toMatch(/^HTTP\/1\.1 503 /);
  await expectPortFree(webhook);
});

test('Connect names a port in use with its address', async () => {
  const port = await takePort();
  const { source } = createSource({ port });
  expect(await failureOf(source.start(signal))).toMatchObject({
    code: 'CONNECTION_FAILED',
    reason: 'PORT_IN_USE',
    recoverable: true,
    rawMessage: expect.stringContaining(`127.0.0.1:${port}`),
  });
});

test('an address that this machine does not have is told', async () => {
  const { source } = createSource({ host: '192.0.2.1' });
  expect(await failureOf(source.start(signal))).toMatchObject({
    code: 'CONNECTION_FAILED',
    reason: 'NO_SUCH_ADDRESS',
  });
});

test('a port that needs a privilege is a fault of the configuration', () => {
  // A real one would depend on who runs the tests.
  const cause = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });
  expect(listenError(cause, '0.0.0.0:80')).toMatchObject({
    code: 'INVALID_CONFIG',
    recoverable: false,
    rawMessage: expect.stringContaining('0.0.0.0:80'),
    cause,
  });
});

test('start that is aborted leaves the port free', async () => {
  const { source } = createSource();
  await expect(source.start(AbortSignal.abort(new Error('no more')))).rejects.toThrow('no more');
  expect(() => source.health()).toThrow('CONNECTION_FAILED');
});

test('start that is aborted when the port is just open closes it again', async () => {
  const webhook = await startWebhook();
  await webhook.stop();
  const stop = new AbortController();
  const abort = (): void => stop.abort(new Error('no more'));
  subscribe('tracing:net.server.listen:asyncEnd', abort);
  const { source } = createSource({ port: webhook.port });
  await expect(source.start(stop.signal)).rejects.toThrow('no more');
  unsubscribe('tracing:net.server.listen:asyncEnd', abort);
  await expectPortFree(webhook);
});

test('stop does not wait for a client that has begun a request and says no more', async () => {
  const webhook = await startWebhook();
  const { socket, ended } = await rawConnection(webhook.port);
  socket.write('POST / HTTP/1.1\r\nHost:');
  const answer = post(webhook.port, '/', 'x');
  webhook.source.ack(await webhook.next(), undefined);
  await answer;
  const started = performance.now();
  await webhook.stop();
  await ended;
  expect(performance.now() - started).toBeLessThan(slowly(2000));
});

test('Validate warns of missing authentication, and leaves nothing behind', async () => {
  const webhook = await startWebhook();
  await webhook.stop();
  const free = createSource({ port: webhook.port }).source;
  expect(await free.validate(signal)).toEqual([expect.stringContaining('no authentication')]);
  await expectPortFree(webhook);
});

describe('a port in use', () => {
  const inUse = { code: 'CONNECTION_FAILED', reason: 'PORT_IN_USE', recoverable: true };

  test('by another program fails Validate, unless probe is false', async () => {
    const port = await takePort();
    expect(await failureOf(createSource({ port }).source.validate(signal))).toMatchObject({
      ...inUse,
      rawMessage: expect.stringContaining(`127.0.0.1:${port}`),
    });
    const other = webhookConfig({ port: await freePort() });
    expect(await failureOf(createSource({ port }).source.validate(signal, other))).toMatchObject(
      inUse,
    );
    expect(await createSource({ port, probe: false }).source.validate(signal)).toHaveLength(1);
  });

  test('by the connection of this process does not, on whatever address', async () => {
    const { port } = await startWebhook();
    const connected = webhookConfig({ port });
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      const { source } = createSource({ port, host });
      expect(await source.validate(signal, connected)).toHaveLength(1);
    }
  });
});

test.each([
  [{ routes: [{ path: '/ok' }, { path: '/:a(' }] }, 'settings.routes[1].path'],
  [{ bodyLimitBytes: 2000, maxInFlightBytes: 1000 }, 'settings.maxInFlightBytes'],
])('Validate and start refuse %j', async (settings, field) => {
  const expected = { code: 'INVALID_CONFIG', recoverable: false, field };
  expect(await failureOf(createSource(settings).source.validate(signal))).toMatchObject(expected);
  expect(await failureOf(createSource(settings).source.start(signal))).toMatchObject(expected);
});

test('Health fails when the listener is gone', async () => {
  const webhook = await startWebhook();
  expect(webhook.source.health()).toMatchObject({ details: { port: String(webhook.port) } });
  await webhook.stop();
  expect(() => webhook.source.health()).toThrow(
    expect.objectContaining({
      code: 'CONNECTION_FAILED',
      recoverable: true,
      rawMessage: expect.stringContaining(`127.0.0.1:${webhook.port}`),
    }),
  );
});

test('missing authentication is logged once when it starts', async () => {
  const { logged } = await startWebhook();
  expect(logged).toEqual([expect.stringContaining('no authentication')]);
});

import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { PluginError } from '@vrsky/runtime';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { failureOf } from './support/failure.ts';
import { serveTokens, startOAuth2 } from './support/oauth2.ts';
import { freePort } from './support/process.ts';
import { messageOf, serveHttp, signal, startRest } from './support/rest.ts';

const OK = { status: 'ok', details: { failuresInRow: '0' } };

/** Lets time pass for the connector, which dials at most every 5 s. */
function pass(ms: number): void {
  vi.advanceTimersByTime(ms);
}

function stopPerformanceClock(): void {
  vi.useFakeTimers({ toFake: ['performance'], now: Date.now() });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

/** A server whose answers the test decides. */
async function serveStatus(): Promise<{ url: string; status: number; requests: unknown[] }> {
  const server = { url: '', status: 200, requests: [] as unknown[] };
  const { url } = await serveHttp((request, response: ServerResponse) => {
    server.requests.push(`${request.method} ${request.url}`);
    response.writeHead(server.status).end();
  });
  return Object.assign(server, { url });
}

async function openAgain(port: number): Promise<Server> {
  const server = createServer((_request, response) => response.end());
  server.listen(port, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return server;
}

describe('Health fails with the cause', () => {
  test('of 30 failed sends in a row', async () => {
    const { send, destination } = await startRest({
      url: `http://127.0.0.1:${await freePort()}`,
      circuitBreaker: { enabled: false },
    });
    expect(await destination.health(signal)).toEqual(OK);
    for (let i = 0; i < 30; i++) await send(messageOf(`m-${i}`));
    const failure = await failureOf(destination.health(signal));
    expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
    expect(failure.rawMessage).toMatch(/^30 sends failed in a row.*ECONNREFUSED/);
  });

  test.each([
    [500, { code: 'SERVER_ERROR', recoverable: true }],
    [401, { code: 'AUTH_FAILED', recoverable: false }],
  ])('of a send that was answered %i, until one succeeds', async (status, expected) => {
    const server = await serveStatus();
    const { send, destination } = await startRest({ url: server.url });
    server.status = status;
    await send(messageOf('m-1'));
    expect(await failureOf(destination.health(signal))).toMatchObject(expected);
    server.status = 200;
    await send(messageOf('m-2'));
    expect(await destination.health(signal)).toEqual(OK);
  });

  test('of a token that is not given', async () => {
    const tokens = await serveTokens();
    const { url } = await serveHttp((_request, response) => response.writeHead(401).end());
    const { send, destination } = await startOAuth2(url, tokens.tokenUrl);
    tokens.answer = () => ({ status: 401, body: { error: 'invalid_client' } });
    await send(messageOf('m-1'));
    expect(await failureOf(destination.health(signal))).toMatchObject({
      code: 'AUTH_FAILED',
      rawMessage: expect.stringContaining('invalid_client'),
    });
  });

  test('of an open circuit, also when a connection is established, until it is tried again', async () => {
    stopPerformanceClock();
    const server = await serveStatus();
    const circuitBreaker = { minRequests: 4, openMs: 60_000 };
    const { send, destination } = await startRest({ url: server.url, circuitBreaker });
    server.status = 500;
    for (let i = 0; i < 4; i++) await send(messageOf(`m-${i}`));
    expect((await send(messageOf('m-4')))[0]).toMatchObject({ reason: 'CIRCUIT_OPEN' });
    expect(await failureOf(destination.health(signal))).toMatchObject({ code: 'SERVER_ERROR' });
    pass(5000);
    expect(await failureOf(destination.health(signal))).toMatchObject({ reason: 'CIRCUIT_OPEN' });
    pass(60_000);
    expect(await destination.health(signal)).toMatchObject({
      status: 'degraded',
      details: { circuitOpen: server.url },
    });
  });

  test('of messages that are refused one after the other; a few of them only degrade it', async () => {
    const server = await serveStatus();
    const { send, destination } = await startRest({ url: server.url });
    server.status = 422;
    for (let i = 0; i < 9; i++) await send(messageOf(`m-${i}`));
    expect(await destination.health(signal)).toMatchObject({
      status: 'degraded',
      details: { failuresInRow: '9', lastError: expect.stringContaining('422') },
    });
    await send(messageOf('m-9'));
    expect(await failureOf(destination.health(signal))).toMatchObject({ code: 'SEND_FAILED' });
  });
});

describe('without a send', () => {
  test('Health recovers when the endpoint does', async () => {
    stopPerformanceClock();
    const port = await freePort();
    const { send, destination } = await startRest({ url: `http://127.0.0.1:${port}` });
    await send(messageOf('m-1'));
    pass(5000);
    expect(await failureOf(destination.health(signal))).toMatchObject({
      rawMessage: expect.stringContaining('connecting to'),
    });
    await openAgain(port);
    pass(4999);
    await failureOf(destination.health(signal));
    pass(1);
    expect(await destination.health(signal)).toEqual(OK);
  });

  test('a connection alone does not disprove a refusal: Health is degraded', async () => {
    stopPerformanceClock();
    const server = await serveStatus();
    const { send, destination } = await startRest({ url: server.url });
    server.status = 401;
    await send(messageOf('m-1'));
    pass(5000);
    expect(await destination.health(signal)).toMatchObject({
      status: 'degraded',
      details: { failuresInRow: '1', lastError: expect.stringContaining('AUTH_FAILED') },
    });
    expect(server.requests).toHaveLength(1);
  });

  test('the answer to healthCheck does', async () => {
    stopPerformanceClock();
    const server = await serveStatus();
    const { send, destination } = await startRest({
      url: server.url,
      healthCheck: { path: '/ready' },
    });
    server.status = 503;
    await send(messageOf('m-1'));
    pass(5000);
    expect(await failureOf(destination.health(signal))).toMatchObject({ code: 'SERVER_ERROR' });
    server.status = 200;
    pass(5000);
    expect(await destination.health(signal)).toEqual(OK);
    expect(server.requests).toEqual(['POST /', 'HEAD /ready', 'HEAD /ready']);
  });

  test('calls side by side share a dial, and one that is aborted leaves it to the others', async () => {
    stopPerformanceClock();
    const asked = Promise.withResolvers<ServerResponse>();
    const methods: unknown[] = [];
    const { url } = await serveHttp((request, response) => {
      methods.push(request.method);
      if (request.method === 'HEAD') asked.resolve(response);
      else response.writeHead(503).end();
    });
    const { send, destination } = await startRest({ url, healthCheck: { path: '/' } });
    await send(messageOf('m-1'));
    pass(5000);
    const left = new AbortController();
    const calls = [
      destination.health(left.signal),
      destination.health(signal),
      destination.health(signal),
    ];
    const outcomes = Promise.allSettled(calls);
    const answer = await asked.promise;
    left.abort(new Error('the host left'));
    answer.writeHead(200).end();
    expect(await outcomes).toMatchObject([
      { status: 'rejected', reason: { message: 'the host left' } },
      { status: 'fulfilled', value: OK },
      { status: 'fulfilled', value: OK },
    ]);
    expect(methods).toEqual(['POST', 'HEAD']);
  });

  test('a dial that takes too long ends within the timeout of the connection', async () => {
    stopPerformanceClock();
    const { url } = await serveHttp((request, response) => {
      if (request.method === 'POST') response.writeHead(503).end();
    });
    const timeout = Temporal.Duration.from({ milliseconds: 400 });
    const { send, destination } = await startRest({ url, healthCheck: { path: '/' } }, { timeout });
    await send(messageOf('m-1'));
    pass(5000);
    expect(await failureOf(destination.health(signal))).toMatchObject({
      code: 'TIMEOUT',
      rawMessage: expect.stringContaining('not reached in 200 ms'),
    } satisfies Partial<PluginError>);
  });
});

import { describe, expect, test, vi } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import { failureOf } from './support/failure.ts';
import { messageOf, serveRecorder, signal, startRest } from './support/rest.ts';

const settings = { minRequests: 4, failureRatio: 0.5, openMs: 300, halfOpenMax: 2 };
const OPEN = { code: 'CONNECTION_FAILED', recoverable: true, reason: 'CIRCUIT_OPEN' };

const many = (count: number) => Array.from({ length: count }, (_, i) => messageOf(`m-${i}`));

/** A server whose answers the test decides, and a destination with a breaker that is soon open. */
async function startBoth(more: object = {}) {
  const server = { status: 200, waitFor: Promise.resolve() };
  const { url, seen } = await serveRecorder(async (response) => {
    await server.waitFor;
    response.writeHead(server.status).end();
  });
  const circuitBreaker = { ...settings, ...more };
  const rest = await startRest({ url, circuitBreaker });
  const fail = async (count: number, status = 500): Promise<void> => {
    server.status = status;
    for (const message of many(count)) await rest.send(message);
  };
  return { ...rest, server, seen, url, fail };
}

describe('a host that fails', () => {
  test('is left alone, which Health tells, until it works again', async () => {
    const { send, destination, server, seen, url, fail } = await startBoth();
    await fail(4);
    expect(seen).toHaveLength(4);
    const [refusal] = await send(messageOf('m-1'));
    expect(refusal).toMatchObject(OPEN);
    const { retryAfterMs = 0, message } = refusal as { retryAfterMs?: number; message: string };
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(300);
    expect(message).toContain(url);
    expect(seen).toHaveLength(4);
    expect(await failureOf(destination.health(signal))).toMatchObject({
      code: 'SERVER_ERROR',
      recoverable: true,
      rawMessage: expect.stringContaining(url),
    });
    server.status = 200;
    await vi.waitFor(
      async () => {
        expect((await send(messageOf('m-1')))[0]).toMatchObject({ messageId: 'm-1' });
      },
      { timeout: slowly(5000) },
    );
    await send(messageOf('m-2'));
    expect(await destination.health(signal)).toEqual({
      status: 'ok',
      details: { failuresInRow: '0' },
    });
  });

  test('gets only a few requests to try it, the others wait for these', async () => {
    const { send, server, seen, fail, destination } = await startBoth();
    await fail(4);
    const tried = Promise.withResolvers<void>();
    server.waitFor = tried.promise;
    server.status = 200;
    vi.setSystemTime(Date.now() + 301);
    try {
      const sending = send(...many(10));
      await vi.waitFor(() => expect(seen).toHaveLength(6), { timeout: slowly(5000) });
      const left = new AbortController();
      const leaving = destination.send([messageOf('left')], left.signal);
      left.abort(new Error('the host left'));
      await expect(leaving).rejects.toThrow('the host left');
      tried.resolve();
      const receipts = await sending;
      expect(receipts.every((receipt) => 'messageId' in receipt)).toBe(true);
      expect(seen).toHaveLength(14);
    } finally {
      vi.useRealTimers();
    }
  });

  test('is left alone again when it fails while it is tried', async () => {
    const { send, seen, fail } = await startBoth();
    await fail(4);
    vi.setSystemTime(Date.now() + 301);
    try {
      const outcomes = await send(...many(10));
      expect(seen.length).toBeGreaterThan(4);
      expect(seen.length).toBeLessThanOrEqual(6);
      const refused = outcomes.filter((one) => (one as { reason?: string }).reason);
      expect(refused).toHaveLength(14 - seen.length);
      expect(refused[0]).toMatchObject(OPEN);
    } finally {
      vi.useRealTimers();
    }
  });

  test('by not answering in time is one, too, whoever notices', async () => {
    const { destination, server, seen, url } = await startBoth();
    const never = Promise.withResolvers<void>();
    server.waitFor = never.promise;
    const { send } = await startRest({ url, timeoutMs: 50, circuitBreaker: settings });
    for (const message of many(4)) await send(message);
    expect((await send(messageOf('m-1')))[0]).toMatchObject(OPEN);
    expect(seen).toHaveLength(4);
    never.resolve();
    expect((await destination.health(signal)).status).toBe('ok');
  });

  test('does not stop what goes to another', async () => {
    const bad = await serveRecorder((response) => response.writeHead(500).end());
    const good = await serveRecorder();
    const allowedHosts = [bad.url, good.url].map((url) => new URL(url).host);
    const circuitBreaker = settings;
    const { send } = await startRest({
      url: 'http://{{headers.to}}/',
      allowedHosts,
      circuitBreaker,
    });
    const to = (host: string | undefined) => messageOf('m-1', { headers: { to: String(host) } });
    for (let i = 0; i < 4; i++) await send(to(allowedHosts[0]));
    const outcomes = await send(to(allowedHosts[0]), to(allowedHosts[1]));
    expect(outcomes).toMatchObject([OPEN, { messageId: 'm-1' }]);
  });
});

describe('the circuit stays closed', () => {
  test.each([400, 404, 401, 410, 429, 302])(
    'while the host refuses messages with %s',
    async (status) => {
      const { seen, fail } = await startBoth();
      await fail(8, status);
      expect(seen).toHaveLength(8);
    },
  );

  test('while there are too few requests, or too few of them fail', async () => {
    const { seen, fail } = await startBoth();
    await fail(3);
    await fail(5, 200);
    await fail(2);
    expect(seen).toHaveLength(10);
  });

  test('when it is switched off', async () => {
    const { seen, fail } = await startBoth({ enabled: false });
    await fail(20);
    expect(seen).toHaveLength(20);
  });

  test('when the callers give up', async () => {
    const { destination, server, seen } = await startBoth();
    const wait = Promise.withResolvers<void>();
    server.waitFor = wait.promise;
    const left = new AbortController();
    const sends = many(8).map((one) => destination.send([one], left.signal));
    await vi.waitFor(() => expect(seen).toHaveLength(8), { timeout: slowly(5000) });
    left.abort(new Error('left'));
    const results = await Promise.allSettled(sends);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    wait.resolve();
    expect((await destination.send([messageOf('m')], signal))[0]).toMatchObject({ messageId: 'm' });
  });
});

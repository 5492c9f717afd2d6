import { createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import {
  listenForTest,
  messageOf,
  sendFailure,
  serveHttp,
  serveRecorder,
  startRest,
} from './support/rest.ts';

const TIMEOUT = { code: 'TIMEOUT', recoverable: true };
const SILENT = expect.stringContaining('silent for too long');
const many = (count: number) => Array.from({ length: count }, (_, i) => messageOf(`m-${i}`));

describe('within the time for a whole request', () => {
  test('a server that sends no head is given up earlier', async () => {
    const { url } = await serveHttp(() => {});
    const { send } = await startRest({ url, timeoutMs: 60_000, timeouts: { headersMs: 50 } });
    const failure = await sendFailure(send(messageOf('m-1')));
    expect(failure).toMatchObject({ ...TIMEOUT, rawMessage: SILENT });
  });

  test('one that falls silent within its answer, too', async () => {
    const { url } = await serveHttp((_request, response) => {
      response.writeHead(200).write('half');
    });
    const { send } = await startRest({ url, timeoutMs: 60_000, timeouts: { bodyMs: 50 } });
    const failure = await sendFailure(send(messageOf('m-1')));
    expect(failure).toMatchObject({ ...TIMEOUT, rawMessage: SILENT });
  });

  test('one that drips is not: it is not silent', async () => {
    const { url } = await serveHttp((_request, response) => {
      let left = 30;
      const drip = setInterval(() => {
        response.write('x');
        left -= 1;
        if (left > 0) return;
        clearInterval(drip);
        response.end();
      }, 50);
    });
    const { send } = await startRest({ url, timeouts: { bodyMs: 1000, headersMs: 1000 } });
    expect((await send(messageOf('m-1')))[0]).toMatchObject({ messageId: 'm-1' });
  });

  test('a connection that does not come about is given up earlier', async () => {
    const server = createServer((socket) => socket.resume()); // never begins TLS
    const url = `https://localhost:${await listenForTest(server)}`;
    const { send } = await startRest({ url, timeoutMs: 60_000, timeouts: { connectMs: 50 } });
    const failure = await sendFailure(send(messageOf('m-1')));
    expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
    expect(failure.rawMessage).toContain('UND_ERR_CONNECT_TIMEOUT');
  });
});

test.each([200, 500])('a body of 200 MB with status %s costs no memory', async (status) => {
  let written = 0;
  const block = Buffer.alloc(65_536);
  const { url } = await serveHttp((_request, response) => {
    response.writeHead(status);
    const write = (): void => {
      while (!response.destroyed && written < 200_000_000) {
        written += block.length;
        if (!response.write(block)) return void response.once('drain', write);
      }
      response.end();
    };
    write();
  });
  const { send } = await startRest({ url });
  await send(messageOf('m-1'));
  expect(written).toBeLessThan(20_000_000);
});

test('the head of an answer may be as large as the settings say', async () => {
  const { url } = await serveRecorder((response) =>
    response.setHeader('X-Large', 'x'.repeat(30_000)).end(),
  );
  const large = await startRest({ url, response: { maxHeaderBytes: 65_536 } });
  expect((await large.send(messageOf('m-1')))[0]).toMatchObject({ messageId: 'm-1' });
  const small = await startRest({ url });
  expect(await sendFailure(small.send(messageOf('m-1')))).toMatchObject({ reason: 'AMBIGUOUS' });
});

test('of 64 sends side by side only as many run as there may be connections, the others wait', async () => {
  let running = 0;
  let most = 0;
  const full = Promise.withResolvers<void>();
  const { url } = await serveRecorder(async (response) => {
    running += 1;
    most = Math.max(most, running);
    if (running === 4) full.resolve();
    await full.promise;
    running -= 1;
    response.end();
  });
  const { send } = await startRest({ url, maxConnections: 4 });
  const receipts = await send(...many(64));
  expect(receipts.every((receipt) => 'messageId' in receipt)).toBe(true);
  expect(most).toBe(4);
});

test('a send that is given up while it waits for a connection is never sent', async () => {
  const gate = Promise.withResolvers<void>();
  const { url, seen } = await serveRecorder(async (response) => {
    await gate.promise;
    response.end();
  });
  const { send, destination } = await startRest({ url, maxConnections: 1 });
  const first = send(messageOf('first'));
  await vi.waitFor(() => expect(seen).toHaveLength(1), { timeout: slowly(5000) });
  const left = new AbortController();
  const waiting = destination.send([messageOf('waits')], left.signal);
  await setImmediate(); // now it waits within the pool
  left.abort(new Error('the host left'));
  await expect(waiting).rejects.toThrow('the host left');
  gate.resolve();
  expect(await Promise.all([first, send(messageOf('next'))])).toMatchObject([
    [{ messageId: 'first' }],
    [{ messageId: 'next' }],
  ]);
  expect(seen.map(({ headers }) => headers['x-message-id'])).toEqual(['first', 'next']);
});

test('a server that closes idle connections at random: 1000 messages arrive, each told truthfully', async () => {
  const received = new Map<string, number>();
  let state = 26;
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  const { url } = await serveHttp((request, response) => {
    const id = String(request.headers['x-message-id']);
    request.resume().once('end', () => {
      received.set(id, (received.get(id) ?? 0) + 1);
      response.end();
      // Without a word in the answer, as servers do that are restarted or short of connections.
      if (random() < 0.3) setTimeout(() => request.socket.destroy(), random() * 4);
    });
  });
  const { send } = await startRest({ url, maxConnections: 8, circuitBreaker: { enabled: false } });
  let told = 0;
  let failures = 0;
  const deliver = async (id: string): Promise<void> => {
    for (;;) {
      const before = received.get(id) ?? 0;
      const [outcome] = await send(messageOf(id));
      if (outcome && !('code' in outcome)) {
        expect(received.get(id), id).toBe(before + 1);
        told += 1;
        return;
      }
      failures += 1;
      expect(outcome).toMatchObject({ recoverable: true });
    }
  };
  const ids = Array.from({ length: 1000 }, (_, i) => `m-${i}`);
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let id = ids.pop(); id; id = ids.pop()) await deliver(id);
    }),
  );
  expect(told).toBe(1000);
  expect(received.size).toBe(1000);
  const repeated = [...received.values()].reduce((sum, times) => sum + times, 0) - 1000;
  expect(repeated).toBeLessThanOrEqual(failures);
});

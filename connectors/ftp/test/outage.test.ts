import { chmodSync, chownSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isRoot, owner } from '../../../tools/testing/file-server.ts';
import { needs } from '../../../tools/testing/require-program.ts';
import { slowly } from '../../../tools/testing/slowness.ts';
import {
  type Kind,
  messageOf,
  signal,
  startDestination,
  startOutside,
  startSource,
} from './support/connections.ts';
import { names, put, until } from './support/files.ts';
import { launchPlugin } from './support/plugin.ts';
import { startScripted } from './support/scripted-server.ts';

const incoming = { direction: 'incoming', stability: { checks: 0 }, pollIntervalMs: 50 };

describe.runIf(needs('proftpd'))('when the server is gone for a while', () => {
  test.each<[Kind, number]>([
    ['proftpd ftp', 10_000],
    ['proftpd sftp', 0],
  ])(
    '%s: Receive goes on waiting and gets the next file; Health tells',
    async (kind, goneForMs) => {
      const outside = await startOutside(kind);
      const { node } = await launchPlugin(outside, incoming);
      expect(await node.health()).toMatchObject({ status: 'ok' });
      const received = node.receive({ timeoutMs: 30_000 });
      await outside.stop();
      await expect
        .poll(() =>
          node.health().then(
            () => 'well',
            ({ code }: { code: string }) => code,
          ),
        )
        .toBe('CONNECTION_FAILED');
      put(outside.drop, 'a.csv', 'a');
      await sleep(goneForMs); // how long the outage is, and not a wait for something
      await outside.start();
      const { message, deliveryId } = await received;
      expect(message.headers['ftp.fileName']).toBe('a.csv');
      await node.acknowledge([{ deliveryId, outcome: 'ack' }]);
      await expect
        .poll(() =>
          node.health().then(
            ({ status }) => status,
            () => 'failing',
          ),
        )
        .toBe('ok');
    },
  );

  test('killed at half of an upload: recoverable, and then one whole file and nothing temporary', async () => {
    const outside = await startOutside('proftpd ftp');
    const { send, failure } = await startDestination(outside, { connectTimeoutMs: 2000 });
    const big = messageOf('m1', Buffer.alloc(60 * 1024 * 1024, 'x'), { 'ftp.fileName': 'big.bin' });
    const failed = failure(big);
    await until(() => names(outside.drop).length > 0);
    await outside.stop();
    expect(await failed).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
    expect(names(outside.drop)).toEqual(['.big.bin.m1.part']);
    await outside.start();
    await send(big);
    expect(names(outside.drop)).toEqual(['big.bin']);
  });
});

describe('Receive that is cancelled', () => {
  test.runIf(needs('proftpd'))(
    '50 times returns at once, loses nothing and leaves no connection',
    async () => {
      const outside = await startOutside('proftpd ftp');
      const { node } = await launchPlugin(outside, incoming);
      for (let times = 0; times < 50; times += 1) {
        await expect(node.receive({ timeoutMs: 10 })).rejects.toMatchObject({
          name: 'TimeoutError',
        });
      }
      put(outside.drop, 'a.csv', 'a');
      const { message } = await node.receive({ timeoutMs: 10_000 });
      expect(message.headers['ftp.fileName']).toBe('a.csv');
      const logins = outside.commands().filter((line) => line.startsWith('USER'));
      expect(logins.length).toBeLessThanOrEqual(2);
    },
  );
});

describe('Disconnect', () => {
  test('in the middle of a transfer is quick, says QUIT where it can, and leaves the file', async () => {
    const server = await startScripted({
      async RETR(_, session) {
        session.reply('150 here');
        (await session.data()).write('some');
        return null;
      },
    });
    server.files.set('/drop/a.bin', Buffer.alloc(100));
    const outside = {
      settings: { port: server.port },
      connection: { type: 'ftp', credentials: {} },
    };
    const { source, next, stop } = await startSource(outside, {
      maxConnections: 2,
      claim: 'rename',
    });
    await source.health(signal);
    const receiving = next().catch((error: Error) => error);
    await until(() => server.commands.some((line) => line.startsWith('RETR')));
    const started = performance.now();
    await stop();
    expect(performance.now() - started).toBeLessThan(slowly(1000));
    expect(await receiving).toBeInstanceOf(Error);
    expect(server.commands).toContain('QUIT');
    expect([...server.files.keys()]).toEqual(['/drop/a.bin']);
    await until(() => server.sessions.size === 0);
  });

  test('waits for the ack of what the host has', async () => {
    const server = await startScripted();
    server.files.set('/drop/a.csv', Buffer.from('a'));
    const outside = {
      settings: { port: server.port },
      connection: { type: 'ftp', credentials: {} },
    };
    const { source, next } = await startSource(outside);
    const handed = await next();
    const stopped = source.stop(AbortSignal.timeout(10_000));
    await source.ack(handed);
    await stopped;
    expect([...server.files.keys()]).toEqual(['/drop/.done/a.csv']);
  });
});

test.runIf(needs('proftpd')).each<Kind>(['proftpd ftp', 'proftpd sftp'])(
  '%s: a file that cannot be put away is delivered once, retried, and shown by Health',
  async (kind) => {
    const outside = await startOutside(kind);
    put(outside.drop, 'a.csv', 'a');
    const { source, next } = await startSource(outside);
    const handed = await next();
    if (isRoot) chownSync(outside.drop, 0, 0);
    else chmodSync(outside.drop, 0o555);
    await source.ack(handed);
    await expect(next(400)).rejects.toThrow('aborted due to timeout');
    expect(await source.health(signal)).toMatchObject({
      status: 'degraded',
      details: {
        pendingPostActions: '1',
        lastError: expect.stringMatching(/PERMISSION_DENIED|SEND_FAILED/),
      },
    });
    if (isRoot) chownSync(outside.drop, owner.uid, owner.gid);
    else chmodSync(outside.drop, 0o755);
    await until(() => names(join(outside.drop, '.done')).length > 0);
    await expect(next(200)).rejects.toThrow('aborted due to timeout');
    expect(await source.health(signal)).toMatchObject({ status: 'ok' });
  },
);

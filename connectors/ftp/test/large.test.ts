import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
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
import { names, put, read } from './support/files.ts';
import { launchPlugin } from './support/plugin.ts';

const MIB = 1024 * 1024;
const MESSAGE_LIMIT = { maxMessageBytes: 64 * MIB };
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const incoming = { direction: 'incoming', stability: { checks: 0 } };

describe.runIf(needs('proftpd'))('a file above the size limit', () => {
  test('is put into quarantine unread', async () => {
    const outside = await startOutside('proftpd ftp');
    put(outside.drop, 'large.bin', Buffer.alloc(2000), 1000);
    put(outside.drop, 'small.bin', Buffer.alloc(1000), 2000);
    const { next, logged } = await startSource(outside, { maxFileSizeBytes: 1000 });
    expect((await next()).message.headers?.['ftp.fileName']).toBe('small.bin');
    expect(names(join(outside.drop, '.failed'))).toEqual(['large.bin']);
    expect(outside.commands().join()).not.toContain('RETR /drop/large.bin');
    expect(logged[0]).toMatchObject({
      level: 'warn',
      fields: { path: '/drop/large.bin', bytes: 2000 },
    });
  });

  test('stays in place if it shall, and is told once', async () => {
    const outside = await startOutside('proftpd ftp');
    put(outside.drop, 'large.bin', Buffer.alloc(2000));
    const { source, next, logged } = await startSource(outside, {
      maxFileSizeBytes: 1000,
      largeFile: 'reject',
    });
    await expect(next(400)).rejects.toThrow('aborted due to timeout');
    expect(logged).toHaveLength(1);
    expect(names(outside.drop)).toEqual(['large.bin']);
    expect(await source.health(signal)).toMatchObject({
      status: 'degraded',
      details: { leftAlone: '1' },
    });
  });

  test.each<Kind>(['proftpd ftp', 'proftpd ftps', 'proftpd sftp'])(
    '%s: comes in chunks that make up the file, which moves after the last ack',
    async (kind) => {
      const outside = await startOutside(kind);
      const content = randomBytes(40 * MIB + 5);
      put(outside.drop, 'large.bin', content, 1000);
      const { source, next } = await startSource(outside, { largeFile: 'chunk', maxUnacked: 3 });
      const hash = createHash('sha256');
      let last = false;
      const ids = new Set<string>();
      for (let index = 0; !last; index += 1) {
        const handed = await next();
        const { id, payload, headers, metadata } = handed.message;
        ids.add(id ?? '');
        hash.update(payload);
        expect(headers).toMatchObject({
          'ftp.chunk.index': `${index}`,
          'ftp.chunk.offset': `${index * MIB}`,
          'ftp.size': `${content.length}`,
        });
        expect(metadata?.correlationId).toMatch(/^ftp-/);
        last = headers?.['ftp.chunk.last'] === 'true';
        expect(names(outside.drop)).toEqual(['large.bin']);
        await source.ack(handed);
      }
      expect(ids.size).toBe(41);
      expect(hash.digest('hex')).toBe(sha256(content));
      expect(names(join(outside.drop, '.done'))).toEqual(['large.bin']);
    },
  );

  test('a crash after some chunks brings all of them again, with the same ids', async () => {
    const outside = await startOutside('proftpd ftp');
    put(outside.drop, 'large.bin', randomBytes(12 * MIB), 1000);
    const settings = { ...incoming, largeFile: 'chunk', maxFileSizeBytes: MIB };
    const ids: string[][] = [];
    for (const chunks of [7, 12]) {
      const { node, pid, exited } = await launchPlugin(outside, settings);
      const seen: string[] = [];
      for (let index = 0; index < chunks; index += 1) {
        const { message, deliveryId } = await node.receive({ timeoutMs: 10_000 });
        seen.push(message.id);
        await node.acknowledge([{ deliveryId, outcome: 'ack' }]);
      }
      ids.push(seen);
      process.kill(pid, 'SIGKILL');
      await exited;
    }
    expect(ids[1]?.slice(0, 7)).toEqual(ids[0]);
    expect(new Set(ids[1]).size).toBe(12);
    expect(names(join(outside.drop, '.done'))).toEqual(['large.bin']);
  });

  test('a link that breaks between chunks goes on where it was', async () => {
    const outside = await startOutside('proftpd ftp');
    const content = randomBytes(30 * MIB);
    put(outside.drop, 'large.bin', content, 1000);
    const { source, next, logged } = await startSource(outside, { largeFile: 'chunk' });
    const hash = createHash('sha256');
    for (let index = 0; index < 30; index += 1) {
      const handed = await next();
      expect(handed.message.headers?.['ftp.chunk.index']).toBe(`${index}`);
      hash.update(handed.message.payload);
      if (index === 5) {
        await outside.stop();
        await outside.start();
      }
      await source.ack(handed);
    }
    expect(hash.digest('hex')).toBe(sha256(content));
    expect(logged.map(({ text }) => text)).toContain('a file could not be read; trying again');
  });
});

describe.runIf(needs('proftpd'))('20 MB in one message', () => {
  test.each<Kind>(['proftpd ftp', 'proftpd sftp'])(
    '%s: go through the plugin both ways',
    async (kind) => {
      const outside = await startOutside(kind);
      const content = randomBytes(20_000_000);
      const out = await launchPlugin(outside, { direction: 'outgoing' }, MESSAGE_LIMIT);
      const receipt = await out.node.send(messageOf('m1', content, { 'ftp.fileName': 'a.bin' }), {
        timeoutMs: 20_000,
      });
      expect(receipt.messageId).toBe('/drop/a.bin');
      expect(sha256(read(outside.drop, 'a.bin'))).toBe(sha256(content));
      const settings = { ...incoming, maxFileSizeBytes: 25_000_000 };
      const { node } = await launchPlugin(outside, settings, MESSAGE_LIMIT);
      const { message } = await node.receive({ timeoutMs: 20_000 });
      expect(sha256(message.payload)).toBe(sha256(content));
    },
  );
});

test.runIf(needs('proftpd'))(
  'Health is quick, and disturbs nothing, in the middle of a long transfer',
  async () => {
    const outside = await startOutside('proftpd ftp');
    const content = Buffer.alloc(256 * MIB, 'x');
    const { destination, send } = await startDestination(outside, { maxConnections: 1 });
    const state = { sending: true };
    const sent = send(messageOf('m1', content, { 'ftp.fileName': 'a.bin' })).finally(() => {
      state.sending = false;
    });
    let asked = 0;
    while (state.sending) {
      const started = performance.now();
      expect(await destination.health(signal)).toMatchObject({ status: 'ok' });
      expect(performance.now() - started).toBeLessThan(slowly(1000));
      asked += 1;
      await new Promise((resolve) => setTimeout(resolve, 100)); // the pace of who asks
    }
    await sent;
    expect(asked).toBeGreaterThan(1);
    expect(read(outside.drop, 'a.bin').length).toBe(content.length);
  },
);

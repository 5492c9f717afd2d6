import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { type Kind, startOutside, startSource } from './support/connections.ts';
import { names, put, read, until } from './support/files.ts';
import { launchPlugin } from './support/plugin.ts';

const kinds: Kind[] = [
  'proftpd ftp',
  'proftpd ftps',
  'proftpd ftps-implicit',
  'proftpd sftp',
  'vsftpd ftp',
  'vsftpd ftps',
  'vsftpd ftps-implicit',
  'pure-ftpd ftp',
  'pure-ftpd ftps',
];
const binary = Buffer.concat([Buffer.from('a\r\nb\n\x1a\0\xff'), randomBytes(100_000)]);

describe.each(kinds)('%s', (kind) => {
  test.runIf(needs(kind.split(' ')[0] ?? '')).each(['TLSv1.2', 'TLSv1.3'])(
    'gives files in the order of their times, byte for byte, and moves them after the ack (%s)',
    async (minVersion) => {
      const outside = await startOutside(kind);
      put(outside.drop, 'second.bin', binary, 2_000_000);
      put(outside.drop, 'third.txt', '', 3_000_000);
      put(outside.drop, 'first.json', '{}', 1_000_000);
      const { source, next } = await startSource(outside, { tls: { minVersion } });
      for (const [name, content, contentType] of [
        ['first.json', Buffer.from('{}'), 'application/json'],
        ['second.bin', binary, 'application/octet-stream'],
        ['third.txt', Buffer.alloc(0), 'text/plain'],
      ] as const) {
        const handed = await next();
        expect(handed.message).toMatchObject({
          contentType,
          headers: {
            'ftp.fileName': name,
            'ftp.path': `/drop/${name}`,
            'ftp.size': `${content.length}`,
          },
        });
        expect(handed.message.id).toMatch(/^ftp-[0-9a-f]{64}$/);
        expect(Buffer.compare(handed.message.payload, content)).toBe(0);
        expect(names(outside.drop)).toContain(name);
        await source.ack(handed);
        expect(names(outside.drop)).not.toContain(name);
      }
      const done = join(outside.drop, '.done');
      expect(names(done)).toEqual(['first.json', 'second.bin', 'third.txt']);
      expect(Buffer.compare(read(done, 'second.bin'), binary)).toBe(0);
    },
  );
});

describe.runIf(needs('proftpd'))('on ProFTPD', () => {
  test('a file that is not acked stays, and comes again with the same id after kill -9', async () => {
    const outside = await startOutside('proftpd ftp');
    put(outside.drop, 'a.csv', '1;2', 1_000_000);
    const settings = { direction: 'incoming', stability: { checks: 0 } };
    const first = await launchPlugin(outside, settings);
    const before = await first.node.receive({ timeoutMs: 10_000 });
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    expect(names(outside.drop)).toEqual(['a.csv']);
    const second = await launchPlugin(outside, settings);
    const again = await second.node.receive({ timeoutMs: 10_000 });
    expect(again.message.id).toBe(before.message.id);
    await second.node.acknowledge([{ deliveryId: again.deliveryId, outcome: 'ack' }]);
    expect(names(outside.drop)).toEqual(['.done']);
  });

  test('a recoverable nack brings the file again, a final one moves it to the failed ones', async () => {
    const outside = await startOutside('proftpd ftp');
    put(outside.drop, 'a.csv', '1;2', 1_000_000);
    const { node } = await launchPlugin(outside, {
      direction: 'incoming',
      stability: { checks: 0 },
    });
    const first = await node.receive({ timeoutMs: 10_000 });
    await node.acknowledge([{ deliveryId: first.deliveryId, outcome: 'retry' }]);
    const second = await node.receive({ timeoutMs: 10_000 });
    expect(second.message.id).toBe(first.message.id);
    expect(second.deliveryId).not.toBe(first.deliveryId);
    expect(names(outside.drop)).toEqual(['a.csv']);
    await node.acknowledge([{ deliveryId: second.deliveryId, outcome: 'reject' }]);
    expect(names(join(outside.drop, '.failed'))).toEqual(['a.csv']);
  });

  test('the server is told to move a file only after the ack', async () => {
    const outside = await startOutside('proftpd ftp');
    put(outside.drop, 'a.csv', '1;2');
    const { source, next } = await startSource(outside, { afterProcess: 'delete' });
    const handed = await next();
    await until(() => outside.commands().includes('RETR /drop/a.csv'));
    expect(outside.commands().join()).not.toMatch(/DELE|RNFR/);
    await source.ack(handed);
    const log = outside.commands();
    expect(log.indexOf('DELE /drop/a.csv')).toBeGreaterThan(log.indexOf('RETR /drop/a.csv'));
    expect(names(outside.drop)).toEqual([]);
  });

  test.each([
    ['proftpd ftp', 'delete', []],
    ['proftpd sftp', 'delete', []],
    ['proftpd ftp', 'renameSuffix', ['a.csv.done']],
    ['proftpd sftp', 'renameSuffix', ['a.csv.done']],
  ] as const)('%s, afterProcess %s leaves %j', async (kind, afterProcess, left) => {
    const outside = await startOutside(kind);
    put(outside.drop, 'a.csv', '1;2');
    const { source, next } = await startSource(outside, { afterProcess });
    await source.ack(await next());
    expect(names(outside.drop)).toEqual(left);
    await expect(next(300)).rejects.toThrow('aborted due to timeout');
  });

  test('a name that is taken among the finished files gets a number', async () => {
    const outside = await startOutside('proftpd ftp');
    const { source, next } = await startSource(outside, { moveDirectory: 'old/${name}s' });
    for (const content of ['1', '2', '3']) {
      put(outside.drop, 'a.csv', content);
      await source.ack(await next());
    }
    const old = join(outside.drop, 'old/a.csvs');
    expect(names(old)).toEqual(['a-1.csv', 'a-2.csv', 'a.csv']);
    expect(names(old).map((name) => read(old, name).toString())).toEqual(['2', '3', '1']);
  });

  test('the checksum of the server is compared and handed on', async () => {
    const outside = await startOutside('proftpd ftp');
    put(outside.drop, 'a b.csv', '1;2');
    const { next } = await startSource(outside, { checksum: 'auto' });
    const { message } = await next();
    const digest = createHash('sha256').update('1;2').digest('hex');
    expect(message.headers?.['ftp.checksum']).toBe(`sha256:${digest}`);
  });
});

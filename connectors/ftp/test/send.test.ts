import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import {
  type Kind,
  messageOf,
  signal,
  startDestination,
  startOutside,
} from './support/connections.ts';
import { giveAway, names, put, read } from './support/files.ts';
import { startScripted } from './support/scripted-server.ts';

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

describe.each(kinds)('%s', (kind) => {
  test.runIf(needs(kind.split(' ')[0] ?? '')).each(['TLSv1.2', 'TLSv1.3'])(
    'an empty message becomes an empty file, every time (%s)',
    async (minVersion) => {
      const outside = await startOutside(kind);
      const { send } = await startDestination(outside, { tls: { minVersion } });
      for (let n = 0; n < 10; n += 1) {
        expect(await send(messageOf(`m${n}`, '', { 'ftp.fileName': `${n}.csv` }))).toBe(
          `/drop/${n}.csv`,
        );
      }
      expect(names(outside.drop).map((name) => statSync(join(outside.drop, name)).size)).toEqual(
        Array(10).fill(0),
      );
    },
  );
});

describe.runIf(needs('proftpd') && needs('vsftpd'))('a message as a file', () => {
  test('only the temporary name is visible until all of it is there', async () => {
    const outside = await startOutside('proftpd ftp');
    const { send } = await startDestination(outside);
    const content = Buffer.alloc(40 * 1024 * 1024, 'x');
    const state = { sending: true };
    const sent = send(messageOf('m1', content, { 'ftp.fileName': 'big.bin' })).finally(() => {
      state.sending = false;
    });
    const seen = new Set<string>();
    while (state.sending) {
      for (const name of names(outside.drop)) {
        const size = statSync(join(outside.drop, name), { throwIfNoEntry: false })?.size;
        seen.add(name);
        if (name === 'big.bin') expect(size).toBe(content.length);
      }
      await new Promise((resolve) => setTimeout(resolve, 2)); // the pace of who looks
    }
    await sent;
    expect([...seen]).toContain('.big.bin.m1.part');
    expect(names(outside.drop)).toEqual(['big.bin']);
  });

  test.each<[Kind, string, string | undefined, Record<string, string>]>([
    ['proftpd ftp', 'overwrite', undefined, { 'a.csv': 'new' }],
    ['proftpd sftp', 'overwrite', undefined, { 'a.csv': 'new' }],
    ['vsftpd ftp', 'overwrite', undefined, { 'a.csv': 'new' }],
    ['proftpd ftp', 'fail', 'TARGET_EXISTS', { 'a.csv': 'old!' }],
    ['proftpd sftp', 'fail', 'TARGET_EXISTS', { 'a.csv': 'old!' }],
    ['proftpd ftp', 'rename', undefined, { 'a-1.csv': 'new', 'a.csv': 'old!' }],
    ['proftpd ftp', 'ignore', undefined, { 'a.csv': 'old!' }],
    ['proftpd ftp', 'append', undefined, { 'a.csv': 'old!new' }],
    ['proftpd sftp', 'append', undefined, { 'a.csv': 'old!new' }],
  ])('%s, ifExists %s: %s, and then there is %j', async (kind, ifExists, reason, left) => {
    const outside = await startOutside(kind);
    put(outside.drop, 'a.csv', 'old!');
    const { send, failure } = await startDestination(outside, { ifExists });
    const message = messageOf('m1', 'new', { 'ftp.fileName': 'a.csv' });
    if (reason)
      expect(await failure(message)).toMatchObject({
        code: 'SEND_FAILED',
        recoverable: false,
        reason,
      });
    else await send(message);
    const all = names(outside.drop);
    expect(
      Object.fromEntries(all.map((name) => [name, read(outside.drop, name).toString()])),
    ).toEqual(left);
  });

  test('a server that does not replace by renaming gets the old file out of the way', async () => {
    let refusals = 0;
    const server = await startScripted({
      RNTO: (path) => (server.files.has(path) && (refusals += 1) ? '550 exists' : undefined),
    });
    server.files.set('/drop/a.csv', Buffer.from('old'));
    const { send } = await startDestination(
      { settings: { port: server.port }, connection: { type: 'ftp', credentials: {} } },
      { ifExists: 'overwrite' },
    );
    await send(messageOf('m1', 'new', { 'ftp.fileName': 'a.csv' }));
    expect(refusals).toBe(1);
    expect([...server.files]).toEqual([['/drop/a.csv', Buffer.from('new')]]);
  });

  test.each<Kind>(['proftpd ftp', 'proftpd sftp', 'vsftpd ftp'])(
    '%s: the same message again is the same file, also after a restart',
    async (kind) => {
      const outside = await startOutside(kind);
      const message = messageOf('m1', 'content', { 'ftp.fileName': 'a.csv' });
      for (let times = 0; times < 2; times += 1) {
        const { send } = await startDestination(outside, { doneFile: '${name}.ok' });
        expect(await send(message)).toBe('/drop/a.csv');
      }
      expect(names(outside.drop)).toEqual(['a.csv', 'a.csv.ok']);
    },
  );

  test('two messages of one name at the same time do not overwrite each other', async () => {
    const outside = await startOutside('proftpd ftp');
    const { send } = await startDestination(outside, {
      ifExists: 'rename',
      fileNameTemplate: 'a.csv',
    });
    await Promise.all(['1', '2', '3'].map((text) => send(messageOf(text, text))));
    expect(names(outside.drop)).toEqual(['a-1.csv', 'a-2.csv', 'a.csv']);
  });

  test.each<Kind>(['proftpd ftp', 'proftpd sftp'])(
    '%s: directories of the template are created; time and permissions are set; the hash is compared',
    async (kind) => {
      const outside = await startOutside(kind);
      const { send, logged } = await startDestination(outside, {
        directory: 'drop/new',
        fileNameTemplate:
          '${timestamp:yyyy/MM}/${metadata.customerId ?? headers.customer}-${id}.csv',
        chmod: '640',
        preserveTimestamp: true,
        verify: kind === 'proftpd ftp' ? 'hash' : 'size',
      });
      const timestamp = Temporal.Instant.from('2026-03-04T05:06:07Z');
      const message = { ...messageOf('m1', 'content', { customer: 'acme' }), timestamp };
      expect(await send(message)).toBe('/drop/new/2026/03/acme-m1.csv');
      const stats = statSync(join(outside.drop, 'new/2026/03/acme-m1.csv'));
      expect(stats.mode & 0o777).toBe(0o640);
      expect(stats.mtime.toISOString()).toBe('2026-03-04T05:06:07.000Z');
      expect(logged).toEqual([]);
    },
  );

  test('a server that has no room is told apart from one that gives none', async () => {
    const server = await startScripted();
    const outside = {
      settings: { port: server.port },
      connection: { type: 'ftp', credentials: {} },
    };
    const { failure } = await startDestination(outside);
    server.script['STOR'] = () => '452 no space left';
    expect(await failure(messageOf('m1', 'x'))).toMatchObject({
      code: 'SERVER_ERROR',
      recoverable: true,
      reason: 'STORAGE_FULL',
    });
    server.script['STOR'] = () => '552 quota exceeded';
    expect(await failure(messageOf('m2', 'x'))).toMatchObject({
      code: 'SEND_FAILED',
      recoverable: false,
      reason: 'QUOTA_EXCEEDED',
    });
  });

  test('a directory that may not be written to is told', async () => {
    const outside = await startOutside('proftpd ftp');
    const { failure } = await startDestination(outside, {
      directory: '/',
      createDirectories: false,
    });
    expect(await failure(messageOf('m1', 'x'))).toMatchObject({
      code: 'SEND_FAILED',
      recoverable: false,
      reason: 'PERMISSION_DENIED',
    });
  });
});

test.runIf(needs('pure-ftpd'))('a quota that is used up is told, on Pure-FTPd', async () => {
  const { startPureFtpd } = await import('./support/pure-ftpd.ts');
  const { reachable } = await import('./support/connections.ts');
  const outside = reachable('pure-ftpd ftp', await startPureFtpd('plain', '1'));
  // That is where the server counts: files and bytes.
  const counter = join(outside.home, '.ftpquota');
  writeFileSync(counter, '0 0\n');
  giveAway(counter, outside.drop);
  const { destination, failure } = await startDestination(outside);
  expect(await failure(messageOf('m1', 'some bytes'))).toMatchObject({
    code: 'SEND_FAILED',
    reason: 'QUOTA_EXCEEDED',
    recoverable: false,
  });
  await destination.stop(signal);
  expect(names(outside.drop)).toEqual([]);
});

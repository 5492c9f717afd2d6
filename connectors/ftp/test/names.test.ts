import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import {
  type Kind,
  messageOf,
  startDestination,
  startOutside,
  startSource,
} from './support/connections.ts';
import { names, put } from './support/files.ts';
import { launchPlugin } from './support/plugin.ts';
import { startScripted } from './support/scripted-server.ts';

const NAMES = [
  'a b.csv',
  ' leading.csv',
  'trailing ',
  '#1.csv',
  '100%.csv',
  '[a]*?.csv',
  '-rf',
  'it\'s; "quoted" & $HOME.csv',
  'Grüße.csv',
  'Gru\u0308\u00dfe.csv',
  '日本語.csv',
  '😀.csv',
];

describe.runIf(needs('proftpd') && needs('vsftpd'))('file names', () => {
  test.each<Kind>(['proftpd ftp', 'proftpd sftp', 'vsftpd ftp', 'pure-ftpd ftp'])(
    '%s: odd ones go out and come in as they are',
    async (kind) => {
      const outside = await startOutside(kind);
      // Listings of the old style lose spaces at the ends, and Pure-FTPd replaces them.
      const keepsSpaces = kind.startsWith('proftpd');
      const all = keepsSpaces ? NAMES : NAMES.filter((name) => name.trim() === name);
      const out = await startDestination(outside, { tempName: '.${id}.part' });
      for (const [n, name] of all.entries()) {
        expect(await out.send(messageOf(`m${n}`, name, { 'ftp.fileName': name }))).toBe(
          `/drop/${name}`,
        );
      }
      expect(names(outside.drop)).toEqual(all.toSorted());
      const settings = { sort: 'name', afterProcess: 'delete', exclude: [] };
      const { source, next } = await startSource(outside, settings);
      const seen: string[] = [];
      for (const _ of all) {
        const handed = await next();
        seen.push(handed.message.headers?.['ftp.fileName'] ?? '');
        expect(Buffer.from(handed.message.payload).toString()).toBe(seen.at(-1));
        await source.ack(handed);
      }
      expect(seen.toSorted()).toEqual(all.toSorted());
      expect(names(outside.drop)).toEqual([]);
    },
  );

  test.each<Kind>(['proftpd ftp', 'proftpd sftp'])(
    '%s: the longest that a server can have',
    async (kind) => {
      const outside = await startOutside(kind);
      const name = `${'x'.repeat(251)}.csv`;
      const { send } = await startDestination(outside);
      await send(messageOf('m1', 'x', { 'ftp.fileName': name }));
      const { source, next } = await startSource(outside);
      const handed = await next();
      expect(handed.message.headers?.['ftp.fileName']).toBe(name);
      await source.ack(handed);
      expect(names(join(outside.drop, '.done'))).toEqual([name]);
    },
  );

  test('of a latin1 server', async () => {
    const server = await startScripted();
    const outside = {
      settings: { port: server.port },
      connection: { type: 'ftp', credentials: {} },
    };
    const { send } = await startDestination(outside, { encoding: 'latin1', verify: 'none' });
    await send(messageOf('m1', 'x', { 'ftp.fileName': 'Grüße.csv' })).catch(() => {});
    // The scripted server reads UTF-8: the single bytes of latin1 are none.
    expect(server.commands).toContain('STOR /drop/.Gr\ufffd\ufffde.csv.m1.part');
  });

  test.each([
    '../x',
    '/etc/x',
    'a/../../x',
    'a\r\nDELE b',
    'a\0b',
    'a\\b',
    '',
    '.',
    'x'.repeat(256),
  ])('%j is refused, and the server hears nothing of it', async (name) => {
    const server = await startScripted();
    const outside = {
      settings: { port: server.port },
      connection: { type: 'ftp', credentials: {} },
    };
    const { failure } = await startDestination(outside, {
      fileNameTemplate: '${headers.name ?? headers.empty}',
    });
    const before = server.commands.length;
    const message = messageOf('m1', 'x', { name });
    expect(await failure(message)).toMatchObject({ code: 'INVALID_MESSAGE', recoverable: false });
    expect(server.commands).toHaveLength(before);
  });
});

test.runIf(needs('vsftpd'))(
  'a server without MLSD gives the same ids and times whatever the time zone',
  async () => {
    const outside = await startOutside('vsftpd ftp');
    put(outside.drop, 'b.csv', 'b', 1_700_000_000);
    put(outside.drop, 'a.csv', 'a', 1_700_000_001);
    const { next } = await startSource(outside, { maxUnacked: 2 });
    const here = [await next(), await next()];
    const settings = { direction: 'incoming', stability: { checks: 0 }, maxUnacked: 2 };
    const { node } = await launchPlugin(outside, settings, { env: { TZ: 'America/New_York' } });
    const there = [
      await node.receive({ timeoutMs: 10_000 }),
      await node.receive({ timeoutMs: 10_000 }),
    ];
    expect(there.map(({ message }) => message.id)).toEqual(here.map(({ message }) => message.id));
    expect(there.map(({ message }) => message.timestamp?.epochMilliseconds)).toEqual([
      1_700_000_000_000, 1_700_000_001_000,
    ]);
    expect(existsSync(join(outside.drop, 'a.csv'))).toBe(true);
  },
);

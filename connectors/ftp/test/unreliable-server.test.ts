import { describe, expect, test } from 'vitest';
import { heapFlags } from '../../../tools/build-executable/src/heap-flags.ts';
import { anonymousBytes } from '../../../tools/testing/processes.ts';
import { createHost, messageOf, startDestination, startSource } from './support/connections.ts';
import { certificate, testCa } from './support/credentials.ts';
import { until } from './support/files.ts';
import { launchPlugin } from './support/plugin.ts';
import { facts, type ScriptedServer, startScripted } from './support/scripted-server.ts';

const MIB = 1024 * 1024;
const content = Buffer.alloc(100_000, 'x');
const outsideOf = ({ port }: ScriptedServer) => ({
  settings: { port },
  connection: { type: 'ftp', credentials: { username: 'me', password: 'secret word' } },
});

describe('a download', () => {
  test('that the server ends early and calls complete is not delivered, and repeated', async () => {
    let times = 0;
    const server = await startScripted({
      async RETR(_, session) {
        times += 1;
        if (times > 1) return undefined;
        session.reply('150 here');
        (await session.data()).end(content.subarray(0, 40_000));
        return '226 all of it';
      },
    });
    server.files.set('/drop/a.bin', content);
    const { source, next, logged } = await startSource(outsideOf(server));
    const handed = await next();
    expect(Buffer.compare(handed.message.payload, content)).toBe(0);
    expect(times).toBe(2);
    expect(logged[0]?.fields['err']).toMatchObject({
      code: 'CONNECTION_FAILED',
      reason: 'TRANSFER_INCOMPLETE',
      recoverable: true,
    });
    await source.ack(handed);
  });

  test.each(['426 aborted', '451 cannot read', 'RST'])(
    'that breaks in the middle (%s) is repeated, and nothing of it is delivered',
    async (fault) => {
      let times = 0;
      const server = await startScripted({
        async RETR(_, session) {
          times += 1;
          if (times > 1) return undefined;
          session.reply('150 here');
          const data = await session.data();
          data.write(content.subarray(0, 40_000));
          if (fault !== 'RST') {
            data.end();
            return fault;
          }
          data.resetAndDestroy();
          session.control.resetAndDestroy();
          return null;
        },
      });
      server.files.set('/drop/a.bin', content);
      const { next } = await startSource(outsideOf(server));
      const { message } = await next();
      expect(Buffer.compare(message.payload, content)).toBe(0);
      expect(times).toBe(2);
    },
  );
});

test('a control connection that the server closes between two looks is replaced unseen', async () => {
  const server = await startScripted();
  const { source, next, logged } = await startSource(outsideOf(server), { pollIntervalMs: 300 });
  server.files.set('/drop/a.csv', Buffer.from('a'));
  await source.ack(await next());
  for (const { reply, control } of server.sessions) {
    reply('421 idle for too long');
    control.end();
  }
  await until(() => server.sessions.size === 0);
  server.files.set('/drop/b.csv', Buffer.from('b'));
  expect((await next()).message.headers?.['ftp.fileName']).toBe('b.csv');
  expect(logged).toEqual([]);
});

describe('PASV that names another host', () => {
  const elsewhere = () => '227 Entering (10,0,0,5,4,1)';

  test('is not followed', async () => {
    const server = await startScripted({ PASV: elsewhere, EPSV: () => '500 what?' });
    const { next } = await startSource(outsideOf(server));
    await expect(next()).rejects.toMatchObject({
      reason: 'PASV_HOST_REJECTED',
      recoverable: false,
    });
    const { next: pasv } = await startSource(outsideOf(server), { passive: 'pasv' });
    await expect(pasv()).rejects.toMatchObject({ reason: 'PASV_HOST_REJECTED' });
  });

  test('does not matter where the server has EPSV', async () => {
    const server = await startScripted({ PASV: elsewhere });
    server.files.set('/drop/a.csv', Buffer.from('a'));
    const { next } = await startSource(outsideOf(server));
    await next();
    expect(server.commands).not.toContain('PASV');
  });
});

describe('TLS that the server refuses', () => {
  test.each([
    ['AUTH', '502 no TLS here'],
    ['AUTH', '504 no such mechanism'],
  ])('%s answered %s: no password is sent', async (verb, reply) => {
    const server = await startScripted({ [verb]: () => reply });
    const outside = outsideOf(server);
    const tls = { ...outside, connection: { ...outside.connection, type: 'ftps' } };
    const expected = { code: 'TLS_FAILED', reason: 'TLS_REFUSED', recoverable: false };
    await expect(startSource(tls)).rejects.toMatchObject(expected);
    await expect(startDestination(tls)).rejects.toMatchObject(expected);
    expect(server.commands.filter((line) => /^(USER|PASS)/.test(line))).toEqual([]);
  });
});

test('a server that would transfer unencrypted gets no password', async () => {
  const { cert, key } = certificate();
  const server = await startScripted({
    AUTH(_, session) {
      session.reply('234 go ahead');
      session.secure(cert, key);
      return null;
    },
    PROT: (level) => (level === 'P' ? '536 not supported' : undefined),
  });
  const outside = outsideOf(server);
  const credentials = { ...outside.connection.credentials, tls_ca: testCa().ca };
  const tls = { ...outside, connection: { type: 'ftps', credentials } };
  const expected = { code: 'TLS_FAILED', reason: 'TLS_REFUSED', recoverable: false };
  await expect(startSource(tls)).rejects.toMatchObject(expected);
  expect(server.commands).toContain('PROT P');
  expect(server.commands.filter((line) => /^(USER|PASS)/.test(line))).toEqual([]);
  await startSource(tls, { tls: { requireDataProtection: false } });
  expect(server.commands).toContain('PROT C');
});

describe('a reply that is lost', () => {
  const message = messageOf('m1', 'content', { 'ftp.fileName': 'a.csv' });

  test('after the renaming: the next try finds the file and succeeds, although ifExists is fail', async () => {
    const server = await startScripted({
      RNTO(path, session) {
        server.files.set(path, server.files.get('/drop/.a.csv.m1.part') ?? Buffer.alloc(0));
        server.files.delete('/drop/.a.csv.m1.part');
        delete server.script['RNTO'];
        session.control.destroy();
        return null;
      },
    });
    const { send, failure } = await startDestination(outsideOf(server));
    expect(await failure(message)).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
    expect(await send(message)).toBe('/drop/a.csv');
    expect([...server.files]).toEqual([['/drop/a.csv', Buffer.from('content')]]);
    const other = messageOf('m2', 'CONTENT', { 'ftp.fileName': 'a.csv' });
    expect(await failure(other)).toMatchObject({ reason: 'TARGET_EXISTS', recoverable: false });
  });

  test('in the middle of an upload: one whole file after the next try, and nothing temporary', async () => {
    const server = await startScripted({
      async STOR(path, session) {
        delete server.script['STOR'];
        session.reply('150 go on');
        const data = await session.data();
        data.once('data', (chunk: Buffer) => {
          server.files.set(path, chunk);
          data.resetAndDestroy();
          session.control.destroy();
        });
        return null;
      },
    });
    const { send, failure } = await startDestination(outsideOf(server));
    const big = messageOf('m1', content, { 'ftp.fileName': 'a.bin' });
    expect(await failure(big)).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
    await until(() => server.files.size === 0);
    await send(big);
    expect([...server.files.keys()]).toEqual(['/drop/a.bin']);
    expect(server.files.get('/drop/a.bin')?.length).toBe(content.length);
  });
});

/** With names that lead elsewhere, a long line and 200,000 entries. */
async function startHostile(): Promise<ScriptedServer> {
  const lines = [
    `${facts(content)} ../../evil`,
    `${facts(content)} a/b`,
    `${facts(content)} a\\b`,
    `${facts(content)} ${'x'.repeat(1_000_000)}`,
    ...Array.from(
      { length: 200_000 },
      (_, n) => `${facts(content)} ${String(n).padStart(6, '0')}.csv`,
    ),
  ];
  const server = await startScripted({
    async MLSD(_, session) {
      session.reply('150 here');
      (await session.data()).end(`${lines.join('\r\n')}\r\n`);
      return '226 done';
    },
  });
  server.files.set('/drop/000000.csv', content);
  return server;
}

describe('a listing', () => {
  test('with names that lead elsewhere, long lines and 200,000 entries gives the good ones', async () => {
    const server = await startHostile();
    const settings = { maxUnacked: 10, sort: 'name', include: ['0*'] };
    const { next, logged } = await startSource(outsideOf(server), settings);
    expect((await next(25_000)).message.headers?.['ftp.path']).toBe('/drop/000000.csv');
    const warning = logged.find(({ text }) => text.includes('lead elsewhere'));
    expect(warning?.fields['unsafe']).toBe(4);
  }, 120_000);

  test.runIf(process.platform === 'linux')(
    'of that kind takes memory for its entries, and no multiple of it',
    async () => {
      const server = await startHostile();
      const settings = { direction: 'incoming', stability: { checks: 0 }, sort: 'name' };
      const { node, pid } = await launchPlugin(outsideOf(server), settings, { flags: heapFlags });
      const before = anonymousBytes(pid);
      const { message } = await node.receive({ timeoutMs: 25_000 });
      expect(message.headers['ftp.fileName']).toBe('000000.csv');
      // A kilobyte for each of the 200,000, of which it has several objects.
      expect(anonymousBytes(pid) - before).toBeLessThan(200 * MIB);
    },
    120_000,
  );

  test('that never ends is given up', async () => {
    const line = `${facts(content)} ${'x'.repeat(200)}\r\n`.repeat(10_000);
    const server = await startScripted({
      async MLSD(_, session) {
        session.reply('150 here');
        const data = await session.data();
        const write = (): void => void (data.writable && data.write(line, write));
        write();
        return null;
      },
    });
    const { next } = await startSource(outsideOf(server));
    await expect(next(20_000)).rejects.toMatchObject({
      reason: 'LISTING_TOO_LARGE',
      recoverable: false,
    });
  });

  test.each([
    ['DOS', '01-02-26  03:04AM                   1 a.csv'],
    ['Unix', '-rw-r--r-- 1 me us 1 Jan 2 03:04 a.csv'],
  ])('in the style of %s gives times by MDTM', async (_, line) => {
    const server = await startScripted({
      FEAT: () => '211-Features\r\n SIZE\r\n MDTM\r\n211 End',
      MLSD: () => '500 what?',
      async LIST(_argument, session) {
        session.reply('150 here');
        (await session.data()).end(`${line}\r\n`);
        return '226 done';
      },
    });
    server.files.set('/drop/a.csv', Buffer.from('a'));
    const { next } = await startSource(outsideOf(server));
    const { message } = await next();
    expect(message.timestamp?.toString()).toBe('2026-01-02T03:04:05Z');
  });
});

test('logs and errors hold no password, no payload and no control characters of the server', async () => {
  const server = await startScripted({
    PASS: () => '530 \x1b[31msecret word\x07 refused',
  });
  const host = createHost();
  const failure = await startSource(outsideOf(server), {}, { host }).catch((error: Error) => error);
  expect(failure).toMatchObject({ code: 'AUTH_FAILED' });
  expect(String(failure)).not.toMatch(/\p{Cc}/u);
  server.script['PASS'] = () => '230 welcome';
  server.script['RETR'] = () => '451 cannot read\x1b[0m';
  server.files.set('/drop/a.csv', Buffer.from('the payload'));
  const { next } = await startSource(outsideOf(server), {}, { host });
  await expect(next(300)).rejects.toThrow('aborted due to timeout');
  expect(host.logged.length).toBeGreaterThan(0);
  const text = JSON.stringify(host.logged.map((line) => [line.text, String(line.fields['err'])]));
  expect(text).not.toContain('the payload');
  expect(text).not.toContain('secret word');
  expect(text).not.toMatch(/\\u001b/);
});

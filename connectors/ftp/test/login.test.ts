import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeTestCa } from '../../../tools/testing/certificates.ts';
import { credentials } from '../../../tools/testing/proftpd.ts';
import { needs } from '../../../tools/testing/require-program.ts';
import {
  type Kind,
  messageOf,
  reachable,
  signal,
  startDestination,
  startOutside,
  startSource,
} from './support/connections.ts';
import { expiredCertificate, hostKey, testCa, userKey } from './support/credentials.ts';
import { names, put, read } from './support/files.ts';
import { startProftpd } from './support/proftpd.ts';
import { startScripted } from './support/scripted-server.ts';

describe.runIf(needs('vsftpd') && needs('proftpd'))('TLS', () => {
  test.each(['TLSv1.2', 'TLSv1.3'])(
    'on vsftpd, which insists on session reuse, 200 transfers in a row over one login (%s)',
    async (minVersion) => {
      const outside = await startOutside('vsftpd ftps');
      const { send } = await startDestination(outside, { maxConnections: 1, tls: { minVersion } });
      for (let n = 0; n < 200; n += 1)
        await send(messageOf(`m${n}`, 'x', { 'ftp.fileName': `${n}` }));
      expect(names(outside.drop)).toHaveLength(200);
      expect(outside.commands().filter((line) => line.includes('OK LOGIN'))).toHaveLength(1);
    },
  );

  test.each<Kind>(['proftpd ftps', 'proftpd ftps-implicit', 'vsftpd ftps'])(
    '%s: a certificate is checked',
    async (kind) => {
      const outside = await startOutside(kind);
      const { tls_ca: _, ...noCa } = outside.connection.credentials;
      const untrusted = { ...outside, connection: { ...outside.connection, credentials: noCa } };
      const expected = { code: 'TLS_FAILED', recoverable: false };
      await expect(startSource(untrusted)).rejects.toMatchObject(expected);
      await expect(
        startSource(outside, { tls: { serverName: 'other.example' } }),
      ).rejects.toMatchObject(expected);
      await expect(
        startSource(untrusted, { tls: { rejectUnauthorized: false } }),
      ).rejects.toMatchObject({
        code: 'INVALID_CONFIG',
        field: 'settings.tls.rejectUnauthorized',
      });
      await startSource(untrusted, { tls: { rejectUnauthorized: false }, allowInsecureTls: true });
    },
  );

  test('a certificate that has expired is refused', async () => {
    const expired = expiredCertificate();
    const outside = reachable('proftpd ftps', await startProftpd('tls', [], expired));
    const trusted = { type: 'ftps', credentials: { ...credentials, tls_ca: expired.cert } };
    await expect(startSource({ ...outside, connection: trusted })).rejects.toMatchObject({
      code: 'TLS_FAILED',
      recoverable: false,
      rawMessage: expect.stringContaining('expired'),
    });
  });

  test('with a client certificate', async () => {
    const ca = makeTestCa();
    const client = ca.issueClient('vrsky');
    const file = join(tmpdir(), 'clients.pem');
    writeFileSync(file, ca.ca);
    const server = await startProftpd('tls', [
      `TLSCACertificateFile ${file}`,
      'TLSVerifyClient on',
    ]);
    const outside = reachable('proftpd ftps', server);
    await expect(startSource(outside)).rejects.toMatchObject({ code: 'TLS_FAILED' });
    const own = { ...outside.connection.credentials, tls_cert: client.cert, tls_key: client.key };
    const { send } = await startDestination({
      ...outside,
      connection: { type: 'ftps', credentials: own },
    });
    await send(messageOf('m1', 'x', { 'ftp.fileName': 'a.csv' }));
    expect(names(outside.drop)).toEqual(['a.csv']);
  });
});

describe('a refused login', () => {
  test.runIf(needs('proftpd')).each<Kind>(['proftpd ftp', 'proftpd ftps', 'proftpd sftp'])(
    '%s: is final, and tried once only',
    async (kind) => {
      const outside = await startOutside(kind);
      const wrong = { ...outside.connection.credentials, password: 'wrong' };
      await expect(
        startSource({ ...outside, connection: { ...outside.connection, credentials: wrong } }),
      ).rejects.toMatchObject({ code: 'AUTH_FAILED', recoverable: false });
    },
  );

  test('while polling is not tried again', async () => {
    const server = await startScripted();
    const outside = {
      settings: { port: server.port },
      connection: { type: 'ftp', credentials: { username: 'me', password: 'me' } },
    };
    const { source, next } = await startSource(outside, { pollIntervalMs: 20 });
    await expect(next(200)).rejects.toThrow('aborted due to timeout');
    server.script['PASS'] = () => '530 not any more';
    for (const { control } of server.sessions) control.destroy();
    for (let times = 0; times < 3; times += 1) {
      await expect(next()).rejects.toMatchObject({ code: 'AUTH_FAILED', recoverable: false });
    }
    await expect(source.health(signal)).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    expect(server.commands.filter((line) => line.startsWith('PASS'))).toHaveLength(2);
  });

  test('because of too many connections is not final, and the others are used', async () => {
    const server = await startScripted({
      PASS: () => (server.sessions.size > 1 ? '530 too many connections' : undefined),
    });
    const outside = {
      settings: { port: server.port },
      connection: { type: 'ftp', credentials: { username: 'me' } },
    };
    const { destination, send } = await startDestination(outside, { maxConnections: 4 });
    await Promise.all(['1', '2', '3', '4', '5', '6'].map((id) => send(messageOf(id, id))));
    expect(server.files.size).toBe(6);
    await expect(destination.health(signal)).rejects.toMatchObject({
      reason: 'CONNECTION_LIMIT',
      recoverable: true,
    });
  });
});

describe.runIf(needs('proftpd'))('SFTP', () => {
  test('another host key is refused before the login', async () => {
    const outside = await startOutside('proftpd sftp');
    const other = userKey().fingerprint;
    await expect(startSource(outside, { hostKeySha256: [other] })).rejects.toMatchObject({
      code: 'TLS_FAILED',
      reason: 'HOST_KEY_MISMATCH',
      recoverable: false,
      rawMessage: expect.stringContaining(hostKey().fingerprint),
    });
    expect(outside.commands().filter((line) => line.includes('USER'))).toEqual([]);
    await startSource(outside, {
      hostKeySha256: [other, hostKey().fingerprint.replace('SHA256:', '')],
    });
  });

  test('without a pinned host key only if that is said', async () => {
    const outside = await startOutside('proftpd sftp');
    await expect(startSource(outside, { hostKeySha256: [] })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      field: 'settings.hostKeySha256',
    });
    await startSource(outside, { hostKeySha256: [], allowAnyHostKey: true });
  });

  test('with a key and its passphrase; a rename replaces', async () => {
    const outside = await startOutside('proftpd sftp');
    const key = { username: credentials.username, private_key: userKey().private };
    const connection = {
      type: 'sftp',
      credentials: { ...key, private_key_passphrase: credentials.password },
    };
    put(outside.drop, 'a.csv', 'old');
    const { send } = await startDestination({ ...outside, connection }, { ifExists: 'overwrite' });
    await send(messageOf('m1', 'new', { 'ftp.fileName': 'a.csv' }));
    expect(read(outside.drop, 'a.csv').toString()).toBe('new');
    const wrong = { ...connection.credentials, private_key_passphrase: 'wrong' };
    await expect(
      startSource({ ...outside, connection: { type: 'sftp', credentials: wrong } }),
    ).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      field: 'credentials.private_key',
    });
  });
});

test('a private CA that is none is told', async () => {
  const outside = {
    settings: { port: 1 },
    connection: { type: 'ftps-implicit', credentials: { tls_ca: 'none' } },
  };
  await expect(startSource(outside)).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    field: 'credentials.tls_ca',
  });
  expect(testCa().ca).toContain('CERTIFICATE');
});

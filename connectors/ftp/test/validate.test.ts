import type { ConnectionConfig, PluginError } from '@vrsky/runtime';
import type { ConnectorProcess } from '@vrsky/runtime/host';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeTestCa } from '../../../tools/testing/certificates.ts';
import { needs } from '../../../tools/testing/require-program.ts';
import { closedPort, droppingPort, mutePort } from '../../../tools/testing/silent-servers.ts';
import { slowly } from '../../../tools/testing/slowness.ts';
import { incomingConfig, outgoingConfig } from './support/config.ts';
import { type Kind, type Outside, startOutside } from './support/connections.ts';
import { userKey } from './support/credentials.ts';
import { names } from './support/files.ts';
import { start } from './support/plugin.ts';
import { startScripted } from './support/scripted-server.ts';

/** What a slow machine may add to a limit. */
const SLACK_MS = slowly(1000);

type ConfigOf = (settings: object, more?: Partial<ConnectionConfig>) => ConnectionConfig<object>;
const directions: [string, ConfigOf][] = [
  ['incoming', incomingConfig],
  ['outgoing', outgoingConfig],
];
const types = ['ftp', 'ftps', 'ftps-implicit', 'sftp'];
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
  'sshd sftp',
];
const programs = ['proftpd', 'vsftpd', 'pure-ftpd', 'sshd', 'openssl'];
const thereAreServers = programs.map((program) => needs(program)).every(Boolean);

let connector: ConnectorProcess;
beforeAll(async () => {
  connector = await start();
});
afterAll(() => connector.kill());

function validate(config: ConnectionConfig<object>): Promise<readonly string[]> {
  return connector.node.validate(config as ConnectionConfig);
}

/** What Validate rejects with, and after how many milliseconds. */
async function refusal(config: ConnectionConfig<object>): Promise<[PluginError, number]> {
  const since = performance.now();
  const thrown = await validate(config).then(
    () => expect.unreachable('Validate succeeded'),
    (error: unknown) => error as PluginError,
  );
  return [thrown, performance.now() - since];
}

/** The same settings for each type in both directions. */
function everywhere(
  settings: object,
  more: Partial<ConnectionConfig> = {},
): ConnectionConfig<object>[] {
  const all = { allowAnyHostKey: true, ...settings };
  const credentials = { username: 'tester' };
  return types.flatMap((type) =>
    directions.map(([, configOf]) => configOf(all, { type, credentials, ...more })),
  );
}

describe('39: Validate of each type, in both directions,', () => {
  test('fails where no server listens', async () => {
    for (const config of everywhere({ port: await closedPort() })) {
      const [failure] = await refusal(config);
      expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
    }
  });

  test.each([
    ['drops what comes', droppingPort],
    ['accepts and stays silent', mutePort],
  ])(
    'fails within the timeout, and within the connect timeout, at a server that %s',
    async (_what, open) => {
      const port = await open();
      const timeout = Temporal.Duration.from({ seconds: 1 });
      const fails = async (config: ConnectionConfig<object>, limitMs: number): Promise<void> => {
        const [failure, ms] = await refusal(config);
        expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
        expect(ms).toBeGreaterThanOrEqual(limitMs - 50);
        expect(ms).toBeLessThan(limitMs + SLACK_MS);
      };
      await Promise.all(everywhere({ port }, { timeout }).map((config) => fails(config, 1000)));
      const quick = everywhere({ port, connectTimeoutMs: 500 });
      await Promise.all(quick.map((config) => fails(config, 500)));
    },
  );

  test('refuses a credential that it does not know, and a login by SSH without a user', async () => {
    const credentials = { username: 'tester', pasword: 'something else' };
    for (const config of everywhere({ port: 1 }, { credentials })) {
      const [failure] = await refusal(config);
      expect(failure).toMatchObject({ code: 'INVALID_CONFIG', field: 'credentials.pasword' });
    }
    const [failure] = await refusal(incomingConfig({ allowAnyHostKey: true }, { type: 'sftp' }));
    expect(failure).toMatchObject({ code: 'INVALID_CONFIG', field: 'credentials.username' });
  });

  test('refuses certificates and keys that are none, also without a probe', async () => {
    for (const name of ['tls_ca', 'tls_cert', 'tls_key']) {
      const more = { type: 'ftps', credentials: { [name]: 'no PEM' } };
      const [failure] = await refusal(outgoingConfig({ port: 1, probe: false }, more));
      expect(failure).toMatchObject({ code: 'INVALID_CONFIG', field: `credentials.${name}` });
    }
  });

  test('shows no part of a password that the server repeats, however long its answer is', async () => {
    const password = 'correct horse battery staple';
    for (const before of [0, 270, 285, 3990]) {
      const answer = `530 ${'x'.repeat(before)} bad password ${password}`;
      const { port } = await startScripted({ PASS: () => answer });
      const credentials = { username: 'tester', password };
      const [failure] = await refusal(incomingConfig({ port }, { credentials }));
      expect(failure).toMatchObject({ code: 'AUTH_FAILED' });
      expect(failure.message).not.toMatch(/correct|horse|staple/);
    }
  });

  test('reaches for no server when `probe` is false', async () => {
    const port = await closedPort();
    for (const config of everywhere({ port, probe: false })) {
      expect((await validate(config)).join()).not.toContain(String(port));
    }
  });
});

const reachable = ({ settings, connection }: Outside, configOf: ConfigOf, more: object = {}) =>
  configOf({ ...settings, ...more }, connection);

describe.runIf(thereAreServers)('39: Validate with', () => {
  test.each(kinds)(
    '%s logs in and looks at the directory, and leaves nothing behind',
    async (kind) => {
      const outside = await startOutside(kind);
      for (const [, configOf] of directions) {
        expect(await validate(reachable(outside, configOf))).toEqual([]);
      }
      const directory = `${outside.settings['directory'] ?? '/drop'}/new`;
      const expected = {
        code: 'INVALID_CONFIG',
        reason: 'DIRECTORY_NOT_FOUND',
        field: 'settings.directory',
      };
      for (const config of [
        reachable(outside, incomingConfig, { directory }),
        reachable(outside, outgoingConfig, { directory, createDirectories: false }),
      ]) {
        const [failure] = await refusal(config);
        expect(failure).toMatchObject(expected);
        const connecting = connector.node.connect(config as ConnectionConfig);
        await expect(connecting).rejects.toMatchObject(expected);
      }
      for (const config of [
        reachable(outside, incomingConfig, { directory, missingDirectory: 'wait' }),
        reachable(outside, incomingConfig, { directory, missingDirectory: 'create' }),
        reachable(outside, outgoingConfig, { directory }),
      ]) {
        expect(await validate(config)).toEqual([]);
        expect(names(outside.drop)).toEqual([]);
      }
    },
  );

  const withPasswords = kinds.filter((kind) => !kind.startsWith('vsftpd'));
  test.each(withPasswords)('%s refuses a wrong password as Connect does', async (kind) => {
    const outside = await startOutside(kind);
    const { type } = outside.connection;
    const { private_key: _, private_key_passphrase: __, ...login } = outside.connection.credentials;
    const credentials = { ...login, password: 'not the password' };
    const [failure] = await refusal(incomingConfig(outside.settings, { type, credentials }));
    expect(failure).toMatchObject({ code: 'AUTH_FAILED', recoverable: false });
    expect(failure.message).not.toContain('not the password');
  });

  const withTls = kinds.filter((kind) => kind.includes(' ftps'));
  test.each(withTls)('%s refuses a certificate of another CA as Connect does', async (kind) => {
    const { settings, connection } = await startOutside(kind);
    const credentials = { ...connection.credentials, tls_ca: makeTestCa().ca };
    const [failure] = await refusal(incomingConfig(settings, { ...connection, credentials }));
    expect(failure).toMatchObject({ code: 'TLS_FAILED', recoverable: false });
  });

  const withSsh = kinds.filter((kind) => kind.endsWith(' sftp'));
  test.each(withSsh)('%s refuses another host key as Connect does', async (kind) => {
    const outside = await startOutside(kind);
    const hostKeySha256 = [userKey().fingerprint];
    const [failure] = await refusal(reachable(outside, incomingConfig, { hostKeySha256 }));
    expect(failure).toMatchObject({ code: 'TLS_FAILED', reason: 'HOST_KEY_MISMATCH' });
  });
});

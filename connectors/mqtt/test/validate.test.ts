import type { ConnectionConfig, PluginError } from '@vrsky/runtime';
import type { ConnectorProcess } from '@vrsky/runtime/host';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeTestCa } from '../../../tools/testing/certificates.ts';
import { needs } from '../../../tools/testing/require-program.ts';
import { closedPort, droppingPort, mutePort } from '../../../tools/testing/silent-servers.ts';
import { startAedes } from './support/aedes.ts';
import { broker, client, linkTo, listen, serverCertificate, testCa } from './support/broker.ts';
import { publishConfig, subscribeConfig } from './support/config.ts';
import { until } from './support/connector.ts';
import { failureOf } from './support/failure.ts';
import { connack, scriptedBroker } from './support/peer.ts';
import { start } from './support/process.ts';

const seconds = (count: number) => Temporal.Duration.from({ seconds: count });
/** What a slow machine may add to a limit. */
const SLACK_MS = 4000;

type ConfigOf = (settings: object, more?: Partial<ConnectionConfig>) => ConnectionConfig<object>;
const types: [string, ConfigOf][] = [
  ['mqtt-subscribe', subscribeConfig],
  ['mqtt-publish', publishConfig],
];

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
  const failure = await failureOf(validate(config));
  return [failure, performance.now() - since];
}

describe.each(types)('61: Validate of %s', (_type, configOf) => {
  test('fails where no broker listens', async () => {
    const brokers = [`mqtt://127.0.0.1:${await closedPort()}`];
    const [failure] = await refusal(configOf({ brokers }));
    expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
    expect(failure.rawMessage).toContain(brokers[0]);
  });

  test.each([
    ['drops what comes', droppingPort],
    ['accepts and stays silent', mutePort],
  ])(
    'fails within the timeout, and within the connect timeout, at a server that %s',
    async (_what, open) => {
      const brokers = [`mqtt://127.0.0.1:${await open()}`];
      const [late, ms] = await refusal(configOf({ brokers }, { timeout: seconds(1) }));
      expect(late).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
      expect(ms).toBeLessThan(1000 + SLACK_MS);
      const quick = configOf({ brokers, connectTimeoutMs: 500 }, { timeout: seconds(60) });
      const [given, msGiven] = await refusal(quick);
      expect(given).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
      expect(msGiven).toBeLessThan(500 + SLACK_MS);
    },
  );

  test('refuses a secret that the host does not have, also without a probe', async () => {
    const settings = { brokers: ['mqtt://127.0.0.1:1'], jwtSecret: 'broker-token', probe: false };
    const [failure] = await refusal(configOf(settings));
    expect(failure).toMatchObject({ code: 'NOT_FOUND', field: 'settings.jwtSecret' });
    expect(failure.rawMessage).toContain('broker-token');
  });

  test('refuses a credential that it does not know', async () => {
    const credentials = { usrname: 'somebody' };
    const [failure] = await refusal(configOf({ brokers: ['mqtt://127.0.0.1:1'] }, { credentials }));
    expect(failure).toMatchObject({ code: 'INVALID_CONFIG', field: 'credentials.usrname' });
    expect(failure.rawMessage).toContain('did you mean "username"?');
  });

  test('touches no broker when `probe` is false', async () => {
    const peer = await scriptedBroker();
    expect(await validate(configOf({ brokers: [peer.url], probe: false }))).toEqual([]);
    expect(peer.connections).toHaveLength(0);
  });

  test('connects under a client id of its own, without session, subscription, will and birth', async () => {
    const peer = await scriptedBroker();
    const last = { topic: 'status', payload: 'gone' };
    const settings = {
      brokers: [peer.url],
      clientId: 'real',
      will: { ...last },
      birth: { ...last },
    };
    expect(await validate(configOf({ ...settings, cleanStart: false }))).toEqual([]);
    const [connection] = peer.connections;
    expect(connection?.packets.map(({ cmd }) => cmd)).toEqual(['connect', 'disconnect']);
    const [connect] = connection?.of('connect') ?? [];
    expect(connect).toMatchObject({ clientId: 'real-validate', clean: true });
    expect(connect).toHaveProperty('properties.sessionExpiryInterval', 0);
    expect(connect).not.toHaveProperty('will');
  });

  test.runIf(needs('mosquitto'))('leaves a client that is connected alone', async () => {
    const { port, url } = await broker();
    const link = await linkTo(port);
    const running = await client(link.url, { clientId: 'real', clean: false, reconnectPeriod: 10 });
    expect(await validate(configOf({ brokers: [url], clientId: 'real' }))).toEqual([]);
    const got = await listen(url, 'after');
    await running.publishAsync('after', 'x', { qos: 1 });
    await until(() => got.length === 1);
    expect(link.accepted).toBe(1);
  });

  test.runIf(needs('mosquitto') && needs('openssl'))(
    'fails for a wrong password and for a certificate of another CA as Connect does',
    async () => {
      const closed = await broker({ authenticated: true });
      const credentials = { username: 'tester', password: 'wrong password' };
      const [wrong] = await refusal(configOf({ brokers: [closed.url] }, { credentials }));
      expect(wrong).toMatchObject({ code: 'AUTH_FAILED', recoverable: false });
      expect(wrong.message).not.toContain('wrong password');
      const { urls } = await broker({ tls: serverCertificate() });
      const tls_ca = makeTestCa().ca;
      const untrusted = configOf({ brokers: [urls['mqtts']] }, { credentials: { tls_ca } });
      const [failure] = await refusal(untrusted);
      expect(failure).toMatchObject({ code: 'TLS_FAILED', recoverable: false });
      const trusted = configOf(
        { brokers: [urls['mqtts']] },
        { credentials: { tls_ca: testCa().ca } },
      );
      expect(await validate(trusted)).toEqual([]);
    },
  );
});

test('61: a QoS that the broker does not offer fails Validate of mqtt-publish', async () => {
  const peer = await scriptedBroker({
    connect: ({ send }) => {
      send(connack(0, { properties: { maximumQoS: 0 } }));
      return false;
    },
  });
  const [failure] = await refusal(publishConfig({ brokers: [peer.url], qos: 1 }));
  expect(failure).toMatchObject({ code: 'INVALID_CONFIG', field: 'settings.qos' });
});

describe('61: a broker that admits the configured client id only', () => {
  const admitting = (id: string, password = '', silently = false) =>
    startAedes({
      silently,
      admits: (admitted, given) => admitted === id && (!password || given === password),
    });

  test.runIf(needs('openssl')).each([
    ['answers with a refusal', false],
    ['closes the connection', true],
  ])(
    'and otherwise %s is a warning that names `probe`, where a certificate is the only credential',
    async (_what, silently) => {
      const { secureUrl } = await admitting('machine-7', '', silently);
      const { cert, key } = testCa().issueClient('machine-7');
      const credentials = { tls_ca: testCa().ca, tls_cert: cert, tls_key: key };
      const settings = { brokers: [secureUrl], clientId: 'machine-7', protocolVersion: 4 };
      const config = subscribeConfig(settings, { credentials });
      const { node } = connector;
      expect(await node.validate(config as ConnectionConfig)).toEqual([
        expect.stringMatching(/as machine-7-validate: .* set settings\.probe to false/),
      ]);
      await node.connect(config);
      expect((await node.health()).status).toBe('ok');
      await node.disconnect();
    },
  );

  test('is AUTH_FAILED with a password, which may be what is wrong; the text names `probe`', async () => {
    const { url } = await admitting('machine-7', 'right');
    const credentials = { username: 'machine', password: 'right' };
    const settings = { brokers: [url], clientId: 'machine-7', protocolVersion: 4 };
    const [failure] = await refusal(publishConfig(settings, { credentials }));
    expect(failure).toMatchObject({ code: 'AUTH_FAILED', recoverable: false });
    expect(failure.rawMessage).toContain('set settings.probe to false');
  });

  test('is a warning, when it says that the client id is not valid', async () => {
    const peer = await scriptedBroker({
      connect: ({ send }, packet) => {
        if ((packet as { clientId?: string }).clientId === 'short') return undefined;
        send(connack(0x85));
        return false;
      },
    });
    expect(await validate(subscribeConfig({ brokers: [peer.url], clientId: 'short' }))).toEqual([
      expect.stringContaining('settings.probe'),
    ]);
  });
});

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { makeTestCa } from '../../../tools/testing/certificates.ts';
import { needs } from '../../../tools/testing/require-program.ts';
import { startTcpProxy } from '../../../tools/testing/tcp-proxy.ts';
import { SubscribeSource } from '../src/source.ts';
import { broker, serverCertificate, testCa } from './support/broker.ts';
import { messageOf, subscribeConfig, testHost } from './support/config.ts';
import { healthOf, publish, subscribe, until } from './support/connector.ts';
import { failureOf } from './support/failure.ts';
import { connack, scriptedBroker } from './support/peer.ts';

const signal = AbortSignal.timeout(60_000);

function startFailure(settings: object, credentials: Record<string, string> = {}) {
  const source = new SubscribeSource(subscribeConfig(settings, { credentials }), testHost().host);
  return failureOf(source.start(signal));
}

function passwordFile(user: string, password: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'passwords-'));
  const file = join(folder, 'passwords');
  writeFileSync(file, `${user}:${password}\n`);
  execFileSync('mosquitto_passwd', ['-U', file], { stdio: 'pipe' });
  const text = readFileSync(file, 'utf8');
  rmSync(folder, { recursive: true });
  return text;
}

describe.runIf(needs('mosquitto') && needs('openssl'))('60: with mosquitto', () => {
  test('a wrong password is AUTH_FAILED, without the password in it; the right one is let in', async () => {
    const { url } = await broker({
      authenticated: true,
      files: { passwords: passwordFile('user', 'right password') },
      config: ['password_file FOLDER/passwords'],
    });
    for (const protocolVersion of [4, 5]) {
      const settings = { brokers: [url], protocolVersion };
      const wrong = await startFailure(settings, { username: 'user', password: 'wrong password' });
      expect(wrong).toMatchObject({ code: 'AUTH_FAILED', recoverable: false });
      expect(wrong.message).not.toContain('wrong password');
      expect(await startFailure(settings)).toMatchObject({ code: 'AUTH_FAILED' });
      const credentials = { username: 'user', password: 'right password' };
      const incoming = await subscribe(settings, { credentials });
      expect(incoming.warnings).toEqual([expect.stringContaining('unencrypted')]);
      await incoming.stop();
    }
  });

  test.each(['mqtts', 'wss'])('%s: a wrong CA and a wrong name are TLS_FAILED', async (scheme) => {
    const { urls } = await broker({ tls: serverCertificate() });
    const url = urls[scheme] ?? '';
    const expected = { code: 'TLS_FAILED', recoverable: false };
    const ca = { tls_ca: testCa().ca };
    expect(await startFailure({ brokers: [url] })).toMatchObject(expected);
    expect(await startFailure({ brokers: [url] }, { tls_ca: makeTestCa().ca })).toMatchObject(
      expected,
    );
    const byAddress = url.replace('localhost', '127.0.0.1');
    expect(await startFailure({ brokers: [byAddress] }, ca)).toMatchObject(expected);
    const tls = { servername: 'localhost' };
    const incoming = await subscribe({ brokers: [byAddress], tls }, { credentials: ca });
    expect((await healthOf(incoming.source)).status).toBe('ok');
  });

  test.each(['mqtts', 'wss'])(
    '%s: a client certificate is shown, and without one it fails',
    async (scheme) => {
      const { urls, log } = await broker({ tls: { ...serverCertificate(), ca: testCa().ca } });
      const settings = { brokers: [urls[scheme] ?? ''] };
      const credentials = { tls_ca: testCa().ca };
      expect(await startFailure(settings, credentials)).toMatchObject({
        recoverable: expect.any(Boolean),
      });
      const { cert, key } = testCa().issueClient('machine-7');
      await subscribe(settings, { credentials: { ...credentials, tls_cert: cert, tls_key: key } });
      expect(log()).toContain("u'machine-7'");
    },
  );

  test('TLS to a port without it is TLS_FAILED', async () => {
    const { port } = await broker();
    const failure = await startFailure({
      brokers: [`mqtts://localhost:${port}`],
      connectTimeoutMs: 1000,
    });
    expect(['TLS_FAILED', 'CONNECTION_FAILED']).toContain(failure.code);
  });

  test('plain MQTT to a port with TLS fails, and says so', async () => {
    const { urls } = await broker({ tls: serverCertificate() });
    const url = (urls['mqtts'] ?? '').replace('mqtts', 'mqtt');
    expect(await startFailure({ brokers: [url] })).toMatchObject({ code: 'CONNECTION_FAILED' });
  });

  test('nothing but TLS goes over the wire of mqtts', async () => {
    const { urls } = await broker({ tls: serverCertificate() });
    const bytes: Buffer[] = [];
    const link = await startTcpProxy(Number(new URL(urls['mqtts'] ?? '').port), (_from, chunk) =>
      bytes.push(chunk),
    );
    onTestFinished(() => link.close());
    const credentials = { tls_ca: testCa().ca, username: 'user', password: 'password' };
    const brokers = [`mqtts://localhost:${link.port}`];
    const outgoing = await publish({ brokers }, { credentials });
    expect(await outgoing.send(messageOf('a'))).toEqual([{}]);
    expect(outgoing.warnings).toEqual([]);
    const all = Buffer.concat(bytes);
    expect(all[0]).toBe(0x16);
    for (const text of ['MQTT', 'password', 'payload of a']) expect(all.includes(text)).toBe(false);
  });
});

test('60: a token is asked for before each connection, and a refused one may be better next time', async () => {
  const tokens = ['first token', 'second token', 'third token', 'fourth token'];
  const asked: string[] = [];
  const host = testHost((name) => {
    asked.push(name);
    return tokens[asked.length - 1] ?? '';
  });
  let expired = 'none';
  const peer = await scriptedBroker({
    connect: ({ send }, packet) => {
      const { password } = packet as { password?: Buffer };
      if (String(password) !== expired) return undefined;
      send(connack(0x86));
      return false;
    },
  });
  const settings = { brokers: [peer.url], jwtSecret: 'broker-token' };
  const incoming = await subscribe(settings, { credentials: { username: 'device' } }, host);
  const shown = (): string[] =>
    peer.connections.map(({ packets: [connect] }) =>
      String((connect as { password?: Buffer } | undefined)?.password),
    );
  await until(() => shown().length === 1);
  expired = 'second token';
  peer.connections[0]?.socket.destroy();
  await until(() => peer.connections[2]?.of('subscribe').length === 1);
  expect(shown()).toEqual(['first token', 'second token', 'third token']);
  expect(asked).toEqual(['broker-token', 'broker-token', 'broker-token']);
  expect(incoming.warnings.join()).toContain('AUTH_FAILED');
  expect(incoming.warnings.join()).not.toMatch(/(first|second|third) token/);

  expired = 'fourth token';
  const source = new SubscribeSource(subscribeConfig(settings), host.host);
  expect(await failureOf(source.start(signal))).toMatchObject({
    code: 'AUTH_FAILED',
    recoverable: true,
  });
});

test('60: a WebSocket is opened with its path, its headers and the protocol mqtt', async () => {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  const seen: [string | undefined, string | undefined, unknown][] = [];
  sockets.on('connection', (socket, { url, headers }) => {
    seen.push([url, headers['sec-websocket-protocol'], headers['x-tenant']]);
    socket.close();
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const websocket = { headers: { 'x-tenant': 't1' } };
  for (const path of ['', '/broker?key=1']) {
    const failure = await startFailure({ brokers: [`ws://127.0.0.1:${port}${path}`], websocket });
    expect(failure).toMatchObject({ code: 'CONNECTION_FAILED' });
    expect(failure.rawMessage).not.toContain('key=1');
  }
  expect(seen).toEqual([
    ['/mqtt', 'mqtt', 't1'],
    ['/broker?key=1', 'mqtt', 't1'],
  ]);
});

test('60: a server that knows no WebSocket is told with its status', async () => {
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await startFailure({ brokers: [`ws://127.0.0.1:${port}`] })).toMatchObject({
    code: 'CONNECTION_FAILED',
    rawMessage: expect.stringContaining('404'),
  });
});

describe.runIf(needs('openssl'))(
  'credentials that cannot be right are refused before anything is sent',
  () => {
    const { cert, key } = testCa().issueClient('a');
    const other = testCa().issueClient('b');

    test.each([
      [{ tls_ca: 'no certificate' }, {}, 'credentials.tls_ca'],
      [{ tls_cert: cert }, {}, 'credentials.tls_key'],
      [{ tls_key: key }, {}, 'credentials.tls_cert'],
      [{ tls_cert: cert, tls_key: 'no key' }, {}, 'credentials.tls_key'],
      [{ tls_cert: cert, tls_key: other.key }, {}, 'credentials.tls_key'],
      [{ password: 'p', jwt: 'j', username: 'u' }, {}, 'credentials.jwt'],
      [{ jwt: 'j' }, { jwtSecret: 'x' }, 'settings.jwtSecret'],
    ])('%#', async (credentials, settings, field) => {
      const failure = await startFailure(
        { brokers: ['mqtts://127.0.0.1:1'], ...settings },
        credentials,
      );
      expect(failure).toMatchObject({ code: 'INVALID_CONFIG', field, recoverable: false });
      expect(failure.message).not.toMatch(/no key|no certificate|PRIVATE/);
    });
  },
);

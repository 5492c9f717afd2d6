import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeTestCa } from '../../../tools/testing/certificates.ts';
import { slowly } from '../../../tools/testing/slowness.ts';
import { stopClock } from './support/clock.ts';
import { createSource, startWebhook, type Webhook } from './support/webhook.ts';

const ca = makeTestCa();
const server = ca.issueServer();
const credentials = { tls_cert: server.cert, tls_key: server.key, tls_client_ca: ca.ca };
const client = ca.issueClient('shop');
const FOR_SERVERS = ['-addext', 'extendedKeyUsage=serverAuth'];

interface Answer {
  readonly status: number;
}

/** @param subjects gets that of the message's sender */
async function call(
  webhook: Webhook,
  options: ConnectionOptions = {},
  subjects: unknown[] = [],
): Promise<Answer> {
  const answered = new AbortController();
  const taking = webhook.source.next(answered.signal).then(
    (handed) => {
      subjects.push(handed.message.headers?.['http.tls.subject']);
      webhook.source.ack(handed, undefined);
    },
    () => {},
  );
  const exchange = request({
    host: '127.0.0.1',
    servername: 'localhost',
    port: webhook.port,
    method: 'POST',
    agent: false,
    ca: ca.ca,
    ...options,
  });
  exchange.end('x');
  try {
    const [response] = await once(exchange, 'response');
    response.resume();
    await once(response, 'end');
    return { status: response.statusCode };
  } finally {
    answered.abort();
    await taking;
  }
}

test('HTTPS: a message comes, and the certificate is the one of the credentials', async () => {
  const webhook = await startWebhook({ tls: {} }, { credentials });
  expect((await call(webhook)).status).toBe(202);
  await expect(call(webhook, { ca: makeTestCa().ca })).rejects.toThrow('certificate');
  expect(webhook.source.health().details['certificateExpires']).toMatch(/^2\d{3}-/);
});

test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused', async (version) => {
  const webhook = await startWebhook({ tls: {} }, { credentials });
  const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await expect(call(webhook, old)).rejects.toThrow('alert protocol version');
  expect((await call(webhook)).status).toBe(202);
});

test('only TLS 1.3, when that is the oldest version taken', async () => {
  const webhook = await startWebhook({ tls: { minVersion: 'TLSv1.3' } }, { credentials });
  expect((await call(webhook)).status).toBe(202);
  await expect(call(webhook, { maxVersion: 'TLSv1.2' })).rejects.toThrow('protocol version');
});

test('plain HTTP on the port of HTTPS gives no message, and the next client is served', async () => {
  const webhook = await startWebhook({ tls: {} }, { credentials });
  const socket = connectTcp(webhook.port, '127.0.0.1');
  socket.on('error', () => {}).resume();
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx');
  await once(socket, 'close');
  expect((await call(webhook)).status).toBe(202);
});

test('stop does not wait for a client in the middle of its TLS handshake', async () => {
  const webhook = await startWebhook({ tls: {} }, { credentials });
  const socket = connectTcp(webhook.port, '127.0.0.1');
  const closed = once(socket.on('error', () => {}).resume(), 'close');
  socket.write(Buffer.from('160301', 'hex'));
  expect((await call(webhook)).status).toBe(202);
  const started = performance.now();
  await webhook.stop();
  await closed;
  expect(performance.now() - started).toBeLessThan(slowly(2000));
});

describe('client certificates', () => {
  const start = (mtls: object = {}): Promise<Webhook> =>
    startWebhook({ tls: {}, auth: { mtls } }, { credentials });

  test('of the client CA are taken, and their subject is told', async () => {
    const webhook = await start();
    const subjects: unknown[] = [];
    expect((await call(webhook, client, subjects)).status).toBe(202);
    expect(subjects).toEqual(['CN=shop']);
  });

  test.each([
    ['none', () => ({})],
    ['one of another CA', () => makeTestCa().issueClient('shop')],
    ['one that has expired', () => ca.issueExpiredClient('shop')],
    ['one that is for servers', () => ca.issueServer(undefined, FOR_SERVERS)],
  ])('%s is answered 401', async (_, certificate) => {
    const webhook = await start();
    expect((await call(webhook, certificate())).status).toBe(401);
    expect(webhook.source.health().details['unauthorized']).toBe('1');
  });

  test('of allowed subjects only, when these are named', async () => {
    const webhook = await start({ subjects: ['shop', 'billing'] });
    expect((await call(webhook, client)).status).toBe(202);
    expect((await call(webhook, ca.issueClient('billing'))).status).toBe(202);
    expect((await call(webhook, ca.issueClient('other'))).status).toBe(401);
    expect((await call(webhook, ca.issueClient('shop '))).status).toBe(401);
  });

  test('a session that is taken up again is one of the same client', async () => {
    const webhook = await start({ subjects: ['shop'] });
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const [certificate, status] of [
        [client, 202],
        [ca.issueClient('other'), 401],
      ] as const) {
        const options = { ...certificate, maxVersion: version };
        const session = await sessionOf(webhook, options);
        expect((await call(webhook, { ...options, session })).status).toBe(status);
      }
    }
  });

  test('on one route do not keep others from being called without', async () => {
    const routes = [{ path: '/mtls', auth: { mtls: {} } }, { path: '/' }];
    const webhook = await startWebhook({ tls: {}, routes }, { credentials });
    expect((await call(webhook)).status).toBe(202);
  });
});

/** What a client needs to take up a TLS session again. */
async function sessionOf(webhook: Webhook, options: ConnectionOptions): Promise<Buffer> {
  const socket = connect({
    ...{ host: '127.0.0.1', port: webhook.port, servername: 'localhost', ca: ca.ca },
    ...options,
  });
  onTestFinished(() => {
    socket.destroy();
  });
  const [session] = await once(socket.resume(), 'session');
  return session as Buffer;
}

describe('Validate', () => {
  const pem = (type: string): string => `-----BEGIN ${type}-----\nAAAA\n-----END ${type}-----\n`;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const encrypted = rsa.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  });

  test.each([
    ['no certificate', { tls_cert: '' }, 'credentials.tls_cert'],
    ['no key', { tls_key: '' }, 'credentials.tls_key'],
    ['a certificate that is none', { tls_cert: pem('CERTIFICATE') }, 'credentials.tls_cert'],
    ['a key that is none', { tls_key: pem('PRIVATE KEY') }, 'credentials.tls_key'],
    ['the key of another certificate', { tls_key: ca.issueServer().key }, 'credentials.tls_key'],
    ['an encrypted key without its passphrase', { tls_key: encrypted }, 'credentials.tls_key'],
    ['no CA for clients', { tls_client_ca: '' }, 'credentials.tls_client_ca'],
    ['a CA for clients that is none', { tls_client_ca: 'x' }, 'credentials.tls_client_ca'],
  ])('%s is a fault of the configuration, told without the value', async (_, more, field) => {
    const settings = { tls: {}, auth: { mtls: {} } };
    const { source } = createSource(settings, { credentials: { ...credentials, ...more } });
    await expect(source.validate(AbortSignal.timeout(5000))).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      field,
      message: expect.not.stringContaining('BEGIN'),
    });
  });

  test('client certificates without TLS are a fault of the configuration', async () => {
    const { source } = createSource({ auth: { anyOf: [{ mtls: {} }] } }, { credentials });
    await expect(source.validate(AbortSignal.timeout(5000))).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      field: 'settings.tls',
    });
  });

  test.each([
    [10, 'certificate expired'],
    [-10, 'is not valid before'],
    [0, 'renew it'],
  ])('warns of a certificate when the clock is %i years ahead', async (years, text) => {
    const { cert, key } = ca.issueServer(['DNS:localhost'], ['-days', '3']);
    stopClock(Date.now() / 1000 + years * 365 * 86_400);
    const { source } = createSource({ tls: {} }, { credentials: { tls_cert: cert, tls_key: key } });
    const warnings = await source.validate(AbortSignal.timeout(5000));
    expect(warnings).toEqual([
      expect.stringContaining('no authentication'),
      expect.stringContaining(text),
    ]);
  });

  test('an ordinary certificate is nothing to warn of', async () => {
    const { cert, key } = ca.issueServer(['DNS:localhost'], ['-days', '90']);
    const { source } = createSource({ tls: {} }, { credentials: { tls_cert: cert, tls_key: key } });
    expect(await source.validate(AbortSignal.timeout(5000))).toHaveLength(1);
  });
});

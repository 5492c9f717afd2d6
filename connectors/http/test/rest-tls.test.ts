import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Certificate, makeTestCa, type TestCa } from '../../../tools/testing/certificates.ts';
import { needs } from '../../../tools/testing/require-program.ts';
import { connector } from '../src/connector.ts';
import { failureOf } from './support/failure.ts';
import { listenForTest, messageOf, sendFailure, serveHttp, startRest } from './support/rest.ts';

const UNTRUSTED = { code: 'TLS_FAILED', recoverable: false };

describe.runIf(needs('openssl'))('https', () => {
  let authority: TestCa;
  beforeAll(() => {
    authority = makeTestCa();
  });

  async function serveHttps(): Promise<{ port: number; requests: () => number }> {
    let requests = 0;
    const server = createServer(authority.issueServer(), (_, answer) => {
      requests += 1;
      answer.end('safe');
    });
    // A client that does not trust it breaks the handshake off.
    server.on('tlsClientError', () => {});
    return { port: await listenForTest(server), requests: () => requests };
  }

  test('a private CA is trusted when it is given', async () => {
    const { port } = await serveHttps();
    const credentials = { tls_ca: `A comment.\n${authority.ca}` };
    const { send } = await startRest({ url: `https://localhost:${port}` }, { credentials });
    expect((await send(messageOf('m-1')))[0]).toMatchObject({ messageId: 'm-1' });
  });

  test('an unknown CA is not trusted, and no request is sent', async () => {
    const { port, requests } = await serveHttps();
    const { send } = await startRest({ url: `https://localhost:${port}` });
    expect(await sendFailure(send(messageOf('m-1')))).toMatchObject(UNTRUSTED);
    expect(requests()).toBe(0);
  });

  test('another name than that of the certificate is not trusted', async () => {
    const { port, requests } = await serveHttps();
    const credentials = { tls_ca: authority.ca };
    const { send } = await startRest({ url: `https://127.0.0.1:${port}` }, { credentials });
    expect(await sendFailure(send(messageOf('m-1')))).toMatchObject(UNTRUSTED);
    expect(requests()).toBe(0);
  });

  test('a server without TLS is told as such', async () => {
    const { url } = await serveHttp((_request, response) => response.end());
    const { send } = await startRest({ url: url.replace('http:', 'https:') });
    expect(await sendFailure(send(messageOf('m-1')))).toMatchObject(UNTRUSTED);
  });

  test('a proxy tunnels to a server that is checked against the private CA', async () => {
    const { port } = await serveHttps();
    const asked: unknown[] = [];
    const sockets: Socket[] = [];
    const proxy = createHttpServer().on('connect', (request, socket: Socket) => {
      asked.push(request.url);
      const onward = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      sockets.push(onward);
      pipeline(socket, onward, socket, () => {});
    });
    vi.stubEnv('https_proxy', `http://127.0.0.1:${await listenForTest(proxy)}`);
    try {
      const settings = { url: `https://localhost:${port}`, ssrf: { allowPrivate: false } };
      const trusting = await startRest(settings, { credentials: { tls_ca: authority.ca } });
      expect((await trusting.send(messageOf('m-1')))[0]).toMatchObject({ messageId: 'm-1' });
      const doubting = await startRest(settings);
      expect(await sendFailure(doubting.send(messageOf('m-2')))).toMatchObject(UNTRUSTED);
    } finally {
      vi.unstubAllEnvs();
    }
    expect(asked).toEqual([`localhost:${port}`, `localhost:${port}`]);
  });

  test('a proxy that refuses is a failed connection', async () => {
    const proxy = createHttpServer().on('connect', (_request, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    vi.stubEnv('https_proxy', `http://127.0.0.1:${await listenForTest(proxy)}`);
    try {
      const { send } = await startRest({ url: 'https://shop.invalid' });
      expect(await sendFailure(send(messageOf('m-1')))).toMatchObject({
        code: 'CONNECTION_FAILED',
        recoverable: true,
      });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  describe('a client certificate', () => {
    interface MutualServer {
      readonly url: string;
      /** Common names of the clients whose requests came through. */
      readonly clients: unknown[];
    }

    async function serveMutual(): Promise<MutualServer> {
      const clients: unknown[] = [];
      const tls = { ...authority.issueServer(), ca: authority.ca, requestCert: true };
      const server = createServer(tls, ({ socket }, answer) => {
        clients.push((socket as TLSSocket).getPeerCertificate().subject['CN']);
        answer.end();
      });
      server.on('tlsClientError', () => {});
      return { url: `https://localhost:${await listenForTest(server)}`, clients };
    }

    function credentialsOf({ cert, key }: Certificate, more: object = {}): Record<string, string> {
      return { tls_ca: authority.ca, tls_client_cert: cert, tls_client_key: key, ...more };
    }

    test('proves who calls', async () => {
      const { url, clients } = await serveMutual();
      const credentials = credentialsOf(authority.issueClient('shop'));
      const { send } = await startRest({ url }, { credentials });
      expect((await send(messageOf('m-1')))[0]).toMatchObject({ messageId: 'm-1' });
      expect(clients).toEqual(['shop']);
    });

    test('may have an encrypted key', async () => {
      const { url, clients } = await serveMutual();
      const { cert, key } = authority.issueClient('shop');
      const encrypted = createPrivateKey(key).export({
        type: 'pkcs8',
        format: 'pem',
        cipher: 'aes-256-cbc',
        passphrase: 'hunter2',
      });
      const pair = { cert, key: encrypted };
      const credentials = credentialsOf(pair, { tls_client_passphrase: 'hunter2' });
      const { send } = await startRest({ url }, { credentials });
      expect((await send(messageOf('m-1')))[0]).toMatchObject({ messageId: 'm-1' });
      expect(clients).toEqual(['shop']);
      const wrong = credentialsOf(pair, { tls_client_passphrase: 'hunter3' });
      expect(await failureOf(startRest({ url }, { credentials: wrong }))).toMatchObject({
        code: 'INVALID_CONFIG',
        field: 'credentials.tls_client_key',
      });
    });

    test.each([
      ['none', () => ({ tls_ca: authority.ca })],
      ['one of another CA', () => credentialsOf(makeTestCa().issueClient('shop'))],
    ])('that the server refuses (%s) is TLS_FAILED', async (_, credentials) => {
      const { url } = await serveOpenssl(authority);
      const { send } = await startRest({ url, method: 'GET' }, { credentials: credentials() });
      expect(await sendFailure(send(messageOf('m-1')))).toMatchObject(UNTRUSTED);
      const trusted = { credentials: credentialsOf(authority.issueClient('shop')) };
      const other = await startRest({ url, method: 'GET' }, trusted);
      expect((await other.send(messageOf('m-2')))[0]).toMatchObject({ messageId: 'm-2' });
    });

    test('is not shown to a proxy', async () => {
      const { url, clients } = await serveMutual();
      const shown: unknown[] = [];
      const tls = { ...authority.issueServer(), ca: authority.ca, requestCert: true };
      const proxy = createServer({ ...tls, rejectUnauthorized: false });
      const onward: Socket[] = [];
      proxy.on('connect', (request, socket: TLSSocket) => {
        shown.push(Object.keys(socket.getPeerCertificate()));
        const [host, port] = String(request.url).split(':');
        const target = connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
        onward.push(target);
        pipeline(socket, target, socket, () => {});
      });
      vi.stubEnv('https_proxy', `https://localhost:${await listenForTest(proxy)}`);
      try {
        const credentials = credentialsOf(authority.issueClient('shop'));
        const { send } = await startRest({ url }, { credentials });
        expect((await send(messageOf('m-1')))[0]).toMatchObject({ messageId: 'm-1' });
      } finally {
        vi.unstubAllEnvs();
      }
      expect(shown).toEqual([[]]);
      expect(clients).toEqual(['shop']);
    });

    test.each([
      ['without its key', ({ cert }) => ({ tls_client_cert: cert }), 'tls_client_key'],
      ['without its certificate', ({ key }) => ({ tls_client_key: key }), 'tls_client_cert'],
      [
        'with the key of another',
        ({ cert }) => credentialsOf({ cert, key: authority.issueClient('b').key }),
        'tls_client_key',
      ],
      ['that is none', ({ key }) => credentialsOf({ cert: 'hunter2', key }), 'tls_client_cert'],
      [
        'with a key that is none',
        ({ cert }) => credentialsOf({ cert, key: 'hunter2' }),
        'tls_client_key',
      ],
    ] satisfies [string, (own: Certificate) => Record<string, string>, string][])(
      '%s is refused, without its text',
      async (_, credentials, name) => {
        const own = authority.issueClient('shop');
        const settings = { url: 'https://a.example' };
        const failure = await failureOf(startRest(settings, { credentials: credentials(own) }));
        expect(failure).toMatchObject({ code: 'INVALID_CONFIG', field: `credentials.${name}` });
        expect(failure.message).not.toMatch(/hunter2|BEGIN/);
      },
    );
  });

  test('TLS is claimed because of these tests', () => {
    expect(connector.metadata.capabilities).toEqual(expect.arrayContaining(['tls', 'mtls']));
  });
});

/** A server of OpenSSL that wants a client certificate, and says so in an alert. */
async function serveOpenssl(authority: TestCa): Promise<{ url: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'openssl-'));
  const { cert, key } = authority.issueServer();
  const files = { 'server.pem': cert, 'server.key': key, 'ca.pem': authority.ca };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const server = spawn(
    'openssl',
    [
      ...['s_server', '-accept', '127.0.0.1:0', '-www', '-Verify', '1', '-verify_return_error'],
      ...['-cert', 'server.pem', '-key', 'server.key', '-CAfile', 'ca.pem'],
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  onTestFinished(async () => {
    server.kill('SIGKILL');
    await once(server, 'close');
    rmSync(folder, { recursive: true });
  });
  let said = '';
  for await (const text of server.stdout.setEncoding('utf8')) {
    said += text;
    const [, port] = /^ACCEPT .*:(\d+)$/m.exec(said) ?? [];
    if (port) return { url: `https://localhost:${port}` };
  }
  throw new Error(`openssl s_server said ${said}`);
}

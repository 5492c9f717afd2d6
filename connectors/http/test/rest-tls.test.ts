import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { makeTestCa, type TestCa } from '../../../tools/testing/certificates.ts';
import { needs } from '../../../tools/testing/require-program.ts';
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
});

import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { makeTestCa } from '../../../tools/testing/certificates.ts';
import { needs } from '../../../tools/testing/require-program.ts';
import { RestDestination } from '../src/destination.ts';
import { restConfig } from './support/config.ts';
import { failureOf } from './support/failure.ts';
import { credentials as oauth2Credentials, serveTokens } from './support/oauth2.ts';
import { configOf, freePort, launchHttp } from './support/process.ts';
import { listenForTest, serveHttp, serveRecorder, signal } from './support/rest.ts';

const local = { ssrf: { allowPrivate: true } };
const BLACK_HOLE_TIMEOUT = Temporal.Duration.from({ milliseconds: 500 });

/** Runs the probe by itself, as the runtime does in Validate. */
function probe(settings: object, credentials: Record<string, string> = {}): Promise<string[]> {
  const config = restConfig(settings, { credentials });
  return new RestDestination(config, { hideSecret: () => {} }).probe.run(signal);
}

/** Counts connections, and whether anything was said on them. */
async function serveSilence(): Promise<{ port: number; connections: number; bytes: number }> {
  const seen = { port: 0, connections: 0, bytes: 0 };
  const server = createServer((socket) => {
    seen.connections += 1;
    socket.on('data', (chunk) => {
      seen.bytes += chunk.length;
    });
  });
  return Object.assign(seen, { port: await listenForTest(server) });
}

describe('Validate and Connect', () => {
  test('reach the endpoint, and send nothing', async () => {
    const server = await serveSilence();
    const { node } = await launchHttp();
    const config = configOf('http-rest', { ...local, url: `http://127.0.0.1:${server.port}/a` });
    expect(await node.validate(config)).toEqual([]);
    await vi.waitFor(() => expect(server.connections).toBe(1), { timeout: 10_000 });
    await node.connect(config);
    await vi.waitFor(() => expect(server.connections).toBe(2), { timeout: 10_000 });
    await node.disconnect();
    expect(server.bytes).toBe(0);
  });

  test('fail recoverably where nothing listens, and not with probe: false', async () => {
    const { node } = await launchHttp();
    const settings = { ...local, url: `http://127.0.0.1:${await freePort()}/` };
    const down = { code: 'CONNECTION_FAILED', recoverable: true };
    expect(await failureOf(node.validate(configOf('http-rest', settings)))).toMatchObject({
      ...down,
      rawMessage: expect.stringContaining(new URL(settings.url).origin),
    });
    expect(await failureOf(node.connect(configOf('http-rest', settings)))).toMatchObject(down);
    const unprobed = configOf('http-rest', { ...settings, probe: false });
    expect(await node.validate(unprobed)).toEqual([]);
    await node.connect(unprobed);
  });

  test('fail in time where a TLS server is silent', async () => {
    const server = await serveSilence();
    const { node } = await launchHttp();
    const settings = { ...local, url: `https://127.0.0.1:${server.port}/` };
    const config = { ...configOf('http-rest', settings), timeout: BLACK_HOLE_TIMEOUT };
    for (const call of [node.validate(config), node.connect(config)]) {
      expect(await failureOf(call)).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
    }
  });

  test.runIf(needs('openssl'))('fail for good where the certificate is not trusted', async () => {
    const authority = makeTestCa();
    const server = createHttpsServer(authority.issueServer());
    server.on('tlsClientError', () => {});
    const settings = { ...local, url: `https://localhost:${await listenForTest(server)}/` };
    const { node } = await launchHttp();
    const untrusted = { code: 'TLS_FAILED', recoverable: false };
    expect(await failureOf(node.validate(configOf('http-rest', settings)))).toMatchObject(
      untrusted,
    );
    expect(await failureOf(node.connect(configOf('http-rest', settings)))).toMatchObject(untrusted);
    const trusting = configOf('http-rest', settings, { tls_ca: authority.ca });
    expect(await node.validate(trusting)).toEqual([]);
    await node.connect(trusting);
  });
});

describe('a URL with placeholders', () => {
  test('in its path: its host is reached', async () => {
    const port = await freePort();
    const failure = await failureOf(probe({ url: `http://127.0.0.1:${port}/{{message.id}}` }));
    expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
  });

  test('in its host: a warning says that nothing was reached', async () => {
    const allowedHosts = [`127.0.0.1:${await freePort()}`, 'b.example'];
    expect(await probe({ url: 'http://{{headers.shop}}/', allowedHosts })).toEqual([
      expect.stringContaining('settings.url: its host depends on the message'),
    ]);
  });
});

describe('a proxy', () => {
  test.runIf(needs('openssl'))('is used by the probe as by sends', async () => {
    const authority = makeTestCa();
    const server = createHttpsServer(authority.issueServer());
    const port = await listenForTest(server);
    const asked: unknown[] = [];
    const proxy = createHttpServer().on('connect', (request, socket: Socket) => {
      asked.push(request.url);
      const onward = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      pipeline(socket, onward, socket, () => {});
    });
    vi.stubEnv('https_proxy', `http://127.0.0.1:${await listenForTest(proxy)}`);
    try {
      const settings = { url: 'https://localhost/', ssrf: { allowPrivate: false } };
      expect(await probe(settings, { tls_ca: authority.ca })).toEqual([]);
      expect(await failureOf(probe(settings))).toMatchObject({ code: 'TLS_FAILED' });
    } finally {
      vi.unstubAllEnvs();
    }
    expect(asked).toEqual(['localhost:443', 'localhost:443']);
  });

  test('that refuses fails the probe', async () => {
    const proxy = createHttpServer().on('connect', (_request, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    vi.stubEnv('https_proxy', `http://127.0.0.1:${await listenForTest(proxy)}`);
    try {
      expect(await failureOf(probe({ url: 'https://shop.invalid' }))).toMatchObject({
        code: 'CONNECTION_FAILED',
        recoverable: true,
      });
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('healthCheck', () => {
  test('is one request with the proofs of who calls', async () => {
    const { url, seen } = await serveRecorder();
    const settings = {
      url: `${url}/orders/{{message.id}}`,
      auth: { bearer: {}, apiKey: { in: 'query', name: 'key' } },
      healthCheck: { path: '/ready?full=1' },
    };
    expect(await probe(settings, { bearer_token: 'token-1', api_key: 'a&b' })).toEqual([]);
    expect(seen).toMatchObject([
      {
        method: 'HEAD',
        url: '/ready?full=1&key=a%26b',
        headers: { authorization: 'Bearer token-1' },
        body: '',
      },
    ]);
  });

  test.each([
    [204, {}, undefined],
    [301, {}, { code: 'CONNECTION_FAILED', reason: 'HEALTH_CHECK', recoverable: true }],
    [404, {}, { code: 'CONNECTION_FAILED', reason: 'HEALTH_CHECK', recoverable: true }],
    [401, {}, { code: 'AUTH_FAILED', recoverable: false }],
    [403, {}, { code: 'AUTH_FAILED', recoverable: false }],
    [429, { 'retry-after': '7' }, { code: 'RATE_LIMITED', retryAfterMs: 7000 }],
    [503, { 'retry-after': '7' }, { code: 'SERVER_ERROR', retryAfterMs: 7000 }],
  ])('answered %i: %j', async (status, headers, expected) => {
    const { url } = await serveHttp((_request, response) =>
      response.writeHead(status, headers).end('x'.repeat(100_000)),
    );
    const outcome = await probe({ url, healthCheck: { path: '/', method: 'GET' } }).catch(
      (error: unknown) => error,
    );
    if (expected) expect(outcome).toMatchObject(expected);
    else expect(outcome).toEqual([]);
  });

  test('may be answered as its successStatus says', async () => {
    const { url } = await serveHttp((_request, response) => response.writeHead(405).end());
    const healthCheck = { path: '/', successStatus: ['200-204', '405'] };
    expect(await probe({ url, healthCheck })).toEqual([]);
  });

  test('a token that is refused is replaced once', async () => {
    const tokens = await serveTokens();
    const { url } = await serveHttp((request, response) => {
      response.writeHead(request.headers.authorization === 'Bearer token-2' ? 200 : 401).end();
    });
    const settings = {
      url,
      auth: { oauth2: { tokenUrl: tokens.tokenUrl } },
      healthCheck: { path: '/' },
    };
    expect(await probe(settings, oauth2Credentials)).toEqual([]);
    expect(tokens.calls).toHaveLength(2);
  });

  test.each(['ready', '//other.example/', '/{{message.id}}', '/a b', '/\\other.example'])(
    'cannot lead elsewhere: %j',
    (path) => {
      expect(() => restConfig({ url: 'https://a.example', healthCheck: { path } })).toThrow(
        expect.objectContaining({ code: 'INVALID_CONFIG', field: 'settings.healthCheck.path' }),
      );
    },
  );
});

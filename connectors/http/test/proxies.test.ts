import { createServer } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RestDestination } from '../src/destination.ts';
import { restConfig } from './support/config.ts';
import { failureOf } from './support/failure.ts';
import { listenForTest, messageOf, serveHttp, startRest } from './support/rest.ts';
import { createSource, startWebhook, statusOf } from './support/webhook.ts';

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A proxy for plain requests; what it was shown to prove who calls. */
async function serveProxy(): Promise<{ host: string; proofs: unknown[] }> {
  const proofs: unknown[] = [];
  const { url } = await serveHttp((request, response) => {
    proofs.push(request.headers['proxy-authorization']);
    response.end();
  });
  return { host: new URL(url).host, proofs };
}

describe('the account for a proxy', () => {
  const credentials = { proxy_username: 'us%er', proxy_password: 'pass:hunter2%' };

  test('is that of the credentials, and wins over the one in the variable', async () => {
    const { host, proofs } = await serveProxy();
    for (const begin of ['http://', 'http://other:else@', '']) {
      vi.stubEnv('http_proxy', begin + host);
      const { send } = await startRest({ url: 'http://shop.invalid/' }, { credentials });
      expect((await send(messageOf('m-1')))[0]).toMatchObject({ messageId: 'm-1' });
    }
    const expected = basic('us%er:pass:hunter2%');
    expect(proofs).toEqual([expected, expected, expected]);
  });

  test('in the variable is used, and kept out of logs in each of its forms', async () => {
    const { host, proofs } = await serveProxy();
    vi.stubEnv('http_proxy', `http://user:hunter%202@${host}`);
    const { send, hidden } = await startRest({ url: 'http://shop.invalid/' });
    await send(messageOf('m-1'));
    expect(proofs).toEqual([basic('user:hunter 2')]);
    expect(hidden).toEqual(
      expect.arrayContaining(['hunter 2', 'hunter%202', basic('user:hunter 2').slice(6)]),
    );
  });

  test('goes with a tunnel, too', async () => {
    const proofs: unknown[] = [];
    const proxy = createServer().on('connect', (request, socket) => {
      proofs.push(request.headers['proxy-authorization']);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    vi.stubEnv('https_proxy', `http://127.0.0.1:${await listenForTest(proxy)}`);
    const { send } = await startRest({ url: 'https://shop.invalid/' }, { credentials });
    await send(messageOf('m-1'));
    expect(proofs).toEqual([basic('us%er:pass:hunter2%')]);
  });
});

describe('a variable that holds no URL of a proxy', () => {
  const faulty = [
    'http://user:hunter2@proxy example:3128',
    'user:hunter2@proxy example',
    'ftp://user:hunter2@proxy.example',
    'http://user:100%hunter2@proxy.example',
  ];

  test.each(faulty)('is refused without its value by http-rest: %j', async (text) => {
    vi.stubEnv('HTTPS_PROXY', text);
    vi.stubEnv('https_proxy', undefined);
    const config = restConfig({ url: 'https://shop.example/' });
    const destination = new RestDestination(config, { hideSecret: () => {} });
    const failure = await failureOf(destination.validate());
    expect(failure).toMatchObject({ code: 'INVALID_CONFIG', recoverable: false });
    expect(failure.rawMessage).toContain('HTTPS_PROXY');
    expect(failure.rawMessage).toContain('such as http://proxy.example:3128');
    expect(`${failure.stack}${failure.cause}`).not.toContain('hunter2');
  });

  test('and by http-webhook, where it fetches the keys of an issuer', async () => {
    vi.stubEnv('http_proxy', faulty[0]);
    const auth = { jwt: { jwksUrl: 'https://issuer.example/keys' } };
    const failure = await failureOf(
      createSource({ auth }).source.validate(AbortSignal.timeout(60_000)),
    );
    expect(failure).toMatchObject({ code: 'INVALID_CONFIG' });
    expect(`${failure.stack}${failure.cause}`).not.toContain('hunter2');
  });
});

test("an issuer's keys are fetched through the proxy with the account of the credentials", async () => {
  const { host, proofs } = await serveProxy();
  vi.stubEnv('http_proxy', `http://${host}`);
  const webhook = await startWebhook(
    { auth: { jwt: { jwksUrl: 'http://issuer.invalid/keys' } } },
    { credentials: { proxy_username: 'user', proxy_password: 'password' } },
  );
  await statusOf(webhook, { authorization: 'Bearer eyJhbGciOiJSUzI1NiJ9.e30.AA' });
  expect(proofs).toEqual([basic('user:password')]);
});

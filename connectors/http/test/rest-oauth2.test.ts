import type { PluginError } from '@vrsky/runtime';
import { describe, expect, test, vi } from 'vitest';
import { RestDestination } from '../src/destination.ts';
import { restConfig } from './support/config.ts';
import { failureOf } from './support/failure.ts';
import {
  messageOf,
  type Seen,
  sendFailure,
  serveHttp,
  serveRecorder,
  signal,
  startRest,
} from './support/rest.ts';

const credentials = { oauth2_client_id: 'shop', oauth2_client_secret: 'se:cret' };

interface TokenServer {
  readonly tokenUrl: string;
  readonly calls: Seen[];
  /** How it answers from now on; the default gives token-1, token-2, … */
  answer: Answer;
}
type Answer = (count: number) => { status?: number; body: object | string; headers?: object };

const good: Answer = (count) => ({
  body: { access_token: `token-${count}`, token_type: 'Bearer', expires_in: 3600 },
});

async function serveTokens(answer: Answer = good): Promise<TokenServer> {
  const server = { answer };
  const { url, seen } = await serveRecorder((response) => {
    const { status = 200, body, headers } = server.answer(seen.length);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  return Object.assign(server, { tokenUrl: `${url}/token?x=1`, calls: seen });
}

/** Takes only requests with the token that is valid now. */
async function serveApi(): Promise<{ url: string; valid: string; tokens: unknown[] }> {
  const api = { url: '', valid: 'token-1', tokens: [] as unknown[] };
  const { url } = await serveRecorder((response, { headers }) => {
    api.tokens.push(headers.authorization);
    response.writeHead(headers.authorization === `Bearer ${api.valid}` ? 200 : 401).end();
  });
  return Object.assign(api, { url });
}

function start(url: string, tokenUrl: string, oauth2: object = {}, more: object = {}) {
  const settings = { url, auth: 'oauth2', oauth2: { tokenUrl, ...oauth2 }, ...more };
  return startRest(settings, { credentials });
}

const many = (count: number) => Array.from({ length: count }, (_, i) => messageOf(`m-${i}`));

describe('OAuth2 client credentials', () => {
  test('one token call serves 100 sends side by side', async () => {
    const tokens = await serveTokens();
    const api = await serveApi();
    const { send, hidden } = await start(api.url, tokens.tokenUrl, {
      scopes: ['orders:write', 'orders:read'],
      audience: 'https://api.example',
    });
    const receipts = await send(...many(100));
    expect(receipts.every((receipt) => 'messageId' in receipt)).toBe(true);
    expect(api.tokens).toHaveLength(100);
    expect(tokens.calls).toHaveLength(1);
    const [call] = tokens.calls;
    expect(call).toMatchObject({ method: 'POST', url: '/token?x=1' });
    expect(call?.headers.authorization).toBe(
      `Basic ${Buffer.from('shop:se%3Acret').toString('base64')}`,
    );
    expect(Object.fromEntries(new URLSearchParams(call?.body))).toEqual({
      grant_type: 'client_credentials',
      scope: 'orders:write orders:read',
      audience: 'https://api.example',
    });
    expect(hidden).toEqual(['token-1']);
  });

  test('id and secret go into the body when that is wanted', async () => {
    const tokens = await serveTokens();
    const api = await serveApi();
    await start(api.url, tokens.tokenUrl, { clientAuth: 'body' });
    const [call] = tokens.calls;
    expect(call?.headers).not.toHaveProperty('authorization');
    expect(Object.fromEntries(new URLSearchParams(call?.body))).toMatchObject({
      client_id: 'shop',
      client_secret: 'se:cret',
    });
  });

  test('a token that is refused is replaced once for all who say so, and each send repeated once', async () => {
    const tokens = await serveTokens();
    const api = await serveApi();
    const { send } = await start(api.url, tokens.tokenUrl);
    await send(messageOf('before'));
    api.valid = 'token-2';
    const receipts = await send(...many(20));
    expect(receipts.every((receipt) => 'messageId' in receipt)).toBe(true);
    expect(tokens.calls).toHaveLength(2);
    expect(api.tokens.filter((token) => token === 'Bearer token-2')).toHaveLength(20);
  });

  test('a server that refuses the new token, too, is AUTH_FAILED, after two requests', async () => {
    const tokens = await serveTokens();
    const api = await serveApi();
    api.valid = 'none';
    const { send } = await start(api.url, tokens.tokenUrl);
    const failure = await sendFailure(send(messageOf('m-1')));
    expect(failure).toMatchObject({ code: 'AUTH_FAILED', recoverable: false });
    expect(failure.message).not.toContain('token-');
    expect(api.tokens).toEqual(['Bearer token-1', 'Bearer token-2']);
  });

  test('a token is renewed before its end, and sends go on with the old one meanwhile', async () => {
    const renewal = Promise.withResolvers<void>();
    let calls = 0;
    const { url: tokenUrl } = await serveHttp(async (_request, response) => {
      calls += 1;
      const token = `token-${calls}`;
      if (calls === 2) await renewal.promise;
      response.setHeader('content-type', 'application/json');
      response.end(`{"access_token":"${token}","token_type":"bearer","expires_in":${calls * 20}}`);
    });
    const { url, seen } = await serveRecorder();
    // Of 20 s of life, the last 19.99 s are for the renewal.
    const { send } = await start(url, tokenUrl, { refreshSkewSeconds: 3600 });
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 11_000);
    try {
      await send(messageOf('m-1'));
      await vi.waitFor(() => expect(calls).toBe(2));
      await send(messageOf('m-2'));
      renewal.resolve();
      await vi.waitFor(async () => {
        await send(messageOf('m-3'));
        expect(seen.at(-1)?.headers.authorization).toBe('Bearer token-2');
      });
    } finally {
      vi.restoreAllMocks();
    }
    expect(seen.slice(0, 2).map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-1',
    ]);
    expect(calls).toBe(2);
  });

  test('a token that is over is replaced before the next send', async () => {
    const tokens = await serveTokens();
    const api = await serveApi();
    const { send } = await start(api.url, tokens.tokenUrl);
    api.valid = 'token-2';
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 3_600_000);
    await send(messageOf('m-1')).finally(() => vi.restoreAllMocks());
    expect(api.tokens[0]).toBe('Bearer token-2');
  });

  test('without a lifetime it is used until it is refused', async () => {
    const tokens = await serveTokens((count) => ({
      body: { access_token: `token-${count}`, token_type: 'bearer' },
    }));
    const api = await serveApi();
    const { send } = await start(api.url, tokens.tokenUrl);
    await send(messageOf('m-1'));
    await send(messageOf('m-2'));
    expect(tokens.calls).toHaveLength(1);
  });
});

describe('no token', () => {
  test.each([
    ['an endpoint that is down', { status: 503, body: '' }, 'CONNECTION_FAILED', true],
    ['one that is overrun', { status: 429, body: '{}' }, 'CONNECTION_FAILED', true],
    ['wrong credentials', { status: 401, body: { error: 'invalid_client' } }, 'AUTH_FAILED', false],
    [
      'a scope that is not given',
      { status: 400, body: { error: 'invalid_scope' } },
      'AUTH_FAILED',
      false,
    ],
    [
      'a page',
      { body: '<html>hunter2</html>', headers: { 'content-type': 'text/html' } },
      'AUTH_FAILED',
      false,
    ],
    ['broken JSON', { body: '{"access_token": "hunter2"' }, 'AUTH_FAILED', false],
    [
      'no token in the answer',
      { body: { token_type: 'bearer', hunter2: 1 } },
      'AUTH_FAILED',
      false,
    ],
    [
      'another kind of token',
      { body: { access_token: 'hunter2', token_type: 'mac' } },
      'AUTH_FAILED',
      false,
    ],
    [
      'a token that forges headers',
      { body: { access_token: 'hunter2\r\nX: 1', token_type: 'bearer' } },
      'AUTH_FAILED',
      false,
    ],
    [
      'a redirect',
      { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/hunter2' } },
      'AUTH_FAILED',
      false,
    ],
    ['an endless answer', { body: 'x'.repeat(70_000) }, 'CONNECTION_FAILED', true],
  ])('%s', async (_, answer, code, recoverable) => {
    const tokens = await serveTokens(() => answer);
    const api = await serveApi();
    const failure = await failureOf(start(api.url, tokens.tokenUrl));
    expect(failure).toMatchObject({ code, recoverable });
    expect(failure.message).toContain(`the token request to ${new URL(tokens.tokenUrl).origin}`);
    expect(`${failure.message}${failure.cause}`).not.toMatch(/hunter2|x{9}/);
    expect(api.tokens).toEqual([]);
  });

  test('nobody listens: recoverable', async () => {
    const failure = await failureOf(start('http://127.0.0.1:1/', 'http://127.0.0.1:1/'));
    expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
  });

  test('Retry-After of the endpoint is handed on', async () => {
    const headers = { 'retry-after': '7' };
    const tokens = await serveTokens(() => ({ status: 503, body: '', headers }));
    const failure = await failureOf(start('http://127.0.0.1:1/', tokens.tokenUrl));
    expect(failure).toMatchObject({ reason: 'NO_TOKEN', retryAfterMs: 7000 });
  });

  test('during sends: each fails recoverably, and the next ones succeed', async () => {
    const tokens = await serveTokens();
    const api = await serveApi();
    const { send } = await start(api.url, tokens.tokenUrl);
    api.valid = 'token-3';
    tokens.answer = () => ({ status: 503, body: '' });
    const [failure] = await send(messageOf('m-1'));
    expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
    tokens.answer = good;
    expect((await send(messageOf('m-1')))[0]).toMatchObject({ messageId: 'm-1' });
  });

  test('one who gives up waiting leaves the call to the others', async () => {
    const tokenAsked = Promise.withResolvers<void>();
    const giveToken = Promise.withResolvers<void>();
    let calls = 0;
    const { url: tokenUrl } = await serveHttp(async (_request, response) => {
      calls += 1;
      if (calls === 2) {
        tokenAsked.resolve();
        await giveToken.promise;
      }
      response.setHeader('content-type', 'application/json');
      response.end(`{"access_token":"token-${calls}","token_type":"bearer"}`);
    });
    const api = await serveApi();
    api.valid = 'token-2';
    const { send, destination } = await start(api.url, tokenUrl);
    const leave = new AbortController();
    const leaving = destination.send([messageOf('m-1')], leave.signal);
    const staying = send(messageOf('m-2'));
    await tokenAsked.promise;
    leave.abort(new Error('the host left'));
    await expect(leaving).rejects.toThrow('the host left');
    giveToken.resolve();
    expect((await staying)[0]).toMatchObject({ messageId: 'm-2' });
    expect(calls).toBe(2);
  });

  test('an endpoint that hangs costs no more than the limit', async () => {
    const { url: tokenUrl } = await serveHttp(() => {});
    const failure = await failureOf(start('http://127.0.0.1:1/', tokenUrl, {}, { timeoutMs: 100 }));
    expect(failure).toMatchObject({ code: 'TIMEOUT', recoverable: true });
  });

  test('an address that is not public', async () => {
    const ssrf = { allowPrivate: false };
    const url = 'https://shop.invalid/';
    const literal = await failureOf(start(url, 'http://127.0.0.1:1/', {}, { ssrf }));
    expect(literal).toMatchObject({ code: 'BLOCKED_DESTINATION' });
    const name = await failureOf(start(url, 'http://localhost:1/', {}, { ssrf }));
    expect(name).toMatchObject({ code: 'BLOCKED_DESTINATION' });
  });

  test('settings.oauth2 is missing', async () => {
    const starting = startRest({ url: 'http://127.0.0.1:1/', auth: 'oauth2' }, { credentials });
    expect(await failureOf(starting)).toMatchObject({
      code: 'INVALID_CONFIG',
      field: 'settings.oauth2',
    });
  });
});

test('Validate proves that a token can be had, sends nothing, and leaves nothing open', async () => {
  const tokens = await serveTokens();
  const api = await serveApi();
  const settings = { url: api.url, auth: 'oauth2', oauth2: { tokenUrl: tokens.tokenUrl } };
  const create = () =>
    new RestDestination(restConfig(settings, { credentials }), { hideSecret: () => {} });
  expect(await create().validate(signal)).toEqual([expect.stringContaining('unencrypted')]);
  expect(tokens.calls).toHaveLength(1);
  expect(api.tokens).toEqual([]);
  tokens.answer = () => ({ status: 401, body: { error: 'invalid_client' } });
  const failure: PluginError = await failureOf(create().validate(signal));
  expect(failure.code).toBe('AUTH_FAILED');
  expect(failure.message).toContain('invalid_client');
});

import { describe, expect, test } from 'vitest';
import { RestDestination } from '../src/destination.ts';
import { restConfig } from './support/config.ts';
import { failureOf } from './support/failure.ts';
import { credentials, goodToken, serveApi, serveTokens, startOAuth2 } from './support/oauth2.ts';
import { messageOf, serveHttp, signal } from './support/rest.ts';

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
    const failure = await failureOf(startOAuth2(api.url, tokens.tokenUrl));
    expect(failure).toMatchObject({ code, recoverable });
    expect(failure.message).toContain(`the token request to ${new URL(tokens.tokenUrl).origin}`);
    expect(`${failure.message}${failure.cause}`).not.toMatch(/hunter2|x{9}/);
    expect(api.tokens).toEqual([]);
  });

  test('nobody listens: recoverable', async () => {
    const failure = await failureOf(startOAuth2('http://127.0.0.1:1/', 'http://127.0.0.1:1/'));
    expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
  });

  test('Retry-After of the endpoint is handed on', async () => {
    const headers = { 'retry-after': '7' };
    const tokens = await serveTokens(() => ({ status: 503, body: '', headers }));
    const failure = await failureOf(startOAuth2('http://127.0.0.1:1/', tokens.tokenUrl));
    expect(failure).toMatchObject({ reason: 'NO_TOKEN', retryAfterMs: 7000 });
  });

  test('during sends: each fails recoverably, and the next ones succeed', async () => {
    const tokens = await serveTokens();
    const api = await serveApi();
    const { send } = await startOAuth2(api.url, tokens.tokenUrl);
    api.valid = 'token-3';
    tokens.answer = () => ({ status: 503, body: '' });
    const [failure] = await send(messageOf('m-1'));
    expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
    tokens.answer = goodToken;
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
    const { send, destination } = await startOAuth2(api.url, tokenUrl);
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
    const failure = await failureOf(
      startOAuth2('http://127.0.0.1:1/', tokenUrl, {}, { timeoutMs: 100 }),
    );
    expect(failure).toMatchObject({ code: 'TIMEOUT', recoverable: true });
  });

  test('an address that is not public', async () => {
    const ssrf = { allowPrivate: false };
    const url = 'https://shop.invalid/';
    const literal = await failureOf(startOAuth2(url, 'http://127.0.0.1:1/', {}, { ssrf }));
    const blocked = { code: 'BLOCKED_DESTINATION', field: 'settings.auth.oauth2.tokenUrl' };
    expect(literal).toMatchObject(blocked);
    const name = await failureOf(startOAuth2(url, 'http://localhost:1/', {}, { ssrf }));
    expect(name).toMatchObject(blocked);
    const unprobed = { ssrf, probe: false };
    const { send } = await startOAuth2('https://203.0.114.1/', 'http://localhost:1/', {}, unprobed);
    expect((await send(messageOf('m-1')))[0]).toMatchObject(blocked);
  });
});

test('the probe of Validate fetches a token, sends nothing, and leaves nothing open', async () => {
  const tokens = await serveTokens();
  const api = await serveApi();
  const settings = { url: api.url, auth: { oauth2: { tokenUrl: tokens.tokenUrl } } };
  const create = () =>
    new RestDestination(restConfig(settings, { credentials }), { hideSecret: () => {} });
  expect(await create().validate()).toEqual([expect.stringContaining('unencrypted')]);
  expect(tokens.calls).toEqual([]);
  expect(await create().probe.run(signal)).toEqual([]);
  expect(tokens.calls).toHaveLength(1);
  expect(api.tokens).toEqual([]);
  tokens.answer = () => ({ status: 401, body: { error: 'invalid_client' } });
  const failure = await failureOf(create().probe.run(signal));
  expect(failure.code).toBe('AUTH_FAILED');
  expect(failure.message).toContain('invalid_client');
});

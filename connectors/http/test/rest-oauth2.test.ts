import { describe, expect, test, vi } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import { serveApi, serveTokens, startOAuth2 } from './support/oauth2.ts';
import { messageOf, sendFailure, serveHttp, serveRecorder } from './support/rest.ts';

const many = (count: number) => Array.from({ length: count }, (_, i) => messageOf(`m-${i}`));

describe('OAuth2 client credentials', () => {
  test('one token call serves 100 sends side by side', async () => {
    const tokens = await serveTokens();
    const api = await serveApi();
    const { send, hidden } = await startOAuth2(api.url, tokens.tokenUrl, {
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
    await startOAuth2(api.url, tokens.tokenUrl, { clientAuth: 'body' });
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
    const { send } = await startOAuth2(api.url, tokens.tokenUrl);
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
    const { send } = await startOAuth2(api.url, tokens.tokenUrl);
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
    const { send } = await startOAuth2(url, tokenUrl, { refreshSkewSeconds: 3600 });
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 11_000);
    try {
      await send(messageOf('m-1'));
      await vi.waitFor(() => expect(calls).toBe(2), { timeout: slowly(5000) });
      await send(messageOf('m-2'));
      renewal.resolve();
      await vi.waitFor(
        async () => {
          await send(messageOf('m-3'));
          expect(seen.at(-1)?.headers.authorization).toBe('Bearer token-2');
        },
        { timeout: slowly(5000) },
      );
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
    const { send } = await startOAuth2(api.url, tokens.tokenUrl);
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
    const { send } = await startOAuth2(api.url, tokens.tokenUrl);
    await send(messageOf('m-1'));
    await send(messageOf('m-2'));
    expect(tokens.calls).toHaveLength(1);
  });
});

import { describe, expect, test } from 'vitest';
import { failureOf } from './support/failure.ts';
import { messageOf, serveRecorder, startRest } from './support/rest.ts';

const basic = { basic_username: 'shop', basic_password: 'pass:wörd' };
const pair = Buffer.from('shop:pass:wörd').toString('base64');

describe('who calls is proven by', () => {
  test('basic: name and password, which may have a colon', async () => {
    const { url, seen } = await serveRecorder();
    const { send, hidden } = await startRest({ url, auth: { basic: {} } }, { credentials: basic });
    await send(messageOf('m-1'));
    expect(seen[0]?.headers.authorization).toBe(`Basic ${pair}`);
    expect(hidden).toEqual([pair]);
  });

  test("bearer: the operator's own Authorization does not win over it", async () => {
    const { url, seen } = await serveRecorder();
    const headers = { Authorization: 'theirs' };
    const credentials = { bearer_token: 'token-1' };
    const { send } = await startRest({ url, headers, auth: { bearer: {} } }, { credentials });
    await send(messageOf('m-1'));
    expect(seen[0]?.headers.authorization).toBe('Bearer token-1');
  });

  test('an API key in a header', async () => {
    const { url, seen } = await serveRecorder();
    const settings = { url, auth: { apiKey: { name: 'X-Key' } } };
    const { send } = await startRest(settings, { credentials: { api_key: 'key-1' } });
    await send(messageOf('m-1'));
    expect(seen[0]?.headers).toMatchObject({ 'x-key': 'key-1' });
  });

  test('an API key in the query, which no text shows', async () => {
    const { url, seen } = await serveRecorder((response) => response.writeHead(500).end());
    const apiKey = { in: 'query', name: 'k' };
    const settings = { url: `${url}/a?b=1`, auth: { apiKey } };
    const { send, hidden } = await startRest(settings, { credentials: { api_key: 'key&1' } });
    const [failure] = await send(messageOf('m-1'));
    expect(seen[0]?.url).toBe('/a?b=1&k=key%261');
    expect(String(failure)).not.toContain('key');
    expect(hidden).toEqual(['key%261']);
  });
});

test('all proofs that are named are given', async () => {
  const { url: tokenUrl } = await serveRecorder((response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"access_token":"token-1","token_type":"bearer"}');
  });
  const { url, seen } = await serveRecorder();
  const credentials = {
    api_key: 'key-1',
    oauth2_client_id: 'shop',
    oauth2_client_secret: 'secret',
  };
  const auth = { apiKey: {}, oauth2: { tokenUrl } };
  const { send } = await startRest({ url, auth }, { credentials });
  await send(messageOf('m-1'));
  expect(seen[0]?.headers).toMatchObject({ 'x-api-key': 'key-1', authorization: 'Bearer token-1' });
});

test('of those that are the header Authorization there can be one', async () => {
  const settings = { url: 'http://a.example', auth: { basic: {}, bearer: {} } };
  const credentials = { ...basic, bearer_token: 'token-1' };
  expect(await failureOf(startRest(settings, { credentials }))).toMatchObject({
    code: 'INVALID_CONFIG',
    field: 'settings.auth',
  });
});

test('a server that echoes what it got does not put a secret into the receipt', async () => {
  const { url } = await serveRecorder((response, { headers }) => {
    const proof = String(headers.authorization);
    response.setHeader('X-Echo', `got ${proof}`).end(`{"you": "shop", "sent": "${proof}"}`);
  });
  const { send } = await startRest({ url, auth: { basic: {} } }, { credentials: basic });
  const [receipt] = await send(messageOf('m-1'));
  const { headers, payload } = receipt as { headers: object; payload: Uint8Array };
  expect(headers).toMatchObject({ 'x-echo': 'got Basic [redacted]' });
  expect(Buffer.from(payload).toString()).toBe('{"you": "shop", "sent": "Basic [redacted]"}');
});

test.each([
  ['basic', { basic_username: 'a' }, 'basic_password'],
  ['basic', { basic_password: 'secret' }, 'basic_username'],
  ['basic', { basic_username: 'a:b', basic_password: 'secret' }, 'basic_username'],
  ['bearer', {}, 'bearer_token'],
  ['bearer', { bearer_token: 'secret\r\nX-Evil: 1' }, 'bearer_token'],
  ['apiKey', {}, 'api_key'],
  ['apiKey', { api_key: 'secret\n' }, 'api_key'],
  ['oauth2', { oauth2_client_id: 'a' }, 'oauth2_client_secret'],
  ['oauth2', { oauth2_client_secret: 'secret' }, 'oauth2_client_id'],
])('%s with %j is refused, without its values', async (auth, credentials, name) => {
  const settings = auth === 'oauth2' ? { tokenUrl: 'http://127.0.0.1:1/' } : {};
  const starting = startRest(
    { url: 'http://127.0.0.1:1/', auth: { [auth]: settings } },
    { credentials },
  );
  const failure = await failureOf(starting);
  expect(failure).toMatchObject({ code: 'INVALID_CONFIG', field: `credentials.${name}` });
  expect(failure.message).not.toMatch(/secret(?!\w*: )|Evil/);
});

import { describe, expect, test } from 'vitest';
import { createSource, deliver, post, startWebhook, statusOf } from './support/webhook.ts';

function basicHeader(pair: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

describe('basic', () => {
  const credentials = {
    basic_username: 'shöp',
    basic_password: 'a:b:c',
    basic_password_previous: 'old',
  };

  test('takes the user with the password, colons and all, and with the previous one', async () => {
    const webhook = await startWebhook({ auth: { basic: {} } }, { credentials });
    expect(await statusOf(webhook, basicHeader('shöp:a:b:c'))).toBe(202);
    expect(await statusOf(webhook, basicHeader('shöp:old'))).toBe(202);
    for (const pair of ['shöp:a', 'shöp:', 'shöp', ':a:b:c', 'other:a:b:c', '']) {
      expect(await statusOf(webhook, basicHeader(pair)), pair).toBe(401);
    }
    expect(await statusOf(webhook, {})).toBe(401);
    expect(await statusOf(webhook, { authorization: 'Basic !!!' })).toBe(401);
  });

  test('asks for it, before the body is read', async () => {
    const webhook = await startWebhook({ auth: { basic: {} } }, { credentials });
    const headers = { 'content-length': 1000, expect: '100-continue' };
    const answer = await post(webhook.port, '/', '', { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="webhook", charset="UTF-8"');
  });
});

test('each secret of a list is kept out of logs', async () => {
  const credentials = { bearer_tokens: 'token-1\ntoken-2', bearer_tokens_previous: 'token-0' };
  const { source, hidden } = createSource({ auth: { bearer: {} } }, { credentials });
  await source.validate(AbortSignal.timeout(5000));
  expect(hidden).toEqual(['token-1', 'token-2', 'token-0']);
});

test('bearer tokens: each of the list is taken', async () => {
  const credentials = { bearer_tokens: 'token-1\n token-2 \n' };
  const webhook = await startWebhook({ auth: { bearer: {} } }, { credentials });
  expect(await statusOf(webhook, { authorization: 'Bearer token-1' })).toBe(202);
  expect(await statusOf(webhook, { authorization: 'bearer token-2' })).toBe(202);
  for (const authorization of [
    'Bearer token-3',
    'Bearer',
    'Bearer ',
    'token-1',
    'Bearer token-1 x',
  ]) {
    expect(await statusOf(webhook, { authorization }), authorization).toBe(401);
  }
});

describe('an API key', () => {
  const credentials = { api_keys: 'key-1\nkey-2' };

  test('in a header, which is not handed on', async () => {
    const webhook = await startWebhook(
      { auth: { apiKey: { name: 'X-Shop-Key' } } },
      { credentials },
    );
    const call = post(webhook.port, '/', 'x', { headers: { 'x-shop-key': 'key-2' } });
    const { message, answer } = await deliver(webhook, call);
    expect(answer.status).toBe(202);
    expect(JSON.stringify(message.headers)).not.toContain('key-2');
    expect(await statusOf(webhook, { 'x-shop-key': 'key-3' })).toBe(401);
    expect(await statusOf(webhook, { 'x-shop-key': ['key-1', 'key-1'] })).toBe(401);
    expect(await statusOf(webhook, { 'x-api-key': 'key-1' })).toBe(401);
  });

  test('in the query, which is handed on without it', async () => {
    const auth = { apiKey: { in: 'query', name: 'key' } };
    const webhook = await startWebhook({ auth }, { credentials });
    const call = post(webhook.port, '/a?x=%31&key=key%2D1&y', 'x');
    const { message, answer } = await deliver(webhook, call);
    expect(answer.status).toBe(202);
    expect(message.headers?.['http.query']).toBe('x=%31&y');
    expect(await statusOf(webhook, {}, '/?key=key-3')).toBe(401);
    expect(await statusOf(webhook, {}, '/?key=key-1&key=key-1')).toBe(401);
    expect(await statusOf(webhook, {}, '/')).toBe(401);
  });
});

describe('several schemes', () => {
  const credentials = {
    basic_username: 'shop',
    basic_password: 'secret',
    bearer_tokens: 'token',
    api_keys: 'key',
  };

  test('side by side must all be fulfilled', async () => {
    const webhook = await startWebhook({ auth: { basic: {}, apiKey: {} } }, { credentials });
    const both = { ...basicHeader('shop:secret'), 'x-api-key': 'key' };
    expect(await statusOf(webhook, both)).toBe(202);
    expect(await statusOf(webhook, { ...both, 'x-api-key': 'no' })).toBe(401);
    expect(await statusOf(webhook, { 'x-api-key': 'key' })).toBe(401);
  });

  test('in anyOf: one is enough, and the sender is told which there are', async () => {
    const auth = { anyOf: [{ basic: {}, apiKey: {} }, { bearer: {} }] };
    const webhook = await startWebhook({ auth }, { credentials });
    const both = { ...basicHeader('shop:secret'), 'x-api-key': 'key' };
    expect(await statusOf(webhook, both)).toBe(202);
    expect(await statusOf(webhook, { authorization: 'Bearer token' })).toBe(202);
    expect(await statusOf(webhook, basicHeader('shop:secret'))).toBe(401);
    expect(await statusOf(webhook, { 'x-api-key': 'key' })).toBe(401);
    const answer = await post(webhook.port, '/', 'x');
    expect(answer.headers['www-authenticate']).toBe(
      'Basic realm="webhook", charset="UTF-8", Bearer realm="webhook"',
    );
  });

  test('two routes with different ones, a third with none', async () => {
    const routes = [
      { path: '/a', auth: { bearer: {} } },
      { path: '/b', auth: { apiKey: {} } },
      { path: '/c', auth: {} },
      { path: '/d' },
    ];
    const webhook = await startWebhook({ auth: { basic: {} }, routes }, { credentials });
    const bearer = { authorization: 'Bearer token' };
    expect(await statusOf(webhook, bearer, '/a')).toBe(202);
    expect(await statusOf(webhook, bearer, '/b')).toBe(401);
    expect(await statusOf(webhook, { 'x-api-key': 'key' }, '/b')).toBe(202);
    expect(await statusOf(webhook, {}, '/c')).toBe(202);
    expect(await statusOf(webhook, bearer, '/d')).toBe(401);
    expect(await statusOf(webhook, basicHeader('shop:secret'), '/d')).toBe(202);
    expect(webhook.logged).toEqual([
      'http-webhook takes requests from anybody on /c: it has no authentication',
    ]);
  });

  test('with authentication there is no warning of its absence', async () => {
    const one = { credentials: { bearer_tokens: 'token' } };
    const { source } = createSource({ auth: { bearer: {} } }, one);
    expect(await source.validate(AbortSignal.timeout(5000))).toEqual([]);
    const exposed = createSource({ auth: { bearer: {} }, host: '0.0.0.0' }, one).source;
    expect(await exposed.validate(AbortSignal.timeout(5000))).toEqual([
      expect.stringContaining('settings.tls: not set'),
    ]);
  });
});

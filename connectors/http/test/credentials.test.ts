import type { ConnectorProcess } from '@vrsky/runtime/host';
import { expect, test } from 'vitest';
import { failureOf } from './support/failure.ts';
import { configOf, freePort, launchHttp } from './support/process.ts';

type Call = (settings: object, credentials: Record<string, string>) => Promise<unknown>;

/** Validate, for settings that nothing else is to be said about. */
function validateWith({ node }: ConnectorProcess, type: string, common: object): Call {
  return (settings, credentials) =>
    node.validate(configOf(type, { ...common, ...settings }, credentials));
}

test('http-rest refuses credentials that it does not know, and warns of those that nothing uses', async () => {
  const common = { url: 'https://shop.example/', probe: false };
  const validate = validateWith(await launchHttp(), 'http-rest', common);
  expect(await failureOf(validate({ auth: { bearer: {} } }, { bearer_tokn: 't' }))).toMatchObject({
    code: 'INVALID_CONFIG',
    field: 'credentials.bearer_tokn',
    rawMessage: expect.stringContaining('did you mean "bearer_token"?'),
  });
  expect(
    await failureOf(validate({ auth: { bearer: {} } }, { bearer_token: '${SECRET:shop}' })),
  ).toMatchObject({ code: 'INVALID_CONFIG', field: 'credentials.bearer_token' });
  expect(await validate({}, { bearer_token: 't', proxy_username: 'u' })).toEqual([
    'credentials.bearer_token is used by no setting',
  ]);
  const all = {
    ...{ basic_username: 'u', basic_password: 'p', api_key: 'k' },
    ...{ signing_secret: `whsec_${Buffer.alloc(32).toString('base64')}`, proxy_password: 'p' },
  };
  const auth = { basic: {}, apiKey: {}, standardWebhooks: {} };
  expect(await validate({ auth }, all)).toEqual([]);
});

test('http-webhook knows the credentials that its settings name, and demands them', async () => {
  const common = { host: '127.0.0.1', port: await freePort() };
  const validate = validateWith(await launchHttp(), 'http-webhook', common);
  const bearer = { bearer: { tokens: 'shop_tokens' } };
  expect(await failureOf(validate({ auth: bearer }, {}))).toMatchObject({
    code: 'INVALID_CONFIG',
    field: 'credentials.shop_tokens',
  });
  expect(await validate({ auth: bearer }, { shop_tokens: 'a', shop_tokens_previous: 'b' })).toEqual(
    [],
  );
  expect(await failureOf(validate({ auth: bearer }, { shop_tokns: 'a' }))).toMatchObject({
    field: 'credentials.shop_tokns',
    rawMessage: expect.stringContaining('did you mean "shop_tokens"?'),
  });
  const routes = [
    { path: '/a', auth: { github: { secret: 'github_secret' } } },
    { path: '/b', auth: { anyOf: [{ apiKey: { keys: 'partner_keys' } }] } },
  ];
  const credentials = { github_secret: 's', partner_keys: 'k' };
  expect(await validate({ routes }, credentials)).toEqual([]);
  expect(await validate({ routes }, { ...credentials, hmac_secret: 's' })).toEqual([
    'credentials.hmac_secret is used by no setting',
  ]);
  const either = { standardWebhooks: { secret: 'a_secret', publicKey: 'b_key' } };
  const a_secret = `whsec_${Buffer.alloc(32).toString('base64')}`;
  expect(await failureOf(validate({ auth: either }, { a_secret }))).toMatchObject({
    code: 'INVALID_CONFIG',
    field: 'credentials.b_key',
  });
});

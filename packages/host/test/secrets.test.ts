import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Integration, loadIntegration } from '@vrsky/host';
import { expect, test } from 'vitest';
import { resolveSecrets } from '../src/config/secrets.ts';
import { tempFolder } from './support/folder.ts';

async function withCredentials(credentials: object, secrets: string[] = []): Promise<Integration> {
  const file = join(tempFolder(), 'orders.yaml');
  const side = { type: 'x', plugin: './x' };
  const incoming = { ...side, credentials, secrets };
  const content = { name: 'orders', store: './db', incoming, outgoing: side };
  writeFileSync(file, JSON.stringify(content, null, 1));
  return loadIntegration(file);
}

test('references in credentials become the values of the environment', async () => {
  const integration = await withCredentials(
    { key: '${SECRET:orders-key}', both: '${SECRET:user}:${SECRET:orders-key}', plain: 'a$1' },
    ['user'],
  );
  const env = { VRSKY_SECRET_ORDERS_KEY: '$& ${SECRET:user}', VRSKY_SECRET_USER: '' };
  const { config, secrets } = resolveSecrets(integration, integration.incoming, env);
  expect(config.credentials).toEqual({
    key: '$& ${SECRET:user}',
    both: ':$& ${SECRET:user}',
    plain: 'a$1',
  });
  expect(secrets).toEqual(new Map([['user', '']]));
});

test('a secret that is not there is told with the path and the variable to set', async () => {
  const integration = await withCredentials({ key: '${SECRET:orders-key}' });
  expect(() => resolveSecrets(integration, integration.incoming, {})).toThrow(
    /orders\.yaml:\d+: incoming\.credentials\.key: there is no secret "orders-key"; set the environment variable VRSKY_SECRET_ORDERS_KEY/,
  );
  const listed = await withCredentials({}, ['token']);
  expect(() => resolveSecrets(listed, listed.incoming, {})).toThrow(
    /incoming\.secrets\.0: .*VRSKY_SECRET_TOKEN/,
  );
});

test('a variable of a shell is refused, with what to write instead', async () => {
  const integration = await withCredentials({ key: 'Bearer ${ERP_KEY}' });
  expect(() => resolveSecrets(integration, integration.incoming, { ERP_KEY: 'x' })).toThrow(
    /orders\.yaml:\d+: incoming\.credentials\.key: .*write \$\{SECRET:ERP_KEY\}, which is the environment variable VRSKY_SECRET_ERP_KEY/,
  );
});

test.each(['${SECRET:key', '${SECRET:}', '${SECRET:a b}'])(
  '%s is not taken as it is',
  async (text) => {
    const integration = await withCredentials({ key: text });
    const env = { VRSKY_SECRET_KEY: 'x', VRSKY_SECRET_: 'x' };
    expect(() => resolveSecrets(integration, integration.incoming, env)).toThrow(
      /a secret is written as \$\{SECRET:name\}/,
    );
  },
);

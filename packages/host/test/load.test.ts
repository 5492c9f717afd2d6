import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadIntegration } from '@vrsky/host';
import type { PluginError } from '@vrsky/runtime';
import { expect, test } from 'vitest';
import { tempFolder } from './support/folder.ts';

const MINIMAL = `name: orders
store: ./data/orders.db
incoming:
  type: http-webhook
  plugin: ../bin/http-connector
outgoing:
  type: http-rest
  plugin: /opt/http-connector
`;

function write(text: string): string {
  const file = join(tempFolder(), 'orders.yaml');
  writeFileSync(file, text);
  return file;
}

async function failureOf(text: string): Promise<PluginError> {
  const file = write(text);
  const error = await loadIntegration(file).then(
    () => expect.fail('it was taken'),
    (thrown: PluginError) => thrown,
  );
  expect(error).toMatchObject({ name: 'PluginError', code: 'INVALID_CONFIG' });
  return Object.assign(error, { text: error.rawMessage.replaceAll(file, 'FILE') });
}

/** The message with `FILE` for the file's path. */
async function textOf(text: string): Promise<string> {
  return ((await failureOf(text)) as PluginError & { text: string }).text;
}

test('a minimal file gets its defaults, and paths relative to itself', async () => {
  const file = write(MINIMAL);
  const integration = await loadIntegration(file);
  expect(integration).toMatchObject({
    name: 'orders',
    store: {
      path: join(file, '../data/orders.db'),
      maxMessages: 100_000,
      maxBytes: 1024 * 1024 * 1024,
      retentionMs: 7 * 24 * 3_600_000,
    },
    incoming: {
      direction: 'incoming',
      id: 'orders-incoming',
      name: 'orders-incoming',
      type: 'http-webhook',
      command: join(file, '../../bin/http-connector'),
      args: [],
      settings: {},
      credentials: {},
      secrets: [],
      timeoutMs: 30_000,
    },
    outgoing: { id: 'orders-outgoing', command: '/opt/http-connector' },
    concurrency: 1,
  });
  expect(integration).not.toHaveProperty('identity');
  expect(integration.outgoing.retryPolicy).toMatchObject({ maxRetries: 3, backoffMultiplier: 2 });
});

test('everything in the file arrives', async () => {
  const integration = await loadIntegration(
    write(`name: orders
identity: { customer: acme, tenant: acme-eu, integration: orders-to-erp }
store: /var/lib/orders.db
maxStored: { messages: 10, megabytes: 2 }
concurrency: 4
deadLetters: { retention: 12h }
incoming:
  id: orders-in
  name: Orders webhook
  type: http-webhook
  plugin: ./http-connector
  sha256: ${'0a'.repeat(32)}
  memoryLimit: 256Mi
  log: debug
  args: [--flag]
  settings: { port: 8080, routes: [{ path: /a }] }
  credentials: { key: "\${SECRET:orders_key}" }
  secrets: [orders-token]
  timeout: 2m
outgoing:
  type: http-rest
  plugin: ./http-connector
  retry: { maxRetries: 0, backoffMultiplier: 1.5, initialBackoff: 500ms, maxBackoff: 1m }
`),
  );
  expect(integration).toMatchObject({
    identity: { customerId: 'acme', tenantId: 'acme-eu', integrationId: 'orders-to-erp' },
    store: { maxMessages: 10, maxBytes: 2 * 1024 * 1024, retentionMs: 12 * 3_600_000 },
    concurrency: 4,
    incoming: {
      id: 'orders-in',
      name: 'Orders webhook',
      sha256: '0a'.repeat(32),
      memoryLimit: '256Mi',
      log: 'debug',
      args: ['--flag'],
      settings: { port: 8080, routes: [{ path: '/a' }] },
      credentials: { key: '${SECRET:orders_key}' },
      secrets: ['orders-token'],
      timeoutMs: 120_000,
    },
  });
  const { initialBackoff, maxBackoff, ...policy } = integration.outgoing.retryPolicy;
  expect(policy).toEqual({ maxRetries: 0, backoffMultiplier: 1.5 });
  expect(initialBackoff.total('milliseconds')).toBe(500);
  expect(maxBackoff.total('milliseconds')).toBe(60_000);
  expect(integration.locate('incoming.settings.routes[0].path')).toMatch(/orders\.yaml:16$/);
  expect(integration.locate('incoming.settings.nothing.here')).toMatch(/orders\.yaml:16$/);
});

test.each([
  [
    'a mistyped key',
    `${MINIMAL}concurency: 2\n`,
    'FILE:9: concurency: is not known; did you mean "concurrency"?',
  ],
  [
    'a mistyped key of a connection',
    MINIMAL.replace('  plugin: ..', '  plugn: ..'),
    'FILE:5: incoming.plugn: is not known; did you mean "plugin"?',
  ],
  [
    'a missing key',
    MINIMAL.replace('  type: http-rest\n', ''),
    'FILE:6: outgoing.type: is missing; expected a string that is not empty',
  ],
  [
    'a duration without a unit',
    `${MINIMAL}  timeout: "30"\n`,
    'FILE:9: outgoing.timeout: expected a duration such as 500ms, 30s, 2m or 7d',
  ],
  [
    'a number out of range',
    `${MINIMAL}concurrency: 0\n`,
    'FILE:9: concurrency: expected an integer from 1 to 1000',
  ],
  [
    'half an identity',
    `${MINIMAL}identity: { customer: acme, tenant: eu }\n`,
    'FILE:9: identity.integration: is missing; expected a string that is not empty',
  ],
  ['a list instead of an integration', '[1, 2]', 'FILE:1: the file: expected an object'],
  ['an empty file', '', 'FILE:1: the file: expected an object'],
  [
    'two connections with one id',
    MINIMAL.replace('  plugin: /opt', '  id: orders-incoming\n  plugin: /opt'),
    'FILE:8: outgoing.id: must differ from incoming.id',
  ],
  [
    'a limit of outages beside a retry policy',
    `${MINIMAL}  retry: { maxRetries: 1 }\n  outageLimit: 2h\n`,
    'FILE:10: outgoing.outageLimit: has no effect beside retry, which counts every attempt: remove one of them',
  ],
  [
    'a retry policy of the incoming side',
    MINIMAL.replace('outgoing:', '  retry: { maxRetries: 1 }\noutgoing:'),
    'FILE:6: incoming.retry: is not known; known are id, name, type, plugin, sha256, args, memoryLimit, log, settings, credentials, secrets, timeout',
  ],
])('%s is told with its line', async (_, text, expected) => {
  expect((await textOf(text)).split('\n')).toContain(expected);
});

test('several problems are told at once, and no value of any of them', async () => {
  const text = `${MINIMAL}  credentials: { key: [hunter2] }\n  timeout: hunter3\n`;
  const told = await textOf(text);
  expect(told).toContain('FILE:9: outgoing.credentials.key: expected a string');
  expect(told).toContain('FILE:10: outgoing.timeout: expected a duration such as');
  expect(told).not.toContain('hunter');
});

test('a file that is no YAML is one error with line and column, and quotes nothing', async () => {
  const told = await textOf(`${MINIMAL}  credentials: { key: "hunter2\n`);
  expect(told).toMatch(
    /^FILE:\d+:\d+: is not valid YAML: a closing quote, bracket or comma is missing/,
  );
  expect(told).not.toContain('hunter2');
});

test.each([
  [
    'a line too far to the right',
    `${MINIMAL}   timeout: 1s\n`,
    /FILE:8:11: .* the lines below it may be indented wrongly/,
  ],
  ['a key twice', `${MINIMAL}name: again\n`, /FILE:9:1: .* the same key is there twice/],
])('%s is told in words, with its line', async (_, text, expected) => {
  expect(await textOf(text)).toMatch(expected);
});

test('a secret in settings is refused, however deep, with its place', async () => {
  const told = await textOf(
    `${MINIMAL}  settings:\n    headers:\n      - "Bearer \${SECRET:token}"\n`,
  );
  expect(told).toBe(
    'FILE:11: outgoing.settings.headers.0: secrets belong into outgoing.credentials, not into settings',
  );
});

test('a file that cannot be read is an error that names it', async () => {
  await expect(loadIntegration('/nowhere/orders.yaml')).rejects.toThrow(
    '/nowhere/orders.yaml: cannot be read (ENOENT)',
  );
});

test('a file that is too large, or grows by its aliases, is refused', async () => {
  expect(await textOf(`#${'x'.repeat(1024 * 1024)}`)).toBe('FILE: is larger than 1 MiB');
  const bomb = ['a: &a [1,1,1,1,1,1,1,1,1,1]'];
  for (const [one, two] of ['ab', 'bc', 'cd', 'de'])
    bomb.push(`${two}: &${two} [${Array(10).fill(`*${one}`).join(',')}]`);
  expect(await textOf(bomb.join('\n'))).toBe('FILE: its aliases expand to too much');
});

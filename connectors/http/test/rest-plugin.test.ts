import { fileURLToPath } from 'node:url';
import type { ConnectionConfig, Message } from '@vrsky/runtime';
import { type ConnectorProcess, launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { messageOf, serveRecorder } from './support/rest.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const zero = Temporal.Duration.from({ seconds: 0 });

/** The connector as a host has it: a process of its own. Everything it logs goes into `lines`. */
async function launch(lines: string[] = []): Promise<ConnectorProcess> {
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const connector = await launchConnector({
    command: process.execPath,
    args: ['--conditions=vrsky:source', main],
    log,
    hostFunctions: {
      getSecret: async () => '',
      log: () => {},
      recordMetric: () => {},
      getConfiguration: () => configOf({}),
    },
  });
  onTestFinished(() => connector.kill());
  return connector;
}

function configOf(settings: object, more: Partial<ConnectionConfig> = {}): ConnectionConfig {
  return {
    id: 'connection-1',
    name: 'rest',
    type: 'http-rest',
    settings: { ssrf: { allowPrivate: true }, ...settings },
    credentials: {},
    timeout: zero,
    retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
    ...more,
  };
}

const json = (id: string, customerId = ''): Message =>
  messageOf(id, {
    payload: Buffer.from(JSON.stringify(id)),
    metadata: { ...messageOf('').metadata, customerId },
  });

test('no secret, and no token made from one, leaves the process, whatever the servers say', async () => {
  const { url: tokenUrl } = await serveRecorder((response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"access_token":"tok-hunter2","token_type":"bearer"}');
  });
  const { url, seen } = await serveRecorder((response, { headers }) => {
    const echo = JSON.stringify(headers);
    response.setHeader('x-echo', echo).setHeader('x-remote-id', `id of ${echo}`);
    response.writeHead(headers['x-message-id'] === 'bad' ? 500 : 200).end(echo);
  });
  const lines: string[] = [];
  const { node } = await launch(lines);
  const signing_secret = `whsec_${Buffer.alloc(32, 'hunter2').toString('base64')}`;
  const credentials = {
    oauth2_client_id: 'shop',
    oauth2_client_secret: 'sec-hunter2',
    signing_secret,
  };
  const settings = {
    url,
    auth: { oauth2: { tokenUrl }, standardWebhooks: {} },
    response: { messageIdHeader: 'x-remote-id' },
  };
  await node.connect(configOf(settings, { credentials }));
  const receipt = await node.send(messageOf('good'));
  const failure = await node.send(messageOf('bad')).catch((error: unknown) => error);
  const health = await node.health().catch((error: unknown) => String(error));
  expect(seen.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer tok-hunter2',
    'Bearer tok-hunter2',
  ]);
  const shown = JSON.stringify([
    { ...receipt, payload: Buffer.from(receipt.payload).toString() },
    String(failure),
    health,
    lines,
  ]);
  expect(shown).toContain('Bearer [redacted]');
  expect(Buffer.from(receipt.payload).toString(), 'names are no secrets').toContain('good');
  expect(shown).not.toMatch(/hunter2/);
  expect(shown).not.toContain(signing_secret.slice(6, 20));
});

test('what a host sends in one frame is one request for each customer', async () => {
  const { url, seen } = await serveRecorder();
  const { node, metadata } = await launch();
  expect(metadata.capabilities).toEqual(expect.arrayContaining(['batching', 'tls', 'mtls']));
  await node.connect(configOf({ url, batch: { mode: 'json-array', maxCount: 3 } }));
  const stream = await node.sendStream();
  const messages = ['a', 'b', 'a', 'a', 'b', 'a'].map((customer, i) => json(`m-${i}`, customer));
  const receipts = await Promise.all(messages.map((message) => stream.send(message)));
  await stream.close();
  expect(receipts.map(({ messageId }) => messageId)).toEqual(messages.map(({ id }) => id));
  const bodies = seen.map(({ body }) => JSON.parse(body) as string[]);
  expect(bodies.flat().sort()).toEqual(messages.map(({ id }) => id));
  expect(bodies.length).toBeLessThan(messages.length);
  for (const body of bodies) {
    const customers = body.map((id) => messages.find((one) => one.id === id)?.metadata.customerId);
    expect(new Set(customers).size).toBe(1);
  }
});

test('Validate tells what is wrong with settings and credentials, by its path', async () => {
  const { node } = await launch();
  const fieldOf = (settings: object, credentials = {}): Promise<unknown> =>
    node.validate(configOf(settings, { credentials })).then(
      (warnings) => warnings,
      (error: { field: string }) => error.field,
    );
  const url = 'https://127.0.0.1/';
  expect(await fieldOf({ url, probe: false })).toEqual([]);
  expect(await fieldOf({ url: 'https://127.0.0.1/{{metadata.nobody}}' })).toBe('settings.url');
  expect(await fieldOf({ url, auth: { bearer: {} } })).toBe('credentials.bearer_token');
  expect(await fieldOf({ url }, { tls_client_cert: 'x' })).toBe('credentials.tls_client_key');
  expect(await fieldOf({ url, auth: { standardWebhooks: {} } })).toBe('credentials.signing_secret');
  expect(await fieldOf({ url, circuitBreaker: { failureRatio: 1 } })).toBe(
    'settings.circuitBreaker.failureRatio',
  );
});

import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type ConnectionConfig, PluginError } from '@vrsky/runtime';
import {
  type ConnectionNode,
  type ConnectorProcess,
  type HostFunctions,
  launchConnector,
} from '@vrsky/runtime/host';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const orders = 'http://127.0.0.1:8080/webhooks/orders';
const zero = Temporal.Duration.from({ seconds: 0 });

const nothing = async (): Promise<never> => {
  throw new PluginError('NOT_FOUND', 'this host has nothing');
};
const hostFunctions: HostFunctions = {
  getSecret: nothing,
  log: () => {},
  recordMetric: () => {},
  getConfiguration: () => configOf(),
};

function configOf(settings: ConnectionConfig['settings'] = {}): ConnectionConfig {
  const retryPolicy = {
    maxRetries: 0,
    backoffMultiplier: 0,
    initialBackoff: zero,
    maxBackoff: zero,
  };
  const type = 'http-webhook';
  return { id: 'test-http', name: '', type, settings, credentials: {}, timeout: zero, retryPolicy };
}

// The specification's examples name the port 8080, so this file runs when no other test does.
describe('the TypeScript example', () => {
  let connector: ConnectorProcess;
  let node: ConnectionNode;
  beforeAll(async () => {
    const args = ['--conditions=vrsky:source', main];
    const log = pino({ level: 'silent' });
    connector = await launchConnector({ command: process.execPath, args, log, hostFunctions });
    node = connector.node;
  });
  afterEach(() => node.disconnect());
  afterAll(() => connector?.kill());

  test('TestMyConnectorValidate', async () => {
    await node.validate(configOf({ port: 8080 }));
  });

  test('TestMyConnectorConnect', async () => {
    await node.connect(configOf());
    await node.disconnect();
  });

  test('POST /webhooks/orders gives a message, and is answered 202 after the ack', async () => {
    await node.connect(configOf());
    const answer = fetch(orders, { method: 'POST', body: '{"order":1}' });
    const { message, deliveryId } = await node.receive({ timeoutMs: 10_000 });
    expect(Buffer.from(message.payload).toString()).toBe('{"order":1}');
    const early = await Promise.race([answer, node.health().then(() => 'unanswered')]);
    expect(early).toBe('unanswered');
    expect(await node.acknowledge([{ deliveryId, outcome: 'ack' }])).toEqual([]);
    expect((await answer).status).toBe(202);
  });

  test('what was refused for good is answered 202, and what waits at the end 503', async () => {
    await node.connect(configOf());
    const refused = fetch(orders, { method: 'POST', body: 'bad' });
    const { deliveryId } = await node.receive({ timeoutMs: 10_000 });
    await node.acknowledge([{ deliveryId, outcome: 'reject' }]);
    expect((await refused).status).toBe(202);
    const waiting = fetch(orders, { method: 'POST', body: 'late' });
    await expect.poll(async () => (await node.health()).details['waiting']).toBe('1');
    await node.disconnect({ timeoutMs: 10_000 });
    expect((await waiting).status).toBe(503);
  });

  test('a port of another process is a connection error, for Validate and Connect', async () => {
    const holder = createServer().listen(0, '0.0.0.0');
    await once(holder, 'listening');
    onTestFinished(() => void holder.close());
    const config = configOf({ port: (holder.address() as { port: number }).port });
    const failure = { code: 'CONNECTION_FAILED', recoverable: true, field: 'settings.port' };
    await expect(node.validate(config)).rejects.toMatchObject(failure);
    await expect(node.connect(config)).rejects.toMatchObject(failure);
  });

  test('Validate bears the port that this connector holds itself', async () => {
    await node.connect(configOf());
    await node.validate(configOf());
  });
});

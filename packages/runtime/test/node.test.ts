import { PluginError } from '@vrsky/runtime';
import type { ConnectorProcess } from '@vrsky/runtime/host';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import { configOf, launchMemory, messageOf } from './fixtures/launch.ts';

async function failureOf(call: Promise<unknown>): Promise<PluginError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PluginError);
  return error as PluginError;
}

describe.each([
  { transport: 'with AutoMTLS', autoMtls: true },
  { transport: 'without TLS', autoMtls: false },
])('a connector process $transport', ({ autoMtls }) => {
  let connector: ConnectorProcess;
  beforeEach(async () => {
    connector = await launchMemory({ autoMtls });
  });

  test('tells what it is', async () => {
    expect(connector.metadata).toMatchObject({
      id: 'memory',
      version: '1.2.3',
      protocolVersion: 1,
      supportedTypes: ['memory-in', 'memory-out'],
    });
    expect(JSON.parse(connector.metadata.configSchema)).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      anyOf: [{ title: 'memory-in' }, { title: 'memory-out' }],
    });
  });

  test('delivers each message once when it is acked, and Health tells it', async () => {
    const { node } = connector;
    await node.connect(configOf('memory-in', { messages: ['a', 'b'] }, { name: 'orders' }));
    const first = await node.receive({ timeoutMs: slowly(5000) });
    expect(Buffer.from(first.message.payload).toString()).toBe('a');
    expect(first.message.metadata.source).toBe('memory'); // the connector's id
    const unknown = await node.acknowledge([
      { deliveryId: first.deliveryId, outcome: 'ack' },
      { deliveryId: 'nobody', outcome: 'ack' },
    ]);
    expect(unknown).toEqual(['nobody']);
    const second = await node.receive({ timeoutMs: slowly(5000) });
    await node.acknowledge([{ deliveryId: second.deliveryId, outcome: 'reject' }]);
    expect((await node.health()).details).toEqual({ settled: 'ack id-a, reject id-b' });
  });

  test('calls every host function', async () => {
    const asked: string[] = [];
    const store = new Map<string, { value: Uint8Array; revision: bigint }>();
    const absent = { value: new Uint8Array(), revision: 0n };
    const own = await launchMemory({
      autoMtls,
      hostFunctions: {
        getSecret: async (name) => {
          if (name === 'token') return 's3cret-token';
          throw new PluginError('NOT_FOUND', 'no such secret');
        },
        log: (level, message) => void asked.push(`${level} ${message}`),
        recordMetric: (name, value, tags) => void asked.push(`${name} ${value} ${tags['unit']}`),
        getConfiguration: () => configOf('memory-out', {}, { id: 'from-host' }),
        state: {
          get: async (key) => store.get(key) ?? absent,
          put: async (key, value, revision) => {
            if ((store.get(key) ?? absent).revision !== revision) {
              throw new PluginError('STATE_CONFLICT', 'read it again');
            }
            store.set(key, { value, revision: revision + 1n });
            return revision + 1n;
          },
        },
      },
    });
    await own.node.connect(configOf('memory-out'));
    const receipt = await own.node.send(messageOf('host'), { timeoutMs: slowly(5000) });
    expect(receipt.headers).toEqual({
      secretLength: `${'s3cret-token'.length}`,
      foreign: 'NOT_FOUND',
      configuration: 'from-host',
      limits: 'INVALID_STATE INVALID_STATE PAYLOAD_TOO_LARGE 1',
      state: '7 at 1, put at 1, stale STATE_CONFLICT',
    });
    expect(asked.sort()).toEqual(['asked 1.5 times', 'warn asked the host']);
  });
});

describe('the lifecycle', () => {
  let connector: ConnectorProcess;
  beforeEach(async () => {
    connector = await launchMemory();
  });

  test('Send and Receive before Connect and after Disconnect are NOT_CONNECTED', async () => {
    const { node } = connector;
    expect(await failureOf(node.receive())).toMatchObject({ code: 'NOT_CONNECTED' });
    await node.connect(configOf('memory-out'));
    await node.send(messageOf('a'));
    await node.disconnect();
    await node.disconnect();
    expect(await failureOf(node.send(messageOf('a')))).toMatchObject({ code: 'NOT_CONNECTED' });
    await node.connect(configOf('memory-in', { messages: ['again'] }));
    expect((await node.receive()).message.id).toBe('id-again');
  });

  test('Connect again is a no-op with an equal config and INVALID_STATE with another', async () => {
    const { node } = connector;
    await node.connect(configOf('memory-in', { messages: ['a'] }));
    await node.connect(configOf('memory-in', { messages: ['a'] }));
    const other = node.connect(configOf('memory-in', { messages: ['b'] }));
    expect(await failureOf(other)).toMatchObject({ code: 'INVALID_STATE', recoverable: false });
  });

  test('Validate is legal in every state and gives warnings', async () => {
    const { node } = connector;
    const config = configOf('memory-in');
    expect(await node.validate(config)).toEqual(['memory is forgetful']);
    await node.connect(config);
    expect(await node.validate(config)).toEqual(['memory is forgetful']);
  });

  test('Disconnect releases a blocked Receive', async () => {
    const { node } = connector;
    await node.connect(configOf('memory-in'));
    const blocked = failureOf(node.receive());
    await node.disconnect();
    expect(await blocked).toMatchObject({ code: 'NOT_CONNECTED' });
  });

  test('a direction that the type does not have is UNSUPPORTED', async () => {
    const { node } = connector;
    await node.connect(configOf('memory-in'));
    expect(await failureOf(node.send(messageOf('a')))).toMatchObject({ code: 'UNSUPPORTED' });
  });

  test.each([
    [configOf('memory-inn'), 'type', 'did you mean "memory-in"?'],
    [configOf('memory-in', { message: [] }), 'settings.message', 'did you mean "messages"?'],
    [
      configOf('memory-in', {}, { timeout: Temporal.Duration.from({ seconds: -1 }) }),
      'timeout',
      'expected a duration of zero',
    ],
  ])('a wrong configuration is INVALID_CONFIG and starts nothing', async (config, field, text) => {
    const { node } = connector;
    const fault = await failureOf(node.connect(config));
    expect(fault).toMatchObject({ code: 'INVALID_CONFIG', field, recoverable: false });
    expect(fault.rawMessage).toContain(text);
    expect(await failureOf(node.health())).toMatchObject({ code: 'NOT_CONNECTED' });
  });
});

describe('a call that fails', () => {
  test('carries the typed error, and no credential', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const { node, kill } = await launchMemory({ log });
    const credentials = { password: 'hunter2-"quoted"\n-hunter2' };
    await node.connect(configOf('memory-out', { failWith: 'SEND_FAILED' }, { credentials }));
    expect(await failureOf(node.send(messageOf('a')))).toMatchObject({
      code: 'SEND_FAILED',
      recoverable: true,
      rawMessage: 'refused with password [redacted]',
      reason: 'TEST',
      retryAfterMs: 1500,
    });
    await kill();
    expect(lines.join('')).toContain('refused with [redacted]');
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines.join('')).toContain('"token":"[redacted]"');
  });

  test('through a bug of the connector is INTERNAL, and the process lives', async () => {
    const { node } = await launchMemory();
    await node.connect(configOf('memory-out'));
    expect(await failureOf(node.send(messageOf('bug')))).toMatchObject({ code: 'INTERNAL' });
    expect((await node.send(messageOf('a'))).messageId).toBe('id-a');
  });

  test('by its deadline is a TimeoutError, by its signal an AbortError', async () => {
    const { node } = await launchMemory();
    await node.connect(configOf('memory-in'));
    await expect(node.receive({ timeoutMs: 50 })).rejects.toMatchObject({ name: 'TimeoutError' });
    const cancel = new AbortController();
    const cancelled = node.receive({ signal: cancel.signal });
    cancel.abort();
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
  });

  test("by the connection's own timeout is TIMEOUT, even if the connector hangs", async () => {
    const { node } = await launchMemory();
    const timeout = Temporal.Duration.from({ milliseconds: 50 });
    await node.connect(configOf('memory-out', { hang: true }, { timeout }));
    expect(await failureOf(node.send(messageOf('a')))).toMatchObject({ code: 'TIMEOUT' });
  });

  test('because the process was killed is CONNECTION_FAILED, and the end is told', async () => {
    const { node, exited } = await launchMemory();
    await node.connect(configOf('memory-out'));
    expect(await failureOf(node.send(messageOf('crash')))).toMatchObject({
      code: 'CONNECTION_FAILED',
      recoverable: true,
    });
    expect((await exited).reason).toBe('was ended by SIGKILL');
  });
});

describe('identity', () => {
  const identity = { customerId: 'acme', tenantId: 'acme-eu', integrationId: 'orders' };

  test('is stamped on what comes in', async () => {
    const { node } = await launchMemory({ identity });
    await node.connect(configOf('memory-in', { messages: ['a'] }));
    expect((await node.receive()).message.metadata).toMatchObject(identity);
  });

  test('refuses the message of anybody else', async () => {
    const { node } = await launchMemory({ identity });
    await node.connect(configOf('memory-out'));
    const foreign = node.send(messageOf('a', { customerId: 'other' }));
    expect(await failureOf(foreign)).toMatchObject({ code: 'TENANT_MISMATCH', recoverable: false });
    expect((await node.send(messageOf('a', { customerId: 'acme' }))).messageId).toBe('id-a');
  });
});

test('a message without an id is refused', async () => {
  const { node } = await launchMemory();
  await node.connect(configOf('memory-out'));
  const refused = node.send({ ...messageOf('a'), id: '' });
  expect(await failureOf(refused)).toMatchObject({ code: 'INVALID_MESSAGE', field: 'message.id' });
});

test('a message above the limit is PAYLOAD_TOO_LARGE, naming size and limit', async () => {
  const { node } = await launchMemory();
  await node.connect(configOf('memory-out'));
  const large = { ...messageOf('a'), payload: new Uint8Array(17 * 1024 * 1024) };
  const fault = await failureOf(node.send(large));
  expect(fault).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', recoverable: false });
  expect(fault.rawMessage).toMatch(/178\d{5}.*16777216/);
});

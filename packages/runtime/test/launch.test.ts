import { fileURLToPath } from 'node:url';
import { createClient } from '@connectrpc/connect';
import { launch } from '@vrsky/go-plugin/host';
import { HANDSHAKE } from '@vrsky/runtime';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { ConnectionNode } from '../src/gen/vrsky/connector/v1/connection_node_pb.ts';
import { launchMemory, memoryConnector, runFromSource } from './fixtures/launch.ts';

const versioned = fileURLToPath(new URL('fixtures/versioned-connector.ts', import.meta.url));

test('a connector with a newer protocol version is refused', async () => {
  await expect(launchMemory({ args: [...runFromSource, versioned, '2'] })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    recoverable: false,
    rawMessage: expect.stringContaining('protocol version 2, this host 1') as string,
  });
});

test('an older one, which does not know AttachHost, is warned about and runs', async () => {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const { metadata } = await launchMemory({ log, args: [...runFromSource, versioned, '0'] });
  expect(metadata.name).toBe('versioned');
  expect(lines.join('')).toContain('older protocol version');
});

test('a file that is no connector is a final error with a reason', async () => {
  await expect(launchMemory({ command: '/bin/true', args: [] })).rejects.toMatchObject({
    name: 'PluginError',
    code: 'CONNECTION_FAILED',
    recoverable: false,
    reason: expect.stringMatching(/^[A-Z_]+$/) as string,
  });
});

test('AttachHost a second time is INVALID_STATE, and streams need a connection', async () => {
  const plugin = await launch({
    command: process.execPath,
    args: [...runFromSource, memoryConnector],
    handshake: HANDSHAKE,
    versions: [1],
    log: pino({ level: 'silent' }),
  });
  onTestFinished(() => plugin.kill());
  const rpc = createClient(ConnectionNode, plugin.transport);
  const brokerId = plugin.broker.nextId();
  await plugin.broker.acceptAndServe(brokerId, () => {});
  await rpc.attachHost({ brokerId });
  await expect(rpc.attachHost({ brokerId })).rejects.toThrow('[INVALID_STATE]');
  const results = rpc.sendStream((async function* () {})());
  await expect(results[Symbol.asyncIterator]().next()).rejects.toThrow('[NOT_CONNECTED]');
  const deliveries = rpc.receiveStream((async function* () {})());
  await expect(deliveries[Symbol.asyncIterator]().next()).rejects.toThrow('[NOT_CONNECTED]');
});

// What link/mqttjs.ts relies on beyond the documentation of MQTT.js: a new version that changes any of
// it fails here, before it loses a message.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import {
  type IClientOptions,
  type IPublishPacket,
  MqttClient,
  UniqueMessageIdProvider,
} from 'mqtt';
import mqttPacket from 'mqtt-packet';
import { expect, onTestFinished, test } from 'vitest';
import { ForgetfulStore, startClient } from '../src/link/mqttjs.ts';
import { until } from './support/connector.ts';
import { type Peer, scriptedBroker } from './support/peer.ts';

const held = new Error('held');
const version5 = { protocolVersion: 5 };

function createClient(peer: Peer, options: IClientOptions = {}): MqttClient {
  const client = new MqttClient(() => connect(peer.port, '127.0.0.1') as never, {
    protocolVersion: 5,
    manualConnect: true,
    reconnectPeriod: 0,
    ...options,
  });
  client.on('error', () => {});
  onTestFinished(() => client.endAsync(true));
  return client;
}

test('both packages are pinned, and are the ones that are used together', () => {
  const manifest = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { dependencies: Record<string, string> };
  expect(MqttClient.VERSION).toBe('5.16.0');
  expect(manifest.dependencies).toMatchObject({ mqtt: '5.16.0', 'mqtt-packet': '9.0.2' });
});

test.each([4, 5] as const)(
  'version %i: handleMessage that answers with an error sends no PUBACK, and the next packet comes',
  async (protocolVersion) => {
    const peer = await scriptedBroker({}, protocolVersion);
    const client = createClient(peer, { protocolVersion });
    const seen: number[] = [];
    client.handleMessage = (packet, next) => {
      seen.push(packet.messageId ?? 0);
      next(held);
    };
    client.connect();
    await until(() => client.connected);
    const [connection] = peer.connections;
    for (const id of [1, 2, 3]) connection?.publish(id, 'x');
    await until(() => seen.length === 3);
    connection?.send({ cmd: 'pingresp' });
    client.sendPing();
    await until(() => connection?.of('pingreq').length === 1);
    expect(connection?.of('puback')).toEqual([]);
  },
);

test.each([4, 5] as const)(
  'version %i: customHandleAcks set later may hold back PUBREC, and PUBREL is answered all the same',
  async (protocolVersion) => {
    const peer = await scriptedBroker({}, protocolVersion);
    const client = createClient(peer, { protocolVersion });
    const errors: unknown[] = [];
    const seen: IPublishPacket[] = [];
    client.on('error', (error) => errors.push(error));
    client.options.customHandleAcks = (_topic, _payload, packet, next) => {
      seen.push(packet);
      next(held);
    };
    client.connect();
    await until(() => client.connected);
    const [connection] = peer.connections;
    for (const id of [1, 2]) connection?.publish(id, 'x', { qos: 2 });
    await until(() => seen.length === 2);
    client.sendPing();
    await until(() => connection?.of('pingreq').length === 1);
    expect(connection?.of('pubrec')).toEqual([]);
    expect(errors).toEqual([held, held]);
    connection?.send({ cmd: 'pubrel', messageId: 1, reasonCode: 0 });
    await until(() => connection?.of('pubcomp').length === 1);
  },
);

test('customHandleAcks that answers a message of QoS 1 with 0 leaves it to handleMessage', async () => {
  const peer = await scriptedBroker();
  const client = createClient(peer);
  const seen: number[] = [];
  client.options.customHandleAcks = (_topic, _payload, _packet, next) => next(0);
  client.handleMessage = (packet, next) => {
    seen.push(packet.messageId ?? 0);
    next(held);
  };
  client.connect();
  await until(() => client.connected);
  peer.connections[0]?.publish(7, 'x');
  await until(() => seen.length === 1);
});

test('nothing more is read from the stream while a message is held', async () => {
  const peer = await scriptedBroker();
  const client = createClient(peer);
  let taken = 0;
  client.handleMessage = () => {
    taken += 1;
  };
  client.connect();
  await until(() => client.connected);
  const [connection] = peer.connections;
  const payload = 'x'.repeat(100_000);
  for (let id = 1; id <= 200; id += 1) connection?.publish(id, payload);
  await until(() => taken === 1 && (connection?.socket.writableLength ?? 0) > 1_000_000);
  expect(client.stream.readableFlowing).toBe(false);
});

test('timers are those that are given, with half of the keep-alive time of the broker', async () => {
  const peer = await scriptedBroker({
    connect: ({ send }) => {
      const properties = { serverKeepAlive: 8 };
      send({ cmd: 'connack', sessionPresent: false, reasonCode: 0, properties });
      return false;
    },
  });
  const waits: number[] = [];
  const timerVariant = {
    set: (_tick: () => void, ms: number) => waits.push(ms),
    clear: () => {},
  } as never;
  const client = createClient(peer, { timerVariant, keepalive: 60, reschedulePings: false });
  client.connect();
  await until(() => client.connected);
  expect(waits).toEqual([4000]);
});

test('a new client sends nothing that another one has left, and ends with its connection', async () => {
  const peer = await scriptedBroker({ publish: () => false });
  const first = createClient(peer);
  first.connect();
  await until(() => first.connected);
  first.publish('a', 'x', { qos: 1 });
  await until(() => peer.connections[0]?.of('publish').length === 1);
  const closed = new Promise((resolve) => first.once('close', () => resolve(true)));
  peer.connections[0]?.socket.destroy();
  await closed;
  const second = createClient(peer);
  second.connect();
  await until(() => second.connected);
  second.sendPing();
  await until(() => peer.connections[1]?.of('pingreq').length === 1);
  expect(peer.connections).toHaveLength(2);
  expect(peer.connections[1]?.of('publish')).toEqual([]);
});

test.each([1, 2] as const)(
  'QoS %i: `outgoing` and a store that keeps nothing are enough to hear of a message that others have written',
  async (qos) => {
    const peer = await scriptedBroker();
    const outgoingStore = new ForgetfulStore();
    const messageIdProvider = new UniqueMessageIdProvider();
    const client = createClient(peer, { outgoingStore, messageIdProvider });
    client.connect();
    await until(() => client.connected);
    const messageId = client.messageIdProvider.allocate() ?? 0;
    const confirmed = new Promise((resolve) => {
      client.outgoing[messageId] = { volatile: false, cmd: 'publish', cb: resolve };
    });
    const packet = { cmd: 'publish', topic: 'a', payload: 'x', qos, messageId } as const;
    const bytes = mqttPacket.generate({ ...packet, dup: false, retain: false }, version5);
    client.stream.write(bytes);
    expect(await confirmed).toBeFalsy();
    expect(client.outgoing).toEqual({});
    expect(client.messageIdProvider.allocate()).toBe(messageId);
  },
);

test('the parser knows the reason codes that were added, and no others', () => {
  expect(startClient).toBeDefined(); // its module adds them
  const errors: string[] = [];
  const codes: unknown[] = [];
  for (const code of [0x95, 0x9a, 0x9b, 0xfe]) {
    const parser = mqttPacket.parser({ protocolVersion: 5 });
    parser.on('error', (error: Error) => errors.push(error.message));
    parser.on('packet', (packet) => codes.push((packet as { reasonCode?: number }).reasonCode));
    parser.parse(Buffer.from([0x40, 3, 0, 1, code]));
  }
  expect(codes).toEqual([0x95, 0x9a, 0x9b]);
  expect(errors).toEqual(['Invalid puback reason code']);
});

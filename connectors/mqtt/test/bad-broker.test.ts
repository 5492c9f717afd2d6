import { randomBytes } from 'node:crypto';
import mqttPacket from 'mqtt-packet';
import { expect, test } from 'vitest';
import { messageOf } from './support/config.ts';
import {
  fails,
  healthOf,
  isHealthy,
  publish,
  sendFailure,
  subscribe,
  textOf,
  until,
} from './support/connector.ts';
import { connack, type PeerConnection, scriptedBroker } from './support/peer.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** What comes from a broker that is out of its mind, as bytes or as a packet. */
const nonsense: [string, string, (connection: PeerConnection) => void][] = [
  ['a reserved packet type', 'PROTOCOL_ERROR', ({ socket }) => socket.write(hex('00 00'))],
  ['flags that must be zero', 'PROTOCOL_ERROR', ({ socket }) => socket.write(hex('43 02 00 01'))],
  ['QoS 3', 'PROTOCOL_ERROR', ({ socket }) => socket.write(hex('36 05 0001 61 0001'))],
  ['an endless length', 'PROTOCOL_ERROR', ({ socket }) => socket.write(hex('30 ff ff ff ff ff'))],
  [
    'an unknown property',
    'PROTOCOL_ERROR',
    ({ socket }) => socket.write(hex('30 06 0001 61 02 7f00')),
  ],
  ['an unknown reason code', 'PROTOCOL_ERROR', ({ socket }) => socket.write(hex('40 03 0001 fe'))],
  ['a second CONNACK', 'PROTOCOL_ERROR', ({ send }) => send(connack(0))],
  [
    'a topic alias nobody allowed',
    'PROTOCOL_ERROR',
    (connection) => connection.publish(1, 'x', { properties: { topicAlias: 1 } }),
  ],
  [
    'a user property without a value',
    'PROTOCOL_ERROR',
    ({ socket }) => socket.write(hex('32 0b 0001 61 0001 04 26 0001 62 78')),
  ],
  [
    'a content type that comes twice',
    'PROTOCOL_ERROR',
    ({ socket }) => socket.write(hex('32 0e 0001 61 0001 08 03 0001 78 03 0001 79')),
  ],
  ['PUBREL without a packet id', 'PROTOCOL_ERROR', ({ socket }) => socket.write(hex('62 00'))],
  ['PUBREL with half a packet id', 'PROTOCOL_ERROR', ({ socket }) => socket.write(hex('62 01 00'))],
  [
    'AUTH nobody asked for',
    'PROTOCOL_ERROR',
    ({ send }) =>
      send({ cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod: 'x' } }),
  ],
  [
    'a packet above the limit',
    '',
    ({ socket }) => {
      socket.write(hex('30 80 80 80 01')); // 2 MiB are announced
      for (let i = 0; i < 32; i += 1) socket.write(Buffer.alloc(64 * 1024));
    },
  ],
];

test.each(nonsense)(
  '51: %s ends the connection, which is made again, and nothing else happens',
  async (_what, reason, send) => {
    const peer = await scriptedBroker();
    const incoming = await subscribe({ brokers: [peer.url] });
    send(peer.connections[0] as PeerConnection);
    await until(() => peer.connections[1]?.of('subscribe').length === 1);
    await until(() => isHealthy(incoming.source));
    const lastError = (await healthOf(incoming.source)).details['lastError'] ?? '';
    expect(lastError).toMatch(reason ? /^CONNECTION_FAILED/ : /^PAYLOAD_TOO_LARGE/);
    peer.connections[1]?.publish(1, 'fine');
    const message = await incoming.next();
    expect(textOf(message)).toBe('fine');
    incoming.source.ack(message);
    await until(() => peer.connections[1]?.of('puback').length === 1);
  },
);

test('51: what answers nothing does no harm: unknown ids and answers to other questions', async () => {
  const peer = await scriptedBroker();
  const incoming = await subscribe({ brokers: [peer.url] });
  const [connection] = peer.connections;
  connection?.send({ cmd: 'puback', messageId: 999, reasonCode: 0 });
  connection?.send({ cmd: 'pubrec', messageId: 998, reasonCode: 0 });
  connection?.send({ cmd: 'pubcomp', messageId: 997, reasonCode: 0 });
  connection?.send({ cmd: 'suback', messageId: 996, granted: [0] });
  connection?.send({ cmd: 'pubrel', messageId: 995, reasonCode: 0 });
  connection?.publish(1, 'fine');
  expect(textOf(await incoming.next())).toBe('fine');
  expect(peer.connections).toHaveLength(1);
});

test('51: a broker that sends nonsense each time is not stormed, and Health says why', async () => {
  const peer = await scriptedBroker({
    subscribe: ({ socket }) => {
      socket.write(hex('00 00'));
      return false;
    },
  });
  // The first connection is good, so that Connect is.
  let first = true;
  const good = await scriptedBroker({ subscribe: () => (first ? undefined : false) });
  const reconnect = { initialMs: 500, maxMs: 30_000 };
  const incoming = await subscribe({ brokers: [good.url, peer.url], reconnect });
  first = false;
  good.connections[0]?.socket.destroy();
  const since = performance.now();
  await until(() => performance.now() - since > 3500);
  expect(peer.connections.length + good.connections.length - 1).toBeLessThanOrEqual(3);
  await until(() => fails(incoming.source));
});

test('51: random bytes never crash it', async () => {
  const mutate = (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    for (let i = 0; i < 3; i += 1)
      copy[Math.floor(Math.random() * copy.length)] = randomBytes(1)[0] ?? 0;
    return copy;
  };
  const valid = [
    {
      cmd: 'publish',
      topic: 'in/a',
      qos: 1,
      messageId: 5,
      dup: false,
      retain: false,
      payload: 'x',
      properties: {
        userProperties: { a: 'b' },
        contentType: 'c',
        correlationData: Buffer.from('d'),
      },
    },
    {
      cmd: 'publish',
      topic: 'in/a',
      qos: 2,
      messageId: 6,
      dup: false,
      retain: false,
      payload: 'x',
    },
    { cmd: 'suback', messageId: 1, granted: [1], properties: { reasonString: 'r' } },
    { cmd: 'puback', messageId: 1, reasonCode: 0 },
    { cmd: 'disconnect', reasonCode: 0x8b },
    { cmd: 'pingresp' },
  ].map((packet) => mqttPacket.generate(packet as never, { protocolVersion: 5 }));
  const peer = await scriptedBroker({
    subscribe: ({ socket, number }) => {
      if (number === 0) return undefined;
      for (let i = 0; i < 20; i += 1) {
        const bytes = valid[Math.floor(Math.random() * valid.length)] ?? Buffer.alloc(1);
        socket.write(Math.random() < 0.5 ? mutate(bytes) : randomBytes(1 + Math.random() * 20));
      }
      setTimeout(() => socket.destroy(), 20);
      return false;
    },
  });
  const reconnect = { initialMs: 10, maxMs: 10, jitter: 0 };
  const incoming = await subscribe({ brokers: [peer.url], reconnect });
  incoming.ackAll();
  peer.connections[0]?.socket.destroy();
  await until(() => peer.connections.length > 200);
});

test('51: a sender is told that the connection is lost when the broker answers nonsense', async () => {
  const peer = await scriptedBroker({
    publish: ({ socket, number }) => {
      if (number > 0) return undefined;
      socket.write(hex('40 03 0001 fe'));
      return false;
    },
  });
  const outgoing = await publish({ brokers: [peer.url] });
  expect(await sendFailure(outgoing.send(messageOf('a')))).toMatchObject({
    code: 'CONNECTION_FAILED',
    reason: 'CONNECTION_LOST',
    recoverable: true,
  });
  expect(await outgoing.send(messageOf('b'))).toEqual([{}]);
});

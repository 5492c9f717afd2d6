import { expect, test } from 'vitest';
import { PublishDestination } from '../src/destination.ts';
import { messageOf, publishConfig, testHost } from './support/config.ts';
import { isHealthy, publish, sendFailure, until } from './support/connector.ts';
import { failureOf } from './support/failure.ts';
import { connack, scriptedBroker } from './support/peer.ts';

test.each([
  [4, 1, 'puback'],
  [5, 1, 'puback'],
  [4, 2, 'pubcomp'],
  [5, 2, 'pubcomp'],
] as const)(
  '52: version %i QoS %i: a send resolves only with %s',
  async (protocolVersion, qos, last) => {
    let answered: (() => void) | undefined;
    const trigger = qos === 1 ? 'publish' : 'pubrel';
    const peer = await scriptedBroker(
      {
        [trigger]: ({ send }: { send: (packet: never) => void }, { messageId = 0 }) => {
          answered = () => send({ cmd: last, messageId, reasonCode: 0 } as never);
          return false;
        },
      },
      protocolVersion,
    );
    const outgoing = await publish({ brokers: [peer.url], protocolVersion, qos });
    let resolved = false;
    const sending = outgoing.send(messageOf('a')).then((outcome) => {
      resolved = true;
      return outcome;
    });
    await until(() => answered !== undefined);
    // A whole round trip later it still waits.
    const [connection] = peer.connections;
    connection?.publish(0, 'x', { qos: 0 });
    expect(resolved).toBe(false);
    answered?.();
    expect(await sending).toEqual([{}]);
  },
);

test('53: a message that was written and not confirmed is not written again by itself', async () => {
  const peer = await scriptedBroker({ publish: () => false });
  const outgoing = await publish({ brokers: [peer.url], timeoutMs: 300 });
  expect(await sendFailure(outgoing.send(messageOf('a')))).toMatchObject({
    code: 'TIMEOUT',
    recoverable: true,
  });
  const cut = sendFailure(outgoing.send(messageOf('b')));
  await until(() => peer.connections[0]?.of('publish').length === 2);
  peer.connections[0]?.socket.destroy();
  expect(await cut).toMatchObject({ code: 'CONNECTION_FAILED', reason: 'CONNECTION_LOST' });
  await until(() => isHealthy(outgoing.destination));
  expect(await sendFailure(outgoing.send(messageOf('c')))).toMatchObject({ code: 'TIMEOUT' });
  expect(peer.connections[1]?.of('publish')).toMatchObject([
    { payload: Buffer.from('payload of c') },
  ]);
});

test('a late confirmation of a given up message never confirms another one', async () => {
  const ids: number[] = [];
  const peer = await scriptedBroker({
    publish: (_connection, { messageId = 0 }) => {
      ids.push(messageId);
      return false;
    },
  });
  const outgoing = await publish({ brokers: [peer.url], timeoutMs: 200 });
  const [connection] = peer.connections;
  await sendFailure(outgoing.send(messageOf('given up')));
  const second = sendFailure(outgoing.send(messageOf('second')));
  await until(() => ids.length === 2);
  expect(new Set(ids).size).toBe(2);
  connection?.send({ cmd: 'puback', messageId: ids[0] ?? 0, reasonCode: 0 });
  expect(await second).toMatchObject({ code: 'TIMEOUT' });
});

test('a broker that confirms nothing any more loses its connection when the window is full', async () => {
  const peer = await scriptedBroker({ publish: () => false });
  const outgoing = await publish({ brokers: [peer.url], timeoutMs: 200, maxInFlight: 3 });
  await Promise.all(['a', 'b', 'c'].map((id) => sendFailure(outgoing.send(messageOf(id)))));
  await until(() => peer.connections.length === 2);
});

test('nothing is written to a broker that does not read, so nothing comes out of a queue later', async () => {
  const peer = await scriptedBroker();
  const outgoing = await publish({ brokers: [peer.url], timeoutMs: 400, maxInFlight: 1024 });
  const [connection] = peer.connections;
  connection?.socket.pause();
  const payload = Buffer.alloc(256 * 1024);
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      sendFailure(outgoing.send(messageOf(`${i}`, { payload }))),
    ),
  );
  expect(outcomes.every(({ code }) => code === 'TIMEOUT')).toBe(true);
  connection?.socket.resume();
  expect(await outgoing.send(messageOf('last'))).toEqual([{}]);
  // What the system had in its buffers is out of reach; the rest was never written.
  expect(connection?.of('publish').length).toBeLessThan(60);
});

test('55: DISCONNECT with "packet too large" is the fault of the largest message under way alone', async () => {
  const peer = await scriptedBroker({
    publish: ({ send, of }) => {
      if (of('publish').length === 2) send({ cmd: 'disconnect', reasonCode: 0x95 });
      return false;
    },
  });
  const outgoing = await publish({ brokers: [peer.url] });
  const [small, large] = await Promise.all([
    sendFailure(outgoing.send(messageOf('small'))),
    sendFailure(outgoing.send(messageOf('large', { payload: Buffer.alloc(1000) }))),
  ]);
  expect(small).toMatchObject({
    code: 'CONNECTION_FAILED',
    reason: 'CONNECTION_LOST',
    recoverable: true,
  });
  expect(large).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', recoverable: false });
});

test.each([
  [0x80, 'SEND_FAILED', true],
  [0x83, 'SEND_FAILED', true],
  [0x87, 'AUTH_FAILED', false],
  [0x90, 'SEND_FAILED', false],
  [0x95, 'PAYLOAD_TOO_LARGE', false],
  [0x97, 'RATE_LIMITED', true],
  [0x99, 'SEND_FAILED', false],
])('PUBACK %i is %s', async (reasonCode, code, recoverable) => {
  const peer = await scriptedBroker({
    publish: ({ send }, { messageId = 0 }) => {
      send({ cmd: 'puback', messageId, reasonCode });
      return false;
    },
  });
  const outgoing = await publish({ brokers: [peer.url] });
  expect(await sendFailure(outgoing.send(messageOf('a')))).toMatchObject({ code, recoverable });
  expect(peer.connections).toHaveLength(1);
});

test.each([
  [{ qos: 2 }, { maximumQoS: 1 }, 'settings.qos'],
  [{ retain: true }, { retainAvailable: false }, 'settings.retain'],
])('what the broker does not offer fails Connect: %j', async (settings, properties, field) => {
  const peer = await scriptedBroker({
    connect: ({ send }) => {
      send(connack(0, { properties }));
      return false;
    },
  });
  const config = publishConfig({ brokers: [peer.url], ...settings });
  const starting = new PublishDestination(config, testHost().host).start(AbortSignal.timeout(5000));
  expect(await failureOf(starting)).toMatchObject({ code: 'INVALID_CONFIG', field });
});

import { describe, expect, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { broker, client, linkTo } from './support/broker.ts';
import { subscribeConfig } from './support/config.ts';
import { fails, healthOf, isHealthy, subscribe, textOf, until } from './support/connector.ts';
import { connack, scriptedBroker } from './support/peer.ts';
import { launch } from './support/process.ts';

const ids = (packets: readonly { messageId?: number }[]): unknown[] =>
  packets.map(({ messageId }) => messageId);

describe.runIf(needs('mosquitto'))('with mosquitto', () => {
  test.each([
    [4, 1, 'puback'],
    [4, 2, 'pubrec'],
    [5, 1, 'puback'],
    [5, 2, 'pubrec'],
  ] as const)(
    '37: version %i QoS %i: %s goes out only after the ack, and in the order of arrival',
    async (protocolVersion, qos, cmd) => {
      const { port, url } = await broker();
      const link = await linkTo(port, protocolVersion);
      const subscriptions = [{ filter: 'in/#', qos }];
      const incoming = await subscribe({ brokers: [link.url], protocolVersion, subscriptions });
      const sender = await client(url);
      for (let i = 0; i < 10; i += 1) await sender.publishAsync('in/a', `${i}`, { qos });
      const taken = await incoming.take(10);
      expect(taken.map(textOf)).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`));
      for (const message of taken.slice(1).toReversed()) incoming.source.ack(message);
      expect(link.of('client', cmd)).toEqual([]);
      incoming.source.ack(taken[0] as (typeof taken)[0]);
      await until(() => link.of('client', cmd).length === 10);
      expect(ids(link.of('client', cmd))).toEqual(ids(link.of('server', 'publish')));
      if (qos === 2) await until(() => link.of('client', 'pubcomp').length === 10);
    },
  );

  test('37: with ackOrder any, an ack holds up no other', async () => {
    const { port, url } = await broker();
    const link = await linkTo(port);
    const incoming = await subscribe({ brokers: [link.url], ackOrder: 'any' });
    const sender = await client(url);
    for (const text of ['a', 'b']) await sender.publishAsync('in/a', text, { qos: 1 });
    const [first, second] = await incoming.take(2);
    incoming.source.ack(second as NonNullable<typeof second>);
    await until(() => link.of('client', 'puback').length === 1);
    expect(ids(link.of('client', 'puback'))).toEqual(ids(link.of('server', 'publish').slice(1)));
    incoming.source.ack(first as NonNullable<typeof first>);
    await until(() => link.of('client', 'puback').length === 2);
  });

  test('a final nack is acknowledged, because the host has the message safe; a released one is not', async () => {
    const { port, url } = await broker();
    const link = await linkTo(port);
    const incoming = await subscribe({ brokers: [link.url] });
    const sender = await client(url);
    for (const text of ['a', 'b']) await sender.publishAsync('in/a', text, { qos: 1 });
    const [first, second] = await incoming.take(2);
    incoming.source.nack(first as NonNullable<typeof first>, 'reject');
    incoming.source.nack(second as NonNullable<typeof second>, 'release');
    await until(() => link.of('client', 'puback').length === 1);
    await incoming.stop(1000);
    expect(link.of('client', 'puback')).toHaveLength(1);
    expect(link.of('client', 'puback')[0]).toMatchObject({ messageId: 1 });
  });

  test('38: a host that holds 100 messages for three times the keep-alive keeps its link, and gets no more', async () => {
    const { port, url } = await broker({ config: ['max_queued_messages 0'] });
    const link = await linkTo(port);
    const incoming = await subscribe({ brokers: [link.url], keepaliveSeconds: 1 });
    const sender = await client(url);
    for (let i = 0; i < 150; i += 1) await sender.publishAsync('in/a', `${i}`, { qos: 1 });
    const held = await incoming.take(100);
    const since = performance.now();
    const pings = link.of('client', 'pingreq').length;
    await until(() => performance.now() - since > 3000);
    expect(link.accepted).toBe(1);
    expect(link.of('client', 'pingreq').length - pings).toBeGreaterThanOrEqual(3);
    expect(link.of('server', 'publish')).toHaveLength(100);
    expect(await healthOf(incoming.source)).toMatchObject({
      status: 'ok',
      details: { inFlight: '100', reconnects: '0' },
    });
    for (const message of held) incoming.source.ack(message);
    expect((await incoming.take(50)).map(textOf).at(-1)).toBe('149');
  });

  test.each([1, 2])(
    '39: QoS %i: what is acked after the link was cut comes again, and the late acks do nothing',
    async (qos) => {
      const { port, url } = await broker();
      const link = await linkTo(port);
      const subscriptions = [{ filter: 'in/#', qos }];
      const incoming = await subscribe({ brokers: [link.url], subscriptions });
      const sender = await client(url);
      for (let i = 0; i < 5; i += 1) await sender.publishAsync('in/a', `${i}`, { qos: 2 });
      const late = await incoming.take(5);
      link.cut();
      const again = await incoming.take(5);
      expect(late.every(({ withdrawn }) => withdrawn)).toBe(true);
      expect(again.map(textOf)).toEqual(late.map(textOf));
      for (const message of late) incoming.source.ack(message);
      expect((await healthOf(incoming.source)).details['inFlight']).toBe('5');
      const settled = (): number =>
        link.of('client', 'puback', 1).length + link.of('client', 'pubrec', 1).length;
      for (const message of again) {
        expect(settled()).toBeLessThanOrEqual(again.indexOf(message));
        incoming.source.ack(message);
      }
      await until(() => settled() === 5);
    },
  );

  test.each([1, 2])('41: QoS %i: after kill -9 all un-acked messages come again', async (qos) => {
    const { url } = await broker({ config: ['max_queued_messages 0'] });
    const subscriptions = [{ filter: 'in/#', qos }];
    const config = subscribeConfig({ brokers: [url], subscriptions });
    const first = await launch(config);
    const sender = await client(url);
    for (let i = 0; i < 100; i += 1) await sender.publishAsync('in/a', `${i}`, { qos: 2 });
    const got = new Set<string>();
    for (let i = 0; i < 100; i += 1) {
      const { message } = await first.node.receive({ timeoutMs: 5000 });
      got.add(Buffer.from(message.payload).toString());
    }
    expect(got.size).toBe(100);
    process.kill(first.pid, 'SIGKILL');
    const second = await launch(config);
    for (let i = 0; i < 100; i += 1) {
      const { message, deliveryId } = await second.node.receive({ timeoutMs: 5000 });
      expect(got.delete(Buffer.from(message.payload).toString())).toBe(true);
      await second.node.acknowledge([{ deliveryId, outcome: 'ack' }]);
    }
    expect(got.size).toBe(0);
    await second.node.disconnect({ timeoutMs: 5000 });
  });

  test('a recoverable nack is no affair of the broker: the message comes again from the connector', async () => {
    const { port, url } = await broker();
    const link = await linkTo(port);
    const { node } = await launch(subscribeConfig({ brokers: [link.url] }));
    const sender = await client(url);
    await sender.publishAsync('in/a', 'x', { qos: 1 });
    const first = await node.receive({ timeoutMs: 5000 });
    await node.acknowledge([{ deliveryId: first.deliveryId, outcome: 'retry' }]);
    const second = await node.receive({ timeoutMs: 5000 });
    expect(second.message.id).toBe(first.message.id);
    expect(link.of('server', 'publish')).toHaveLength(1);
    expect(link.of('client', 'puback')).toHaveLength(0);
    await node.acknowledge([{ deliveryId: second.deliveryId, outcome: 'ack' }]);
    await until(() => link.of('client', 'puback').length === 1);
  });
});

test('39: a late ack never acknowledges the message that has its packet id on the next link', async () => {
  const peer = await scriptedBroker({
    subscribe: (connection) => {
      connection.publish(1, connection.number === 0 ? 'old' : 'new');
    },
  });
  const incoming = await subscribe({ brokers: [peer.url] });
  const old = await incoming.next();
  peer.connections[0]?.socket.destroy();
  const fresh = await incoming.next();
  expect([textOf(old), textOf(fresh)]).toEqual(['old', 'new']);
  incoming.source.ack(old);
  const [, second] = peer.connections;
  // A ping after the ack: had it been passed on, it would be here by now.
  second?.publish(2, 'mark');
  const mark = await incoming.next();
  expect(second?.of('puback')).toEqual([]);
  incoming.source.ack(fresh);
  incoming.source.ack(mark);
  await until(() => second?.of('puback').length === 2);
  expect(ids(second?.of('puback') ?? [])).toEqual([1, 2]);
});

test('stop leaves what is not acked to the broker, and says goodbye', async () => {
  const peer = await scriptedBroker({
    connect: ({ send }) => {
      send(connack(0, { sessionPresent: true }));
      return false;
    },
    subscribe: (connection) => {
      for (const id of [1, 2, 3]) connection.publish(id, `${id}`);
    },
  });
  const incoming = await subscribe({ brokers: [peer.url] });
  const [first] = await incoming.take(2);
  const [connection] = peer.connections;
  const stopped = incoming.stop(300);
  connection?.publish(4, 'too late');
  incoming.source.ack(first as NonNullable<typeof first>);
  await stopped;
  expect(ids(connection?.of('puback') ?? [])).toEqual([1]);
  expect(connection?.packets.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0 });
});

test('a session that comes back with more than the window does not keep Connect from succeeding', async () => {
  const peer = await scriptedBroker({
    connect: ({ send }) => {
      send(connack(0, { sessionPresent: true }));
      return false;
    },
    subscribe: (connection) => {
      for (let id = 1; id <= 10; id += 1) connection.publish(id, `${id}`, { dup: true });
    },
  });
  const incoming = await subscribe({ brokers: [peer.url], maxInFlight: 3 });
  const all = await incoming.take(3);
  for (const message of all) incoming.source.ack(message);
  for (let id = 4; id <= 10; id += 1) {
    const message = await incoming.next();
    expect(textOf(message)).toBe(`${id}`);
    incoming.source.ack(message);
  }
  await until(() => peer.connections[0]?.of('puback').length === 10);
  expect((await healthOf(incoming.source)).status).toBe('ok');
});

test('a subscription that is refused behind such messages makes Health an error', async () => {
  const peer = await scriptedBroker({
    subscribe: (connection, { messageId = 0 }) => {
      for (let id = 1; id <= 10; id += 1) connection.publish(id, `${id}`, { dup: true });
      connection.send({ cmd: 'suback', messageId, granted: [0x87] });
      return false;
    },
  });
  const incoming = await subscribe({ brokers: [peer.url], maxInFlight: 3 });
  incoming.ackAll();
  await until(() => fails(incoming.source));
  await expect(healthOf(incoming.source)).rejects.toThrow('AUTH_FAILED');
});

test.each([true, false])(
  'QoS 2: what was recorded comes once more only if the session was lost: %j',
  async (sessionPresent) => {
    const peer = await scriptedBroker({
      connect: ({ send }) => {
        send(connack(0, { sessionPresent }));
        return false;
      },
      subscribe: (connection) => {
        connection.publish(1, 'x', { qos: 2, dup: connection.number > 0 });
      },
      pubrec: ({ number, socket }) => {
        if (number > 0) return undefined;
        socket.destroy();
        return false;
      },
    });
    const subscriptions = [{ filter: 'in/#', qos: 2 }];
    const incoming = await subscribe({ brokers: [peer.url], subscriptions });
    incoming.ackAll();
    // With a session there is no second SUBSCRIBE to send it after.
    if (sessionPresent) {
      await until(async () => peer.connections.length === 2 && (await isHealthy(incoming.source)));
      peer.connections[1]?.publish(1, 'x', { qos: 2, dup: true });
    }
    await until(() => peer.connections[1]?.of('pubcomp').length === 1);
    expect(incoming.acked).toHaveLength(sessionPresent ? 1 : 2);
    // Released, so the id is free for another message.
    peer.connections[1]?.publish(1, 'y', { qos: 2 });
    await until(() => incoming.acked.map(textOf).includes('y'));
  },
);

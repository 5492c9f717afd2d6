import { describe, expect, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { broker, client } from './support/broker.ts';
import { healthOf, subscribe, textOf, until } from './support/connector.ts';
import { scriptedBroker } from './support/peer.ts';

describe.runIf(needs('mosquitto'))('a burst', () => {
  test('50: of 10,000 messages with a slow host loses none of QoS 1, and never holds more than the window', async () => {
    const { url } = await broker({
      config: ['max_queued_messages 0', 'max_inflight_messages 1000'],
    });
    const incoming = await subscribe({ brokers: [url], maxInFlight: 50 });
    const sender = await client(url);
    const count = 10_000;
    const sending = (async () => {
      for (let i = 0; i < count; i += 500) {
        await Promise.all(
          Array.from({ length: 500 }, (_, k) =>
            sender.publishAsync('in/a', `${i + k}`, { qos: 1 }),
          ),
        );
      }
    })();
    const got = new Set<string>();
    let most = 0;
    for (let i = 0; i < count; i += 1) {
      const message = await incoming.next();
      most = Math.max(most, Number((await healthOf(incoming.source)).details['inFlight']));
      setTimeout(() => {
        got.add(textOf(message));
        incoming.source.ack(message);
      }, 5);
    }
    await sending;
    await until(() => got.size === count);
    expect(most).toBeLessThanOrEqual(50);
    expect((await healthOf(incoming.source)).details['qos0Dropped']).toBe('0');
  });
});

describe('messages of QoS 0 above the window', () => {
  const settings = { subscriptions: [{ filter: 'in/#', qos: 0 }], maxInFlight: 10 };

  async function flood(more: object) {
    const peer = await scriptedBroker();
    const incoming = await subscribe({ brokers: [peer.url], ...settings, ...more });
    const [connection] = peer.connections;
    for (let i = 0; i < 100; i += 1) connection?.publish(0, `${i}`, { qos: 0 });
    return incoming;
  }

  test('50: are dropped and counted exactly, the newest', async () => {
    const incoming = await flood({});
    await until(async () => (await healthOf(incoming.source)).details['qos0Dropped'] === '90');
    expect((await incoming.take(10)).map(textOf)).toEqual(
      Array.from({ length: 10 }, (_, i) => `${i}`),
    );
  });

  test('50: are dropped and counted exactly, the oldest', async () => {
    const incoming = await flood({ qos0Overflow: 'drop-oldest' });
    await until(async () => (await healthOf(incoming.source)).details['qos0Dropped'] === '90');
    const left = Array.from({ length: 10 }, (_, i) => `${90 + i}`);
    expect((await incoming.take(10)).map(textOf)).toEqual(left);
  });

  test('50: wait with the broker, if that is wanted', async () => {
    const incoming = await flood({ qos0Overflow: 'pause' });
    const all: string[] = [];
    for (let i = 0; i < 100; i += 1) {
      const message = await incoming.next();
      all.push(textOf(message));
      incoming.source.ack(message);
    }
    expect(all).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
    expect((await healthOf(incoming.source)).details['qos0Dropped']).toBe('0');
  });
});

test('a broker that sends more than its Receive Maximum is not read on, and its link lives', async () => {
  const peer = await scriptedBroker();
  const incoming = await subscribe({ brokers: [peer.url], maxInFlight: 5, keepaliveSeconds: 1 });
  const [connection] = peer.connections;
  for (let id = 1; id <= 20; id += 1) connection?.publish(id, `${id}`);
  const held = await incoming.take(5);
  const since = performance.now();
  await until(() => performance.now() - since > 2500);
  expect(await healthOf(incoming.source)).toMatchObject({
    status: 'ok',
    details: { inFlight: '5' },
  });
  expect(peer.connections).toHaveLength(1);
  expect(connection?.of('pingreq').length).toBeGreaterThanOrEqual(2);
  for (const message of held) incoming.source.ack(message);
  incoming.ackAll();
  await until(() => connection?.of('puback').length === 20);
});

test('bytes are bounded as well: what does not fit waits with the broker', async () => {
  const peer = await scriptedBroker();
  const incoming = await subscribe({
    brokers: [peer.url],
    maximumPacketSize: 10_000,
    maxInFlightBytes: 25_000,
  });
  const [connection] = peer.connections;
  for (let id = 1; id <= 5; id += 1) connection?.publish(id, 'x'.repeat(9000));
  const [first] = await incoming.take(2);
  expect((await healthOf(incoming.source)).details['inFlightBytes']).toBe('18000');
  incoming.source.ack(first as NonNullable<typeof first>);
  await incoming.next();
  expect((await healthOf(incoming.source)).details['inFlightBytes']).toBe('18000');
});

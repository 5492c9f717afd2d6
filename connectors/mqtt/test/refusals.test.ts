import { expect, test } from 'vitest';
import { SubscribeSource } from '../src/source.ts';
import { subscribeConfig, testHost } from './support/config.ts';
import { fails, healthOf, isHealthy, subscribe, until } from './support/connector.ts';
import { failureOf } from './support/failure.ts';
import { connack, scriptedBroker } from './support/peer.ts';

const signal = AbortSignal.timeout(120_000);

test('44: a broker that is busy five times is tried again with growing waits, within one Connect', async () => {
  const codes = [0x88, 0x89, 0x97, 0x9f, 0x88];
  const peer = await scriptedBroker({
    connect: ({ number, send, socket }) => {
      const code = codes[number];
      if (code === undefined) return undefined;
      send(connack(code));
      socket.end();
      return false;
    },
  });
  const incoming = await subscribe({ brokers: [peer.url] });
  expect(peer.connections).toHaveLength(6);
  const waits = peer.times.slice(1).map((at, i) => at - (peer.times[i] ?? 0));
  for (const [i, least] of [20, 40, 80, 160, 200].entries()) {
    expect(waits[i]).toBeGreaterThanOrEqual(least * 0.9);
  }
  expect((await healthOf(incoming.source)).status).toBe('ok');
});

test.each([
  [5, 0x86],
  [5, 0x87],
  [4, 4],
  [4, 5],
])(
  '44: version %i: CONNACK %i is AUTH_FAILED, final, and later there is no hammering',
  async (protocolVersion, code) => {
    let refusing = true;
    const peer = await scriptedBroker(
      {
        connect: ({ send, socket }) => {
          if (!refusing) return undefined;
          send(connack(code));
          socket.end();
          return false;
        },
      },
      protocolVersion,
    );
    const reconnect = { initialMs: 20, maxMs: 1500, jitter: 0 };
    const settings = { brokers: [peer.url], protocolVersion, reconnect };
    const source = new SubscribeSource(subscribeConfig(settings), testHost().host);
    expect(await failureOf(source.start(signal))).toMatchObject({
      code: 'AUTH_FAILED',
      recoverable: false,
    });
    expect(peer.connections).toHaveLength(1);

    refusing = false;
    const incoming = await subscribe(settings);
    refusing = true;
    peer.connections.at(-1)?.socket.destroy();
    await until(() => incoming.warnings.some((text) => text.includes('AUTH_FAILED')));
    const count = peer.connections.length;
    const since = performance.now();
    await until(() => performance.now() - since > 400);
    expect(peer.connections).toHaveLength(count);
    await until(() => fails(incoming.source));
    await expect(healthOf(incoming.source)).rejects.toThrow('AUTH_FAILED');
    refusing = false;
    await until(() => isHealthy(incoming.source));
  },
);

test.each([
  [4, 1, 'INVALID_CONFIG'],
  [4, 2, 'INVALID_CONFIG'],
  [4, 3, 'CONNECTION_FAILED'],
  [5, 0x84, 'INVALID_CONFIG'],
  [5, 0x85, 'INVALID_CONFIG'],
  [5, 0x8a, 'AUTH_FAILED'],
  [5, 0x8c, 'AUTH_FAILED'],
  [5, 0x9c, 'CONNECTION_FAILED'],
  [5, 0x80, 'CONNECTION_FAILED'],
])('version %i: CONNACK %i is %s', async (protocolVersion, code, expected) => {
  const peer = await scriptedBroker(
    {
      connect: ({ send }) => {
        send(connack(code));
        return false;
      },
    },
    protocolVersion,
  );
  const reconnect = { initialMs: 10_000 };
  const config = subscribeConfig({ brokers: [peer.url], protocolVersion, reconnect });
  const failure = await failureOf(new SubscribeSource(config, testHost().host).start(signal));
  expect(failure).toMatchObject({ code: expected, recoverable: expected === 'CONNECTION_FAILED' });
  expect(failure.rawMessage).toContain(peer.url);
});

test('45: a subscription that is refused fails Connect and is named', async () => {
  const peer = await scriptedBroker({
    subscribe: ({ send }, packet) => {
      const { messageId, subscriptions } = packet as never as {
        messageId: number;
        subscriptions: { topic: string }[];
      };
      const granted = subscriptions.map(({ topic }) => (topic === 'secret/#' ? 0x87 : 1));
      send({ cmd: 'suback', messageId, granted });
      return false;
    },
  });
  const subscriptions = [{ filter: 'in/#' }, { filter: 'secret/#' }];
  const config = subscribeConfig({ brokers: [peer.url], subscriptions });
  expect(await failureOf(new SubscribeSource(config, testHost().host).start(signal))).toMatchObject(
    {
      code: 'AUTH_FAILED',
      recoverable: false,
      field: 'settings.subscriptions[1].filter',
      rawMessage: expect.stringContaining('secret/#'),
    },
  );
});

test('45: a subscription that is refused only after a reconnect makes Health an error', async () => {
  const peer = await scriptedBroker({
    subscribe: ({ send, number }, { messageId = 0 }) => {
      send({ cmd: 'suback', messageId, granted: [number === 0 ? 1 : 0x97] });
      return false;
    },
  });
  const incoming = await subscribe({ brokers: [peer.url] });
  peer.connections[0]?.socket.destroy();
  await until(() => fails(incoming.source));
  await expect(healthOf(incoming.source)).rejects.toThrow('the subscription to in/# was refused');
});

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { slowly } from '../../../tools/testing/slowness.ts';
import { Backoff } from '../src/link/backoff.ts';
import { SubscribeSource } from '../src/source.ts';
import { broker, client, linkTo } from './support/broker.ts';
import { messageOf, subscribeConfig, testHost } from './support/config.ts';
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
import { failureOf } from './support/failure.ts';
import { scriptedBroker } from './support/peer.ts';

const signal = AbortSignal.timeout(120_000);
/** As a user has it who sets nothing. */
const defaults = { initialMs: 500, maxMs: 30_000, multiplier: 2, jitter: 0.3 };

describe.runIf(needs('mosquitto'))('with mosquitto', () => {
  test('42: a frozen broker is noticed in time, sends end by their deadline, and all recovers', async () => {
    const mosquitto = await broker();
    const common = { brokers: [mosquitto.url], keepaliveSeconds: 1, connectTimeoutMs: 1000 };
    const incoming = await subscribe(common);
    const outgoing = await publish({ ...common, topic: 'in/a', clientId: 'out', timeoutMs: 1500 });
    process.kill(mosquitto.pid, 'SIGSTOP');
    const frozen = performance.now();
    const sending = sendFailure(outgoing.send(messageOf('a')));
    await until(() => fails(incoming.source));
    // 1.5 times the keep-alive and 1 s.
    expect(performance.now() - frozen).toBeLessThan(slowly(2500));
    expect(await sending).toMatchObject({ recoverable: true });
    expect(performance.now() - frozen).toBeLessThan(slowly(3000));
    process.kill(mosquitto.pid, 'SIGCONT');
    const thawed = performance.now();
    await until(() => isHealthy(incoming.source));
    expect(performance.now() - thawed).toBeLessThan(slowly(3000));
    incoming.ackAll();
    await until(() => isHealthy(outgoing.destination));
    await outgoing.send(messageOf('b'));
    await until(() => incoming.acked.some((message) => textOf(message) === 'payload of b'));
  });

  test('43: what is published while the connector is away comes when it is back', async () => {
    const { port, url } = await broker({ config: ['max_queued_messages 0'] });
    const link = await linkTo(port);
    const incoming = await subscribe({ brokers: [link.url] });
    incoming.ackAll();
    link.refuse(true);
    const sender = await client(url);
    for (let i = 0; i < 500; i += 1) await sender.publishAsync('in/a', `${i}`, { qos: 1 });
    link.refuse(false);
    await until(() => new Set(incoming.acked.map(textOf)).size === 500);
    expect((await healthOf(incoming.source)).details).toMatchObject({ sessionsLost: '0' });
  });

  test('43: a session that the broker has lost is told, and subscribed anew', async () => {
    const { port, url } = await broker();
    const link = await linkTo(port);
    const settings = { brokers: [link.url], sessionExpirySeconds: 1 };
    const incoming = await subscribe(settings);
    incoming.ackAll();
    link.refuse(true);
    await sleep(2500); // the session's own time
    link.refuse(false);
    await until(() => incoming.metrics.length > 0);
    expect(incoming.metrics).toEqual(['mqtt_session_lost']);
    expect(incoming.warnings.some((text) => text.includes('lost the session'))).toBe(true);
    await until(() => isHealthy(incoming.source));
    const sender = await client(url);
    await sender.publishAsync('in/a', 'x', { qos: 1 });
    await until(() => incoming.acked.length === 1);
  });

  test.each([4, 5])(
    '46: version %i: two clients with one client id make no storm of connections',
    async (protocolVersion) => {
      const mosquitto = await broker();
      const settings = { brokers: [mosquitto.url], protocolVersion, reconnect: defaults };
      const incoming = await subscribe({ ...settings, clientId: 'same' });
      // It comes back at once each time.
      await client(mosquitto.url, { clientId: 'same', clean: false, reconnectPeriod: 50 });
      const since = performance.now();
      await until(() => performance.now() - since > 5000);
      const ours = mosquitto.log().match(/New client connected .* as same \(p\d, c0, k30/g) ?? [];
      expect(ours.length - 1).toBeLessThanOrEqual(4);
      expect(incoming.warnings.join()).toContain('the same client id');
    },
  );

  test('several brokers are tried in turn', async () => {
    const [a, b] = await Promise.all([broker(), broker()]);
    const toA = await linkTo(a.port);
    const toB = await linkTo(b.port);
    toA.refuse(true);
    const incoming = await subscribe({ brokers: [toA.url, toB.url] });
    expect((await healthOf(incoming.source)).details).toMatchObject({ broker: toB.url });
    toA.refuse(false);
    toB.refuse(true);
    await until(() => toA.accepted === 1);
    await until(() => isHealthy(incoming.source));
    expect(toA.accepted).toBe(1);
  });
});

test('46: a client that is taken over three times in a minute says so, and waits longest', async () => {
  const peer = await scriptedBroker({
    subscribe: ({ send }, { messageId = 0 }) => {
      send({ cmd: 'suback', messageId, granted: [1] });
      send({ cmd: 'disconnect', reasonCode: 0x8e });
      return false;
    },
  });
  const reconnect = { initialMs: 10, maxMs: 60_000, jitter: 0 };
  const incoming = await subscribe({ brokers: [peer.url], cleanStart: true, reconnect });
  await until(() => peer.connections.length === 3 && incoming.warnings.length === 3);
  await expect(healthOf(incoming.source)).rejects.toThrow(
    expect.objectContaining({ code: 'CONNECTION_FAILED', reason: 'CLIENT_ID_CONFLICT' }),
  );
  const since = performance.now();
  await until(() => performance.now() - since > 500);
  expect(peer.connections).toHaveLength(3);
});

test('nobody listening is CONNECTION_FAILED, recoverable, at once', async () => {
  const config = subscribeConfig({ brokers: ['mqtt://127.0.0.1:1'] });
  expect(await failureOf(new SubscribeSource(config, testHost().host).start(signal))).toMatchObject(
    {
      code: 'CONNECTION_FAILED',
      recoverable: true,
      rawMessage: expect.stringContaining('nobody listens there (ECONNREFUSED)'),
    },
  );
});

test('a broker that never answers CONNECT is given up in time, also when Connect is aborted', async () => {
  const peer = await scriptedBroker({ connect: () => false });
  const settings = { brokers: [peer.url], connectTimeoutMs: 200 };
  const source = new SubscribeSource(subscribeConfig(settings), testHost().host);
  expect(await failureOf(source.start(signal))).toMatchObject({
    code: 'CONNECTION_FAILED',
    rawMessage: expect.stringContaining('no connection within 200 ms'),
  });
  const stop = new AbortController();
  const other = new SubscribeSource(subscribeConfig({ brokers: [peer.url] }), testHost().host);
  const starting = other.start(stop.signal);
  await until(() => peer.connections[1]?.of('connect').length === 1);
  stop.abort(new Error('no more'));
  await expect(starting).rejects.toThrow('no more');
});

test('waits grow up to the longest, part of each is random, and a good connection lets them begin anew', () => {
  const steady = new Backoff({ ...defaults, jitter: 0 });
  const waits = Array.from({ length: 8 }, () => steady.next(false));
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  steady.lasted(9999);
  expect(steady.next(false)).toBe(30_000);
  steady.lasted(10_000);
  expect(steady.next(false)).toBe(500);
  expect(steady.next(true)).toBe(30_000);
  const random = new Backoff(defaults);
  const first = Array.from({ length: 100 }, () => {
    random.lasted(10_000);
    return random.next(false);
  });
  expect(Math.min(...first)).toBeGreaterThanOrEqual(350);
  expect(Math.max(...first)).toBeLessThanOrEqual(500);
  expect(new Set(first).size).toBeGreaterThan(50);
});

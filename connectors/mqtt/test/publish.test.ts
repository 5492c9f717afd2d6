import { describe, expect, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { PublishDestination } from '../src/destination.ts';
import { compileTopic } from '../src/publish/topic-template.ts';
import { broker, linkTo, listen } from './support/broker.ts';
import { messageOf, publishConfig, testHost } from './support/config.ts';
import { isHealthy, publish, sendFailure, subscribe, textOf, until } from './support/connector.ts';
import { failureOf } from './support/failure.ts';
import { connack, scriptedBroker } from './support/peer.ts';
import { launch } from './support/process.ts';

const acl = (lines: string[]) => ({
  files: { acl: `${lines.join('\n')}\n` },
  config: ['acl_file FOLDER/acl'],
});

describe.runIf(needs('mosquitto'))('with mosquitto', () => {
  test('53: with the broker down a send fails by its deadline, and is not published later', async () => {
    const mosquitto = await broker();
    const link = await linkTo(mosquitto.port);
    const settings = { brokers: [link.url], timeoutMs: 500 };
    const outgoing = await publish(settings);
    const got = await listen(mosquitto.url, 'out/#');
    link.refuse(true);
    await until(() => outgoing.destination.health().status !== 'ok');
    const since = performance.now();
    expect(await sendFailure(outgoing.send(messageOf('lost')))).toMatchObject({
      code: 'SEND_FAILED',
      reason: 'CONNECTION_LOST',
      recoverable: true,
    });
    expect(performance.now() - since).toBeLessThan(1500);
    link.refuse(false);
    await until(() => isHealthy(outgoing.destination));
    expect(await outgoing.send(messageOf('next'))).toEqual([{}]);
    await until(() => got.length > 0);
    expect(got.map(({ payload }) => String(payload))).toEqual(['payload of next']);
  });

  test('53: a message that waits for the connection is sent when that is back, if its time allows', async () => {
    const mosquitto = await broker();
    const link = await linkTo(mosquitto.port);
    const outgoing = await publish({ brokers: [link.url] });
    const got = await listen(mosquitto.url, 'out/#');
    link.refuse(true);
    await until(() => outgoing.destination.health().status !== 'ok');
    const sending = outgoing.send(messageOf('a'));
    link.refuse(false);
    expect(await sending).toEqual([{}]);
    await until(() => got.length === 1);
  });

  test.each([1, 2])('54: QoS %i: 500 sends at once keep to a Receive Maximum of 5', async (qos) => {
    const { port, url } = await broker({
      config: ['max_inflight_messages 5', 'max_queued_messages 0'],
    });
    const link = await linkTo(port);
    const got = await listen(url, 'out/#');
    const outgoing = await publish({ brokers: [link.url], qos });
    const messages = Array.from({ length: 500 }, (_, i) => messageOf(`${i}`));
    const outcomes = await Promise.all(messages.map((message) => outgoing.send(message)));
    expect(outcomes.flat()).toEqual(Array.from({ length: 500 }, () => ({})));
    await until(() => got.length === 500);
    let open = 0;
    let most = 0;
    const last = qos === 1 ? 'puback' : 'pubcomp';
    for (const { from, packet } of link.packets) {
      if (from === 'client' && packet.cmd === 'publish') open += 1;
      if (from === 'server' && packet.cmd === last) open -= 1;
      most = Math.max(most, open);
    }
    expect(most).toBe(5);
  });

  test('55: a payload above the broker’s limit fails at once, and the link is not touched', async () => {
    const { port } = await broker({ config: ['max_packet_size 2000'] });
    const link = await linkTo(port);
    const outgoing = await publish({ brokers: [link.url] });
    const large = messageOf('large', { payload: Buffer.alloc(3000) });
    const [neighbour, failure] = await Promise.all([
      outgoing.send(messageOf('small')),
      sendFailure(outgoing.send(large)),
    ]);
    expect(neighbour).toEqual([{}]);
    expect(failure).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', recoverable: false });
    expect(failure.rawMessage).toMatch(/ 3\d\d\d bytes .* 2000/);
    expect(link.of('client', 'publish')).toHaveLength(1);
    expect(link.accepted).toBe(1);
  });

  test('55: a limit that the broker does not tell is told by its PUBACK', async () => {
    const { port } = await broker({ config: ['message_size_limit 2000'] });
    const link = await linkTo(port);
    const outgoing = await publish({ brokers: [link.url] });
    const large = messageOf('large', { payload: Buffer.alloc(3000) });
    expect(await sendFailure(outgoing.send(large))).toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      recoverable: false,
    });
    expect(await outgoing.send(messageOf('small'))).toEqual([{}]);
    expect(link.accepted).toBe(1);
  });

  test.each([1, 2])('56: QoS %i: a publish that the ACL denies is AUTH_FAILED', async (qos) => {
    const { url } = await broker(acl(['topic readwrite in/#']));
    const outgoing = await publish({ brokers: [url], qos, topic: '{{headers.to|path}}' });
    const send = (to: string) => outgoing.send(messageOf('a', { headers: { to } }));
    expect(await sendFailure(send('out/a'))).toMatchObject({
      code: 'AUTH_FAILED',
      recoverable: false,
    });
    expect(await send('in/a')).toEqual([{}]);
  });

  test('58: the will comes after kill -9 and not after Disconnect; the birth message each time', async () => {
    const { url } = await broker();
    const got = await listen(url, 'state/#');
    const texts = (): string[] => got.map(({ payload }) => String(payload));
    const config = publishConfig({
      brokers: [url],
      will: { topic: 'state/c', payload: 'gone', contentType: 'text/plain' },
      birth: { topic: 'state/c', payload: 'here' },
    });
    const first = await launch(config);
    await until(() => texts().length === 1);
    await first.node.disconnect({ timeoutMs: 5000 });
    const second = await launch(config);
    await until(() => texts().length === 2);
    process.kill(second.pid, 'SIGKILL');
    await until(() => texts().length === 3);
    expect(texts()).toEqual(['here', 'here', 'gone']);
    expect(got[2]?.properties?.contentType).toBe('text/plain');
  });

  test('59: with topic aliases the topics are right, also after a reconnect', async () => {
    const { port, url } = await broker();
    const link = await linkTo(port);
    const got = await listen(url, 'out/#');
    const outgoing = await publish({
      brokers: [link.url],
      topic: 'out/{{headers.n}}',
      topicAlias: 'auto',
    });
    const send = async (n: number): Promise<void> => {
      expect(await outgoing.send(messageOf(`${n}`, { headers: { n: `${n % 3}` } }))).toEqual([{}]);
    };
    for (let n = 0; n < 9; n += 1) await send(n);
    link.cut();
    await until(() => outgoing.destination.health().details['reconnects'] === '1');
    for (let n = 9; n < 18; n += 1) await send(n);
    await until(() => got.length >= 18);
    expect(got.map(({ topic }) => topic)).toEqual(
      Array.from({ length: 18 }, (_, n) => `out/${n % 3}`),
    );
    const abbreviated = link
      .of('client', 'publish')
      .filter((packet) => (packet as { topic?: string }).topic === '');
    expect(abbreviated).toHaveLength(12);
  });

  test('a topic that nobody has subscribed to is fine, or an error if that is wanted', async () => {
    const { url } = await broker();
    const fine = await publish({ brokers: [url], clientId: 'a' });
    expect(await fine.send(messageOf('a'))).toEqual([{}]);
    const strict = await publish({ brokers: [url], clientId: 'b', noMatchingSubscribers: 'error' });
    expect(await sendFailure(strict.send(messageOf('a')))).toMatchObject({
      code: 'SEND_FAILED',
      reason: 'NO_SUBSCRIBERS',
      recoverable: false,
    });
  });

  test('messages of QoS 0 are sent when their bytes are with the system', async () => {
    const { url } = await broker();
    const got = await listen(url, 'out/#');
    const outgoing = await publish({ brokers: [url], qos: 0 });
    expect(await outgoing.send(messageOf('a'))).toEqual([{}]);
    await until(() => got.length === 1);
  });

  test('what one connector publishes, another one receives, and a message keeps its id', async () => {
    const { url } = await broker();
    const incoming = await subscribe({ brokers: [url], clientId: 'in' });
    const outgoing = await publish({ brokers: [url], topic: 'in/a' });
    await outgoing.send(messageOf('order-1'));
    const got = await incoming.next();
    expect([got.message.id, textOf(got)]).toEqual(['order-1', 'payload of order-1']);
  });
});

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
    await outgoing.destination.health();
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
  expect(await cut).toMatchObject({ code: 'SEND_FAILED', reason: 'CONNECTION_LOST' });
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
    code: 'SEND_FAILED',
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
  [0x97, 'SEND_FAILED', true],
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

test('57: a topic that comes out wrong fails its own message, finally, and is never sent', async () => {
  const peer = await scriptedBroker();
  const outgoing = await publish({
    brokers: [peer.url],
    topic: 'out/{{headers.to}}',
  });
  for (const to of ['+', '#', 'a+b', 'a\0b', '', 'a/b', 'x'.repeat(65_536)]) {
    const failure = await sendFailure(outgoing.send(messageOf('a', { headers: { to } })));
    expect(failure).toMatchObject({
      code: 'SEND_FAILED',
      reason: 'INVALID_DESTINATION',
      recoverable: false,
    });
    expect(failure.rawMessage.length).toBeLessThan(300);
  }
  expect(await sendFailure(outgoing.send(messageOf('a')))).toMatchObject({
    rawMessage: expect.stringContaining('there is no headers.to'),
  });
  expect(await outgoing.send(messageOf('a', { headers: { to: 'x' } }))).toEqual([{}]);
  expect(peer.connections).toHaveLength(1);
  expect(peer.connections[0]?.of('publish')).toHaveLength(1);
});

test('a header that MQTT cannot carry fails its message, and not the connection', async () => {
  const peer = await scriptedBroker();
  const outgoing = await publish({ brokers: [peer.url] });
  for (const value of ['x'.repeat(65_536), 'a\0b']) {
    const failure = await sendFailure(outgoing.send(messageOf('a', { headers: { value } })));
    expect(failure).toMatchObject({ code: 'INVALID_MESSAGE', recoverable: false });
  }
  expect(await outgoing.send(messageOf('a'))).toEqual([{}]);
  expect(peer.connections).toHaveLength(1);
});

test('a send that its caller aborts is not published, if it was waiting', async () => {
  const peer = await scriptedBroker({ publish: () => false });
  const outgoing = await publish({ brokers: [peer.url], maxInFlight: 1 });
  const first = sendFailure(outgoing.send(messageOf('a')));
  await until(() => peer.connections[0]?.of('publish').length === 1);
  const stop = new AbortController();
  const second = outgoing.destination.send([messageOf('b')], stop.signal);
  stop.abort(new Error('no more'));
  await expect(second).rejects.toThrow('no more');
  peer.connections[0]?.send({ cmd: 'puback', messageId: 1, reasonCode: 0x80 });
  expect(await first).toMatchObject({ code: 'SEND_FAILED' });
  const third = outgoing.send(messageOf('c'));
  await until(() => peer.connections[0]?.of('publish').length === 2);
  const [, last] = peer.connections[0]?.of('publish') ?? [];
  expect(last).toMatchObject({ payload: Buffer.from('payload of c') });
  peer.connections[0]?.send({ cmd: 'puback', messageId: last?.messageId ?? 0, reasonCode: 0 });
  expect(await third).toEqual([{}]);
});

describe('topic templates', () => {
  const message = messageOf('m1', {
    headers: { a: 'x', 'with.dot': 'y', path: 'p/q' },
    metadata: { ...messageOf('m1').metadata, customerId: 'c1' },
  });

  test.each([
    ['plain', 'plain'],
    ['{{id}}', 'm1'],
    ['a/{{ headers.a }}/{{headers.with.dot}}', 'a/x/y'],
    ['{{metadata.customerId}}/{{headers.path|path}}', 'c1/p/q'],
  ])('%s gives %s', (template, topic) => {
    expect(compileTopic('settings.topic', template)(message)).toBe(topic);
  });

  test.each(['a/{{headers.a', '{{payload}}', '{{metadata.secret}}', 'a/+', 'a/#/{{id}}', '{{}}'])(
    '%s is refused',
    (template) => {
      expect(() => compileTopic('settings.topic', template)).toThrow(
        expect.objectContaining({ code: 'INVALID_CONFIG', field: 'settings.topic' }),
      );
    },
  );
});

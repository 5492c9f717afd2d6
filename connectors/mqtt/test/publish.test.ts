import { describe, expect, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { slowly } from '../../../tools/testing/slowness.ts';
import { broker, linkTo, listen } from './support/broker.ts';
import { messageOf, publishConfig } from './support/config.ts';
import {
  healthOf,
  isHealthy,
  publish,
  sendFailure,
  subscribe,
  textOf,
  until,
} from './support/connector.ts';
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
    await until(async () => (await healthOf(outgoing.destination)).status !== 'ok');
    const since = performance.now();
    expect(await sendFailure(outgoing.send(messageOf('lost')))).toMatchObject({
      code: 'CONNECTION_FAILED',
      reason: 'CONNECTION_LOST',
      recoverable: true,
    });
    expect(performance.now() - since).toBeLessThan(slowly(1500));
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
    await until(async () => (await healthOf(outgoing.destination)).status !== 'ok');
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
    await until(async () => (await healthOf(outgoing.destination)).details['reconnects'] === '1');
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

import { describe, expect, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import type { InboundPublish } from '../src/link/packets.ts';
import { toMessage } from '../src/subscribe/message.ts';
import { compilePattern } from '../src/subscribe/topic-pattern.ts';
import { broker, client, linkTo, listen } from './support/broker.ts';
import { messageOf } from './support/config.ts';
import { publish, subscribe, textOf, until } from './support/connector.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';

describe.runIf(needs('mosquitto'))('with mosquitto', () => {
  test('49: properties come as headers and metadata, byte for byte', async () => {
    const { url } = await broker();
    const incoming = await subscribe({ brokers: [url], topicPattern: 'in/{deviceId}/+' });
    const sender = await client(url);
    await sender.publishAsync('in/7/täst', Buffer.from([0, 255]), {
      qos: 1,
      properties: {
        contentType: 'application/x-Grüße',
        responseTopic: 'answers/1',
        correlationData: Buffer.from([0xff, 0xfe]),
        messageExpiryInterval: 60,
        userProperties: {
          'message-id': 'order-1',
          double: ['a', 'b'],
          ['__proto__']: 'harmless',
          umlaut: 'Grüße €',
          'mqtt.topic': 'forged',
          traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
        },
      },
    });
    const { message } = await incoming.next();
    expect(message).toMatchObject({
      id: 'order-1',
      payload: Buffer.from([0, 255]),
      contentType: 'application/x-Grüße',
      metadata: { correlationId: '//4=', traceId },
    });
    expect({ ...message.headers }).toEqual({
      'message-id': 'order-1',
      double: 'a\nb',
      ['__proto__']: 'harmless',
      umlaut: 'Grüße €',
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      'mqtt.topic': 'in/7/täst',
      'mqtt.qos': '1',
      'mqtt.retain': 'false',
      'mqtt.dup': 'false',
      'mqtt.packet_id': '1',
      'mqtt.response_topic': 'answers/1',
      'mqtt.expiry_s': '60',
      'mqtt.correlation_encoding': 'base64',
      'mqtt.param.deviceId': '7',
    });
  });

  test('49: a message goes out with its id, correlation, trace, headers, content type and expiry', async () => {
    const { url } = await broker();
    const got = await listen(url, 'out/#');
    const outgoing = await publish({
      brokers: [url],
      topic: 'out/{{headers.device}}/{{metadata.tenantId}}/{{headers.mqtt.topic|path}}',
      responseTopic: 'answers/{{id}}',
      messageExpirySeconds: 60,
      userProperties: { site: 'north' },
    });
    await outgoing.send(
      messageOf('m1', {
        contentType: 'application/json',
        headers: { device: 'd7', 'mqtt.topic': 'a/b', note: 'Grüße' },
        metadata: {
          ...messageOf('m1').metadata,
          tenantId: 't1',
          correlationId: 'c1',
          traceId,
        },
      }),
    );
    await until(() => got.length === 1);
    expect(got[0]).toMatchObject({
      topic: 'out/d7/t1/a/b',
      properties: {
        contentType: 'application/json',
        responseTopic: 'answers/m1',
        correlationData: Buffer.from('c1'),
        messageExpiryInterval: 60,
      },
    });
    expect({ ...got[0]?.properties?.userProperties }).toEqual({
      device: 'd7',
      note: 'Grüße',
      'message-id': 'm1',
      site: 'north',
      traceparent: expect.stringMatching(`^00-${traceId}-[0-9a-f]{16}-01$`),
    });
  });

  test('49: a request and its reply find each other', async () => {
    const { url } = await broker();
    const requests = await subscribe({ brokers: [url], clientId: 'service' });
    const replies = await publish({
      brokers: [url],
      clientId: 'answers',
      topic: '{{headers.mqtt.response_topic|path}}',
    });
    const asking = await client(url);
    const answers = await listen(url, 'answers/#');
    await asking.publishAsync('in/a', 'ask', {
      qos: 1,
      properties: { responseTopic: 'answers/me', correlationData: Buffer.from('7') },
    });
    const { message } = await requests.next();
    await replies.send(messageOf('m', { ...message, id: 'm' } as never));
    await until(() => answers.length === 1);
    expect(answers[0]?.properties?.correlationData).toEqual(Buffer.from('7'));
  });

  test('48: retained messages are delivered, marked, or skipped', async () => {
    const { url } = await broker();
    const sender = await client(url);
    await sender.publishAsync('in/kept', 'kept', { qos: 1, retain: true });
    for (const protocolVersion of [4, 5]) {
      const settings = { brokers: [url], protocolVersion };
      const all = await subscribe({ ...settings, clientId: `all ${protocolVersion}` });
      const first = await all.next();
      expect(textOf(first)).toBe('kept');
      expect(first.message.headers).toMatchObject({ 'mqtt.retain': 'true' });
      const clientId = `some ${protocolVersion}`;
      const some = await subscribe({ ...settings, clientId, retained: 'skip' });
      await sender.publishAsync('in/live', 'live', { qos: 1 });
      expect(textOf(await some.next())).toBe('live');
    }
  });

  test('48: a session that comes back is not flooded with retained messages again', async () => {
    const { url } = await broker();
    const sender = await client(url);
    await sender.publishAsync('in/kept', 'kept', { qos: 1, retain: true });
    const first = await subscribe({ brokers: [url] });
    first.ackAll();
    await until(() => first.acked.length === 1);
    await first.stop(1000);
    const second = await subscribe({ brokers: [url] });
    await sender.publishAsync('in/live', 'live', { qos: 1 });
    expect(textOf(await second.next())).toBe('live');
  });

  test('48: noLocal, retain as published and subscription ids are asked for as they are set', async () => {
    const { port, url } = await broker();
    const link = await linkTo(port);
    const subscriptions = [
      { filter: 'in/a', noLocal: true, retainAsPublished: false, retainHandling: 2, qos: 2 },
      { filter: 'in/+', subscriptionId: 7 },
    ];
    const incoming = await subscribe({ brokers: [link.url], subscriptions });
    const asked = link.of('client', 'subscribe') as { subscriptions?: object[] }[];
    expect(asked.flatMap((packet) => packet.subscriptions)).toMatchObject([
      { topic: 'in/a', qos: 2, nl: true, rap: false, rh: 2 },
      { topic: 'in/+', qos: 1, nl: false, rap: true, rh: 0 },
    ]);
    const sender = await client(url);
    await sender.publishAsync('in/b', 'x', { qos: 1, retain: true });
    const { message } = await incoming.next();
    expect(message.headers).toMatchObject({
      'mqtt.subscription_ids': '7',
      'mqtt.retain': 'true',
    });
  });

  test('48: overlapping filters deliver what the broker sends, and all of it is acknowledged', async () => {
    const { port, url } = await broker();
    const link = await linkTo(port);
    const subscriptions = [{ filter: 'in/#' }, { filter: 'in/a' }];
    const incoming = await subscribe({ brokers: [link.url], subscriptions });
    incoming.ackAll();
    const sender = await client(url);
    await sender.publishAsync('in/a', 'x', { qos: 1 });
    await sender.publishAsync('in/b', 'end', { qos: 1 });
    await until(() => incoming.acked.some((message) => textOf(message) === 'end'));
    await until(() => link.of('client', 'puback').length === link.of('server', 'publish').length);
  });

  test('47: three connectors share a subscription: each message comes once, and none is lost with one of them', async () => {
    const { url } = await broker({
      config: ['max_queued_messages 0', 'max_inflight_messages 100'],
    });
    const members = await Promise.all(
      ['a', 'b', 'c'].map((clientId) =>
        subscribe({ brokers: [url], clientId, sharedGroup: 'group' }),
      ),
    );
    for (const member of members.slice(1)) member.ackAll();
    const [first] = members;
    first?.ackAll();
    const sender = await client(url);
    const send = async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i += 100) {
        await Promise.all(
          Array.from({ length: 100 }, (_, k) =>
            sender.publishAsync('in/a', `${i + k}`, { qos: 1 }),
          ),
        );
      }
    };
    const all = (): string[] => members.flatMap(({ acked }) => acked.map(textOf));
    await send(0, 3000);
    await until(() => all().length >= 3000);
    expect(new Set(all()).size).toBe(3000);
    expect(all()).toHaveLength(3000);
    for (const { acked } of members) expect(acked.length).toBeGreaterThan(0);

    // One goes away in the middle, with messages in its hands, and comes back.
    const sending = send(3000, 9000);
    await until(() => all().length > 4000);
    await first?.stop();
    await sending;
    const back = await subscribe({ brokers: [url], clientId: 'a', sharedGroup: 'group' });
    back.ackAll();
    members.push(back);
    await until(() => new Set(all()).size === 9000);
  });
});

describe('without a content type of its own a message has', () => {
  const packet = { topic: 'a', qos: 0, retain: false, dup: false, payload: Buffer.from('x') };
  const contentTypeOf = (properties: object): string | undefined =>
    toMessage({ ...packet, properties } as InboundPublish, 'a/default', undefined).contentType;

  test('the one for text, if its payload is said to be text', () => {
    expect(contentTypeOf({ payloadFormatIndicator: true })).toBe('text/plain; charset=utf-8');
  });

  test('the default', () => {
    expect(contentTypeOf({})).toBe('a/default');
  });
});

test.each([
  ['devices/{deviceId}/{kind}', 'devices/7/temp', { deviceId: '7', kind: 'temp' }],
  ['devices/{deviceId}/{kind}', 'devices/7', undefined],
  ['devices/{deviceId}/{kind}', 'devices/7/temp/x', undefined],
  ['devices/{deviceId}', 'plants/7', undefined],
  ['+/{b}/#', 'x/y/z/w', { b: 'y' }],
  ['{a}/#', 'x', { a: 'x' }],
  ['{a}', '', { a: '' }],
])('pattern %s and topic %s give %j', (pattern, topic, expected) => {
  expect(compilePattern(pattern)(topic)).toEqual(expected);
});

test.each(['a/{b', 'a/#/b', '{1}', 'a{b}', 'a+'])('pattern %s is refused', (pattern) => {
  expect(() => compilePattern(pattern)).toThrow(
    expect.objectContaining({ code: 'INVALID_CONFIG', field: 'settings.topicPattern' }),
  );
});

import { describe, expect, test } from 'vitest';
import { compileTopic } from '../src/publish/topic-template.ts';
import { messageOf } from './support/config.ts';
import { publish, sendFailure, until } from './support/connector.ts';
import { scriptedBroker } from './support/peer.ts';

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

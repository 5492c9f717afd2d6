import { describe, expect, test } from 'vitest';
import { Duplicates } from '../src/webhook/duplicates.ts';
import {
  type Answer,
  deliver,
  inFlight,
  post,
  startWebhook,
  until,
  type Webhook,
} from './support/webhook.ts';

function send(webhook: Webhook, id: string, path = '/', body = id): Promise<Answer> {
  return post(webhook.port, path, body, { headers: { 'webhook-id': id } });
}

function joined({ source }: Webhook): number {
  return Number(source.health().details['duplicates']);
}

async function expectNothing({ source }: Webhook): Promise<void> {
  await expect(source.next(AbortSignal.abort(new Error('none')))).rejects.toThrow('none');
}

const reply = (status: number, text: string) => ({
  status,
  headers: { 'x-reply': text },
  payload: Buffer.from(text),
});

describe('an event that is sent again', () => {
  test('while it waits joins its answer, and gives no second message', async () => {
    const webhook = await startWebhook();
    const first = send(webhook, 'e-1');
    const handed = await webhook.next();
    expect(handed.message.id).toBe('e-1');
    const again = [send(webhook, 'e-1'), send(webhook, 'e-1')];
    await until(() => joined(webhook) === 2);
    expect(inFlight(webhook)).toBe(3);
    expect(webhook.source.health().details['inFlightBytes']).toBe('3');
    webhook.source.ack(handed, reply(201, 'done'));
    for (const answer of await Promise.all([first, ...again])) {
      expect(answer).toMatchObject({ status: 201, body: 'done', headers: { 'x-reply': 'done' } });
    }
    expect(inFlight(webhook)).toBe(0);
    await expectNothing(webhook);
  });

  test('after its ack is answered 200, and gives no message', async () => {
    const webhook = await startWebhook();
    await deliver(webhook, send(webhook, 'e-1'));
    expect(await send(webhook, 'e-1')).toMatchObject({ status: 200, body: '' });
    expect(inFlight(webhook)).toBe(0);
    await expectNothing(webhook);
  });

  test('after a dead letter has been taken, too', async () => {
    const webhook = await startWebhook();
    const call = send(webhook, 'e-1');
    webhook.source.nack(await webhook.next(), 'reject');
    expect((await call).status).toBe(202);
    expect((await send(webhook, 'e-1')).status).toBe(200);
  });

  test('after a 503 gives the message again, under the same id', async () => {
    const webhook = await startWebhook();
    const refused = send(webhook, 'e-1');
    webhook.source.nack(await webhook.next(), 'release');
    expect((await refused).status).toBe(503);
    const { message, answer } = await deliver(webhook, send(webhook, 'e-1'));
    expect([message.id, answer.status]).toEqual(['e-1', 202]);
  });

  test('after the time for its ack: the late ack is harmless, the retry has the same id', async () => {
    const webhook = await startWebhook({ ackTimeoutMs: 50 });
    const first = send(webhook, 'e-1');
    const late = await webhook.next();
    expect((await first).status).toBe(503);
    const retry = send(webhook, 'e-1');
    const handed = await webhook.next();
    webhook.source.ack(late, undefined);
    expect(inFlight(webhook)).toBe(1);
    expect(handed.message.id).toBe(late.message.id);
    webhook.source.ack(handed, undefined);
    expect((await retry).status).toBe(202);
  });

  test('and whose first sender has left gets the answer', async () => {
    const webhook = await startWebhook();
    const leaving = new AbortController();
    const first = post(webhook.port, '/', 'x', {
      headers: { 'webhook-id': 'e-1' },
      signal: leaving.signal,
    });
    const handed = await webhook.next();
    leaving.abort();
    await expect(first).rejects.toThrow('aborted');
    const again = send(webhook, 'e-1');
    await until(() => joined(webhook) === 1);
    webhook.source.ack(handed, undefined);
    expect((await again).status).toBe(202);
    expect(inFlight(webhook)).toBe(0);
  });

  test('is another one on another route', async () => {
    const routes = [{ path: '/a' }, { path: '/b' }];
    const webhook = await startWebhook({ routes });
    await deliver(webhook, send(webhook, 'e-1', '/a'));
    const { answer } = await deliver(webhook, send(webhook, 'e-1', '/b'));
    expect(answer.status).toBe(202);
    expect((await send(webhook, 'e-1', '/a')).status).toBe(200);
  });

  test('is not known again when the window is closed', async () => {
    const webhook = await startWebhook({ replay: { windowSeconds: 0 } });
    for (let i = 0; i < 2; i++) {
      expect((await deliver(webhook, send(webhook, 'e-1'))).answer.status).toBe(202);
    }
  });

  test('at Disconnect: both senders are sent away', async () => {
    const webhook = await startWebhook();
    const calls = [send(webhook, 'e-1'), send(webhook, 'e-1')];
    await until(() => joined(webhook) === 1);
    await webhook.stop();
    for (const { status, headers } of await Promise.all(calls)) {
      expect([status, headers.connection]).toEqual([503, 'close']);
    }
  });
});

describe('the id of an event', () => {
  const idOf = async (
    settings: object,
    body: string,
    headers = {},
  ): Promise<string | undefined> => {
    const webhook = await startWebhook(settings);
    return (await deliver(webhook, post(webhook.port, '/', body, { headers }))).message.id;
  };

  test('is in the header or at the place in the body that the settings name', async () => {
    const header = { eventId: { header: 'X-Event' } };
    expect(await idOf(header, '', { 'x-event': 'e-1', 'webhook-id': 'e-2' })).toBe('e-1');
    const pointer = { eventId: { jsonPointer: '/data/a~1b/0/id' } };
    expect(await idOf(pointer, '{"data":{"a/b":[{"id":"e-3"}]}}')).toBe('e-3');
    expect(await idOf(pointer, '{"data":{"a/b":[{"id":7}]}}')).toBe('7');
  });

  test.each([
    ['{"data":'],
    ['[]'],
    ['{"data":null}'],
    ['{"data":{"id":{}}}'],
    ['{"data":{"id":""}}'],
    [`{"data":{"id":"${'x'.repeat(257)}"}}`],
    ['{"data":{"id":"a b"}}'],
    ['{"__proto__":{"data":{"id":"e-1"}}}'],
  ])('is missing in %s, and the message is taken without', async (body) => {
    expect(await idOf({ eventId: { jsonPointer: '/data/id' } }, body)).toBeUndefined();
  });

  test('of nobody is made up', async () => {
    expect(await idOf({ eventId: { jsonPointer: '/constructor/name' } }, '{}')).toBeUndefined();
    expect(await idOf({}, '')).toBeUndefined();
    expect(await idOf({}, '', { 'webhook-id': ['a', 'b'] })).toBeUndefined();
  });
});

test('no more acked events are known than allowed, the latest ones', () => {
  const duplicates = new Duplicates({ windowSeconds: 60, maxEvents: 3 });
  for (const key of ['a', 'b', 'c', 'a', 'd']) duplicates.end(key, true);
  expect(['a', 'b', 'c', 'd'].map((key) => duplicates.find(key))).toEqual([
    'acked',
    'nothing',
    'acked',
    'acked',
  ]);
});

test('an acked event is known for its window', async () => {
  const duplicates = new Duplicates({ windowSeconds: 0.05, maxEvents: 3 });
  duplicates.end('a', true);
  expect(duplicates.find('a')).toBe('acked');
  await until(() => duplicates.find('a') === 'nothing');
});

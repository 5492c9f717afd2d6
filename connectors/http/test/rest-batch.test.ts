import type { Message, MessageMetadata } from '@vrsky/runtime';
import { describe, expect, test } from 'vitest';
import { connector } from '../src/connector.ts';
import { RestDestination } from '../src/destination.ts';
import { restConfig } from './support/config.ts';
import { messageOf, serveRecorder, startRest } from './support/rest.ts';

function jsonMessage(id: string, json: string, metadata: Partial<MessageMetadata> = {}): Message {
  return messageOf(id, {
    payload: Buffer.from(json),
    contentType: 'application/json',
    metadata: { ...messageOf('').metadata, ...metadata },
  });
}

const array = { mode: 'json-array' };
const lines = { mode: 'ndjson' };
const numbers = (count: number) =>
  Array.from({ length: count }, (_, i) => jsonMessage(`m-${i}`, String(i)));

test('a destination takes as many messages together as its settings say', () => {
  const create = (settings: object) =>
    new RestDestination(restConfig({ url: 'http://a.example', ...settings }), {
      hideSecret: () => {},
    });
  expect(create({}).maxBatch).toBe(1);
  expect(create({ batch: { ...array, maxCount: 7 } }).maxBatch).toBe(7);
  expect(connector.metadata.capabilities).toContain('batching');
});

describe('messages that the host has ready together', () => {
  test('are one JSON array, byte for byte, and each gets the receipt', async () => {
    const { url, seen } = await serveRecorder();
    const { send } = await startRest({ url, batch: array });
    const receipts = await send(
      jsonMessage('a', '{"price": 1.10}'),
      jsonMessage('b', ' [12345678901234567890,\n"\\u00e4"] '),
      jsonMessage('c', '"ä"'),
    );
    const body = Buffer.from('[{"price": 1.10}, [12345678901234567890,\n"\\u00e4"] ,"ä"]');
    expect(seen).toMatchObject([
      {
        body: body.toString('latin1'),
        headers: {
          'content-type': 'application/json',
          'content-length': String(body.length),
          'idempotency-key': expect.stringMatching(/^batch-[0-9a-f]{64}$/),
        },
      },
    ]);
    expect(seen[0]?.headers).not.toHaveProperty('x-message-id');
    expect(receipts).toMatchObject([
      { messageId: 'a', headers: { 'x-remote-id': 'r-1' } },
      { messageId: 'b', payload: Buffer.from('thanks') },
      { messageId: 'c' },
    ]);
  });

  test('are lines of NDJSON, each on one line whatever its form', async () => {
    const { url, seen } = await serveRecorder();
    const { send } = await startRest({ url, batch: lines });
    await send(jsonMessage('a', '{\r\n  "text": "a\\nb"\n}'), jsonMessage('b', '2'));
    expect(seen[0]).toMatchObject({
      body: '{    "text": "a\\nb" }\n2\n',
      headers: { 'content-type': 'application/x-ndjson' },
    });
    const [first = '', second = ''] = String(seen[0]?.body).split('\n');
    expect([JSON.parse(first), JSON.parse(second)]).toEqual([{ text: 'a\nb' }, 2]);
  });

  test('are several requests above maxCount and maxBytes, and keep their order', async () => {
    const { url, seen } = await serveRecorder();
    const count = await startRest({ url, maxConnections: 1, batch: { ...array, maxCount: 2 } });
    const receipts = await count.send(...numbers(5));
    expect(seen.map(({ body }) => body)).toEqual(['[0,1]', '[2,3]', '[4]']);
    expect(receipts.map((one) => (one as { messageId: string }).messageId)).toEqual(
      numbers(5).map(({ id }) => id),
    );
    const bytes = await startRest({ url, maxConnections: 1, batch: { ...array, maxBytes: 3 } });
    await bytes.send(jsonMessage('a', '12'), jsonMessage('b', '34567'), jsonMessage('c', '8'));
    expect(seen.slice(3).map(({ body }) => body)).toEqual(['[12]', '[34567]', '[8]']);
  });

  test('never mix customers', async () => {
    const { url, seen } = await serveRecorder();
    const { send } = await startRest({ url, batch: array });
    const outcomes = await send(
      jsonMessage('1', '"a1"', { customerId: 'a' }),
      jsonMessage('2', '"b1"', { customerId: 'b' }),
      jsonMessage('3', '"a2"', { customerId: 'a' }),
    );
    expect(seen.map(({ body }) => body).sort()).toEqual(['["a1","a2"]', '["b1"]']);
    expect(outcomes).toMatchObject([{ messageId: '1' }, { messageId: '2' }, { messageId: '3' }]);
  });

  test('never mix places or headers that the messages choose', async () => {
    const { url, seen } = await serveRecorder();
    const { send } = await startRest({
      url: `${url}/{{metadata.source}}`,
      headers: { 'X-To': '{{metadata.destination}}' },
      batch: array,
    });
    const to = (id: string, source: string, destination: string) =>
      jsonMessage(id, `"${id}"`, { source, destination });
    await send(to('1', 'a', 'x'), to('2', 'b', 'x'), to('3', 'a', 'y'), to('4', 'a', 'x'));
    expect(
      seen.map(({ url: path, headers, body }) => `${path} ${headers['x-to']} ${body}`).sort(),
    ).toEqual(['/a x ["1","4"]', '/a y ["3"]', '/b x ["2"]']);
  });

  test('fail together when their request does, and nobody else with them', async () => {
    const { url } = await serveRecorder((response, { body }) =>
      response.writeHead(body.includes('bad') ? 503 : 200, { 'retry-after': '3' }).end(),
    );
    const { send } = await startRest({ url, batch: { ...array, maxCount: 2 } });
    const failure = { code: 'SERVER_ERROR', recoverable: true, retryAfterMs: 3000 };
    expect(
      await send(...['1', '"bad"', '3', '4'].map((json, i) => jsonMessage(`m-${i}`, json))),
    ).toMatchObject([failure, failure, { messageId: 'm-2' }, { messageId: 'm-3' }]);
  });

  test.each([
    ['{"a":', 'broken JSON'],
    ['1,2', 'two values'],
    ['1]', 'what would end the array'],
    ['', 'nothing'],
    ['\uFEFF1', 'a byte order mark'],
  ])('%j (%s) fails by itself: it would spoil its neighbours', async (json) => {
    const { url, seen } = await serveRecorder();
    for (const batch of [array, lines]) {
      const { send } = await startRest({ url, batch });
      const outcomes = await send(
        jsonMessage('1', '1'),
        jsonMessage('2', json),
        jsonMessage('3', '3'),
      );
      expect(outcomes).toMatchObject([
        { messageId: '1' },
        { code: 'INVALID_MESSAGE', recoverable: false, field: 'payload' },
        { messageId: '3' },
      ]);
    }
    expect(seen.map(({ body }) => body)).toEqual(['[1,3]', '1\n3\n']);
  });

  test('not in UTF-8 are no JSON', async () => {
    const { url } = await serveRecorder();
    const { send } = await startRest({ url, batch: array });
    const [outcome] = await send(messageOf('1', { payload: Buffer.from('"\xff"', 'latin1') }));
    expect(outcome).toMatchObject({ code: 'INVALID_MESSAGE' });
  });

  test('have the same idempotency key when they are sent again, and others another', async () => {
    const { url, seen } = await serveRecorder();
    const { send } = await startRest({ url, batch: array });
    await send(jsonMessage('1', '1'), jsonMessage('23', '2'));
    await send(jsonMessage('1', '1'), jsonMessage('23', '2'));
    await send(jsonMessage('12', '1'), jsonMessage('3', '2'));
    const [first, again, other] = seen.map(({ headers }) => headers['idempotency-key']);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });
});

describe('messages that may wait for each other', () => {
  const lingering = { ...array, lingerMs: 60_000 };

  test('are one request when there are enough, whichever sends they came by', async () => {
    const { url, seen } = await serveRecorder();
    const { send } = await startRest({ url, batch: { ...lingering, maxCount: 3 } });
    const receipts = await Promise.all(numbers(6).map((message) => send(message)));
    expect(receipts.flat()).toMatchObject(numbers(6).map(({ id }) => ({ messageId: id })));
    expect(seen.map(({ body }) => body)).toEqual(['[0,1,2]', '[3,4,5]']);
  });

  test('are one request when there are enough bytes', async () => {
    const { url, seen } = await serveRecorder();
    const { send } = await startRest({ url, batch: { ...lingering, maxBytes: 4 } });
    await Promise.all(['12', '3', '4'].map((text) => send(jsonMessage(text, text))));
    expect(seen.map(({ body }) => body)).toEqual(['[12,3,4]']);
  });

  test('are one request when the time is over', async () => {
    const { url, seen } = await serveRecorder();
    const { send } = await startRest({ url, batch: { ...lingering, lingerMs: 20 } });
    await Promise.all(numbers(2).map((message) => send(message)));
    await send(jsonMessage('later', '"later"'));
    expect(seen.map(({ body }) => body)).toEqual(['[0,1]', '["later"]']);
  });

  test('fail together, but for what is wrong with one alone', async () => {
    const { url } = await serveRecorder((response) => response.writeHead(503).end());
    const { send } = await startRest({ url, batch: { ...lingering, maxCount: 3 } });
    const texts = ['1', '{', '3'];
    const outcomes = await Promise.all(texts.map((text) => send(jsonMessage(text, text))));
    expect(outcomes.flat()).toMatchObject([
      { code: 'SERVER_ERROR', recoverable: true },
      { code: 'INVALID_MESSAGE', recoverable: false },
      { code: 'SERVER_ERROR', recoverable: true },
    ]);
  });

  test('are not disturbed by one whose sender leaves, which is not sent', async () => {
    const { url, seen } = await serveRecorder();
    const { send, destination } = await startRest({ url, batch: { ...lingering, maxCount: 3 } });
    const left = new AbortController();
    const leaving = destination.send([jsonMessage('left', '"left"')], left.signal);
    const first = send(jsonMessage('1', '1'));
    left.abort(new Error('the host left'));
    await expect(leaving).rejects.toThrow('the host left');
    await Promise.all([first, send(jsonMessage('2', '2')), send(jsonMessage('3', '3'))]);
    expect(seen.map(({ body }) => body)).toEqual(['[1,2,3]']);
  });

  test('share a request that ends with the last sender, and not before', async () => {
    const closed = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const { url } = await serveRecorder((response) => {
      arrived.resolve();
      response.once('close', closed.resolve);
    });
    const { destination } = await startRest({ url, batch: { ...lingering, maxCount: 2 } });
    const [one, two] = [new AbortController(), new AbortController()];
    const sends = [one, two].map(({ signal }, i) =>
      destination.send([jsonMessage(String(i), '1')], signal),
    );
    const settled = Promise.allSettled(sends);
    await arrived.promise;
    one.abort(new Error('one left'));
    await expect(sends[0]).rejects.toThrow('one left');
    two.abort(new Error('two left'));
    await closed.promise;
    expect(await settled).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  });

  test('leave no timer when their senders leave', async () => {
    const { url, seen } = await serveRecorder();
    const { destination } = await startRest({ url, batch: lingering });
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const left = new AbortController();
    const leaving = destination.send(numbers(2), left.signal);
    expect(timers()).toBe(before + 1);
    left.abort(new Error('the host left'));
    await expect(leaving).rejects.toThrow('the host left');
    expect(timers()).toBe(before);
    expect(seen).toEqual([]);
  });
});

describe('the message id of a receipt', () => {
  const answer = { order: { id: 7, 'a/b~c': 'text' }, deep: [{ id: 'x' }] };

  test.each([
    [{ messageIdHeader: 'X-Remote-Id' }, 'r-1'],
    [{ messageIdHeader: 'x-missing' }, 'm-1'],
    [{ messageIdPointer: '/order/id' }, '7'],
    [{ messageIdPointer: '/order/a~1b~0c' }, 'text'],
    [{ messageIdPointer: '/deep/0/id' }, 'x'],
    [{ messageIdPointer: '/order' }, 'm-1'],
    [{ messageIdPointer: '/order/constructor' }, 'm-1'],
    [{ messageIdPointer: '/nothing/there' }, 'm-1'],
    [{ messageIdHeader: 'x-missing', messageIdPointer: '/order/id' }, '7'],
    [{ messageIdPointer: '/order/id', maxBytes: 10 }, 'm-1'],
  ])('by %j is %s', async (response, expected) => {
    const { url } = await serveRecorder((reply) =>
      reply.setHeader('X-Remote-Id', 'r-1').end(JSON.stringify(answer)),
    );
    const { send } = await startRest({ url, response });
    expect((await send(messageOf('m-1')))[0]).toMatchObject({ messageId: expected });
  });

  test('in an answer that is no JSON is that of the message', async () => {
    const { url } = await serveRecorder();
    const { send } = await startRest({ url, response: { messageIdPointer: '/id' } });
    expect((await send(messageOf('m-1')))[0]).toMatchObject({ messageId: 'm-1' });
  });

  test('of a batch is found in the entry of each message', async () => {
    const { url } = await serveRecorder((reply, { body }) =>
      reply.end(JSON.stringify((JSON.parse(body) as number[]).map((id) => ({ id: `r-${id}` })))),
    );
    const settings = { url, batch: array, response: { messageIdPointer: '/id' } };
    const { send } = await startRest(settings);
    expect(await send(...numbers(3))).toMatchObject([
      { messageId: 'r-0' },
      { messageId: 'r-1' },
      { messageId: 'r-2' },
    ]);
  });
});

import { once } from 'node:events';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { beforeEach, describe, expect, test } from 'vitest';
import { SendItemSchema } from '../src/gen/vrsky/connector/v1/connection_node_pb.ts';
import { type RawSession, spawnMemory } from './fixtures/raw-host.ts';
import { frame } from './fixtures/raw-stream.ts';

const MIB = 1024 * 1024;
let plugin: Awaited<ReturnType<typeof spawnMemory>>;
let host: RawSession;

beforeEach(async () => {
  plugin = await spawnMemory();
  host = plugin.session();
});

async function connect(type: string, settings = {}): Promise<void> {
  await host.connect({ config: { id: '1', name: 'memory', type, settings } });
}

function item(seq: number, bytes = 1): MessageInitShape<typeof SendItemSchema> {
  return create(SendItemSchema, {
    seq: BigInt(seq),
    message: { id: `id-${seq}`, payload: new Uint8Array(bytes) },
  });
}

describe.each(['sendStream', 'receiveStream'] as const)('%s', (method) => {
  const lengthOnly = Buffer.from([0, 0x01, 0x10, 0x00, 0x00]); // 17 MiB and not a byte of it

  beforeEach(() => connect(method === 'sendStream' ? 'memory-out' : 'memory-in'));

  test.each([
    ['is no protobuf', frame(Buffer.from([0xff, 0xff, 0xff])), Code.Internal],
    ['is compressed, though nothing was agreed', Buffer.from([1, 0, 0, 0, 1, 0]), Code.Internal],
    ['is above the message limit', lengthOnly, Code.ResourceExhausted],
  ])('ends the call with a frame that %s, and nothing else', async (_, bytes, code) => {
    const stream = host[method]();
    stream.sendBytes(bytes);
    expect(await stream.status()).toMatchObject({ code });
    await expectAnswers();
  });

  test('ends the call that ends within a frame, and nothing else', async () => {
    const stream = host[method]();
    stream.sendBytes(Buffer.from([0, 0, 0, 0, 9, 1]));
    stream.halfClose();
    expect(await stream.status()).toMatchObject({ code: Code.InvalidArgument });
    await expectAnswers();
  });

  async function expectAnswers(): Promise<void> {
    const again = host[method]();
    again.halfClose();
    expect(await again.status()).toMatchObject({ code: 0 });
  }
});

describe('a send stream', () => {
  beforeEach(() => connect('memory-out', { maxBatch: 256 }));

  test.each([
    ['in one frame', [[item(7), item(7)]]],
    ['of an earlier frame', [[item(7)], [item(7)]]],
    ['below an earlier one', [[item(7)], [item(8), item(6)]]],
  ])('ends with INVALID_STATE at a seq %s', async (_, frames) => {
    const stream = host.sendStream();
    stream.send(...frames.map((items) => ({ items })));
    expect(await stream.status()).toMatchObject({
      code: Code.FailedPrecondition,
      text: expect.stringMatching(/^\[INVALID_STATE\] seq \d follows [78] on one SendStream/),
    });
  });

  test.each([
    ['257 messages', Array.from({ length: 257 }, (_, seq) => item(seq)), '257 messages of 257'],
    ['two messages and more than 1 MiB', [item(0, MIB), item(1, 1)], '2 messages of 1048577'],
  ])('ends with PAYLOAD_TOO_LARGE at a frame of %s, and sends none', async (_, items, what) => {
    const stream = host.sendStream();
    stream.send({ items });
    expect(await stream.status()).toMatchObject({
      code: Code.FailedPrecondition,
      text: expect.stringContaining(`[PAYLOAD_TOO_LARGE] a frame of SendStream has ${what}`),
    });
    expect((await host.details())['batches']).toBe('');
  });

  test('takes 256 messages in a frame, and one message of more than 1 MiB', async () => {
    const stream = host.sendStream();
    stream.send({ items: Array.from({ length: 256 }, (_, seq) => item(seq)) });
    stream.send({ items: [item(256, 2 * MIB)] });
    stream.halfClose();
    expect(await stream.status()).toEqual({ code: 0, text: '' });
    expect((await host.details())['batches']).toBe('256, 1');
  });

  test('answers a message without id or content by itself', async () => {
    const stream = host.sendStream();
    stream.send({ items: [{ seq: 1n }, item(2), { seq: 3n, message: { id: '' } }] });
    stream.halfClose();
    await stream.next(); // the announcement
    const results = [];
    for (let answer = await stream.next(); answer; answer = await stream.next()) {
      results.push(...answer.results);
    }
    expect(results.map(({ seq, outcome }) => [seq, outcome.case])).toEqual([
      [1n, 'error'],
      [3n, 'error'],
      [2n, 'receipt'],
    ]);
    expect(results[0]?.outcome.value).toMatchObject({ code: 'INVALID_MESSAGE' });
  });
});

describe('a receive stream', () => {
  beforeEach(() => connect('memory-in', { messages: ['a', 'b'] }));

  test.each([
    ['messages', { messages: 4_294_967_295, bytes: 1000n }],
    ['bytes', { messages: 1, bytes: BigInt(Number.MAX_SAFE_INTEGER) }],
    ['bytes beyond what a double can hold', { messages: 1, bytes: 2n ** 64n - 1n }],
  ])('ends with INVALID_STATE when the credit of %s overflows', async (_, credit) => {
    const stream = host.receiveStream();
    stream.send({ credit: { messages: 2, bytes: 1000n } });
    expect((await stream.next())?.deliveries[0]?.message?.id).toBe('id-a');
    stream.send({ credit }, { credit: { messages: 1, bytes: 1000n } });
    expect(await stream.status()).toMatchObject({
      code: Code.FailedPrecondition,
      text: expect.stringContaining('[INVALID_STATE] the credit of a ReceiveStream overflows'),
    });
    // What it had comes again.
    expect((await host.receive(true)).id).toBe('id-a');
  });

  test('only reports a delivery id that nobody knows, and goes on', async () => {
    const stream = host.receiveStream();
    const unknown = ['', 'nobody', 'x'.repeat(1000)];
    stream.send({ settlements: unknown.map((deliveryId) => ({ deliveryId })) });
    expect((await stream.next())?.unknownDeliveryIds).toEqual(unknown);
    stream.send({ credit: { messages: 1, bytes: 1000n } });
    expect((await stream.next())?.deliveries).toHaveLength(1);
  });

  test('offers a message again when its settlement says nothing', async () => {
    const stream = host.receiveStream();
    stream.send({ credit: { messages: 2, bytes: 1000n } });
    const deliveries = (await stream.next())?.deliveries ?? [];
    const [deliveryId = '', other = ''] = deliveries.map((delivery) => delivery.deliveryId);
    stream.send({ settlements: [{ deliveryId: other || deliveryId }] });
    const { id } = await host.receive(true);
    expect(['id-a', 'id-b']).toContain(id);
    expect(await host.settled()).toBe('');
  });

  test('of a host that reads no reports and goes away leaves the process in peace', async () => {
    const starved = plugin.session(0);
    const stream = starved.receiveStream();
    const settlements = Array.from({ length: 1000 }, (_, i) => ({ deliveryId: `nobody-${i}` }));
    for (let i = 0; i < 100; i++) stream.send({ settlements });
    await once(stream.http2, 'response');
    await stream.reset();
    expect((await host.receive(true)).id).toBe('id-a');
  });
});

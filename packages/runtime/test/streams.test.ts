import { describe, expect, test } from 'vitest';
import { configOf, launchMemory, messageOf } from './fixtures/launch.ts';

describe('a send stream', () => {
  test('answers each message by itself', async () => {
    const { node } = await launchMemory();
    await node.connect(configOf('memory-out'));
    const stream = await node.sendStream();
    const sends = ['a', 'b', 'c'].map((text) => stream.send(messageOf(text)));
    sends.push(stream.send({ ...messageOf('d'), id: '' }));
    const results = await Promise.allSettled(sends);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    await stream.close();
  });
});

describe('a receive stream', () => {
  test('hands out as far as the credit goes, and ends when all is settled', async () => {
    const { node } = await launchMemory();
    await node.connect(configOf('memory-in', { messages: ['a', 'b', 'c'] }));
    const stream = node.receiveStream();
    stream.grant(2, 1000);
    const ids: string[] = [];
    for await (const { deliveries } of stream.frames) {
      for (const { message, deliveryId } of deliveries) {
        ids.push(message.id);
        stream.settle([{ deliveryId, outcome: 'ack' }]);
        if (ids.length === 2) stream.halfClose();
      }
    }
    expect(ids).toEqual(['id-a', 'id-b']);
    expect((await node.health()).details).toEqual({ settled: 'ack id-a, ack id-b' });
  });
});

import { once } from 'node:events';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import { configOf, launchMemory } from './fixtures/launch.ts';
import { type RawSession, spawnMemory } from './fixtures/raw-host.ts';

let plugin: Awaited<ReturnType<typeof spawnMemory>>;
let host: RawSession;

beforeEach(async () => {
  plugin = await spawnMemory();
  host = plugin.session();
  const settings = { messages: ['a', 'b'] };
  await host.connect({ config: { id: '1', name: 'memory', type: 'memory-in', settings } });
});

describe('without explicit ack', () => {
  test('a message is acked once its call has closed cleanly, and has no delivery id', async () => {
    expect(await host.receive(false)).toEqual({ id: 'id-a', deliveryId: '' });
    await vi.waitUntil(async () => (await host.settled()) === 'ack id-a', {
      timeout: slowly(5000),
    });
  });

  test('a call that is reset before all was flushed gives its message back', async () => {
    const starved = plugin.session(0);
    const stream = starved.openReceive(false);
    await once(stream, 'response'); // headers need no window, the message does
    stream.close(8);
    await once(stream, 'close');
    expect((await host.receive(true)).id).toBe('id-a');
    expect(await host.settled()).toBe('');
  });

  test('a connection that dies before all was flushed gives its message back', async () => {
    const starved = plugin.session(0);
    const stream = starved.openReceive(false);
    stream.on('error', () => {});
    await once(stream, 'response');
    starved.http2.destroy();
    // The plugin may hear of it a moment later than of the next Receive, which then gets "b".
    await vi.waitFor(async () => expect((await host.receive(true)).id).toBe('id-a'), {
      timeout: slowly(5000),
    });
    expect(await host.settled()).toBe('');
  });
});

describe('with explicit ack', () => {
  test('a message is acked by Acknowledge alone', async () => {
    const { deliveryId } = await host.receive(true);
    expect(await host.settled()).toBe('');
    await host.acknowledge(deliveryId);
    expect(await host.settled()).toBe('ack id-a');
  });

  test('the end of a connection gives back what it was handed, to another one', async () => {
    const dying = plugin.session();
    expect((await dying.receive(true)).id).toBe('id-a');
    dying.http2.destroy();
    await vi.waitFor(async () => expect((await host.receive(true)).id).toBe('id-a'), {
      timeout: slowly(5000),
    });
  });

  test('a call that is reset before its answer was out gives its message back', async () => {
    const starved = plugin.session(0);
    const stream = starved.openReceive(true);
    await once(stream, 'response');
    stream.close(8);
    await once(stream, 'close');
    expect((await host.receive(true)).id).toBe('id-a');
  });
});

test('a host that polls with a deadline of 5 ms gets every message, in order', {
  timeout: 90_000,
}, async () => {
  const polled = await launchMemory();
  const messages = Array.from({ length: 100 }, (_, i) => `m${i}`);
  await polled.node.connect(configOf('memory-in', { messages }));
  const got: string[] = [];
  const begun = performance.now();
  while (got.length < messages.length && performance.now() - begun < 60_000) {
    try {
      const { message, deliveryId } = await polled.node.receive({ timeoutMs: 5 });
      got.push(message.headers['x-text'] ?? '');
      await polled.node.acknowledge([{ deliveryId, outcome: 'ack' }]);
    } catch (error) {
      expect(error).toMatchObject({ name: 'TimeoutError' });
    }
  }
  expect(got).toEqual(messages);
});

import { fileURLToPath } from 'node:url';
import type { Delivery, PluginError, Settlement } from '@vrsky/runtime';
import type { ConnectionNode, ReceiveStream } from '@vrsky/runtime/host';
import { describe, expect, test } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import { configOf, launchMemory, runFromSource } from './fixtures/launch.ts';
import { spawnMemory } from './fixtures/raw-host.ts';
import { type Reader, readerOf } from './fixtures/reader.ts';

const MUCH = 100 * 1024 * 1024;

async function connectIn(
  settings: Parameters<typeof configOf>[1] = { messages: ['a', 'b', 'c', 'd'] },
): Promise<ConnectionNode> {
  const { node } = await launchMemory();
  await node.connect(configOf('memory-in', settings));
  return node;
}

function open(
  node: ConnectionNode,
  options: { signal?: AbortSignal } = {},
): { stream: ReceiveStream; reader: Reader } {
  const stream = node.receiveStream(options);
  return { stream, reader: readerOf(stream) };
}

/** Of the next message that a Receive gets: nobody else may have been offered it. */
async function idOfNext(node: ConnectionNode): Promise<string> {
  return (await node.receive({ timeoutMs: slowly(5000) })).message.id;
}

function ack({ deliveryId }: Delivery): Settlement {
  return { deliveryId, outcome: 'ack' };
}

async function settled(node: ConnectionNode): Promise<string> {
  return (await node.health()).details['settled'] ?? '';
}

describe('the credit', () => {
  test('is nothing at first', async () => {
    const node = await connectIn();
    const { stream } = open(node);
    stream.settle([{ deliveryId: 'nobody', outcome: 'ack' }]);
    expect(await idOfNext(node)).toBe('id-a');
  });

  test('of messages adds up, and is used up by handing out', async () => {
    const node = await connectIn();
    const { stream, reader } = open(node);
    stream.grant(1, MUCH);
    const [first] = await reader.deliveries(1);
    if (first) stream.settle([ack(first)]);
    await expect.poll(() => settled(node)).toBe('ack id-a');
    stream.grant(1, 0);
    stream.grant(1, 0);
    expect(await reader.ids(2)).toEqual(['id-b', 'id-c']);
    expect(await idOfNext(node)).toBe('id-d');
  });

  test('of bytes counts payload and headers', async () => {
    const node = await connectIn(); // each 1 byte, with the header x-text of 7
    const { stream, reader } = open(node);
    stream.grant(10, 15);
    expect(await reader.ids(1)).toEqual(['id-a']);
    expect(await idOfNext(node)).toBe('id-b');
    stream.grant(0, 1);
    expect(await reader.ids(1)).toEqual(['id-c']);
  });

  test('lets a larger message go when nothing is outstanding, and no other overtake it', async () => {
    const node = await connectIn({ messages: ['a', 'big', 'c'], bytes: { big: 2_000_000 } });
    const { stream, reader } = open(node);
    stream.grant(3, 20);
    const [first] = await reader.deliveries(1);
    if (first) stream.settle([ack(first)]);
    const [big] = await reader.deliveries(1);
    expect(big?.message.payload).toHaveLength(2_000_000);
    if (big) stream.settle([ack(big)]);
    expect(await reader.ids(1)).toEqual(['id-c']);
  });
});

describe('a delivery', () => {
  test('is settled by its stream, by another one, or by Acknowledge', async () => {
    const node = await connectIn();
    const { stream, reader } = open(node);
    const { stream: other } = open(node);
    stream.grant(4, MUCH);
    const [a, b, c, d] = (await reader.deliveries(4)).map(({ deliveryId }) => deliveryId);
    stream.settle([{ deliveryId: a ?? '', outcome: 'ack' }]);
    await expect.poll(() => settled(node)).toBe('ack id-a');
    other.settle([{ deliveryId: b ?? '', outcome: 'reject' }]);
    await expect.poll(() => settled(node)).toBe('ack id-a, reject id-b');
    await node.acknowledge([{ deliveryId: c ?? '', outcome: 'ack' }]);
    expect(await settled(node)).toBe('ack id-a, reject id-b, ack id-c');
    stream.halfClose();
    await node.acknowledge([{ deliveryId: d ?? '', outcome: 'ack' }]);
    await reader.end();
  });

  test('that is wanted later comes again first, under a new id', async () => {
    const node = await connectIn();
    const { stream, reader } = open(node);
    stream.grant(1, MUCH);
    const [first] = await reader.deliveries(1);
    stream.settle([{ deliveryId: first?.deliveryId ?? '', outcome: 'retry', delayMs: 50 }]);
    stream.grant(1, 0);
    expect(await reader.ids(1)).toEqual(['id-b']);
    await expect.poll(() => idOfNext(node)).toBe('id-a');
  });

  test('whose lease has ended comes again first, and the late ack is reported', async () => {
    const node = await connectIn({ messages: ['a', 'b'], ackTimeoutMs: 100 });
    const { stream, reader } = open(node);
    stream.grant(2, MUCH);
    const [late] = await reader.deliveries(2);
    stream.grant(1, 0);
    const [again] = await reader.deliveries(1);
    expect(late?.ackTimeoutMs).toBe(100);
    expect(again?.message.id).toBe('id-a');
    expect(again?.deliveryId).not.toBe(late?.deliveryId);
    if (late) stream.settle([ack(late)]);
    expect(await reader.unknown()).toEqual([late?.deliveryId]);
    expect(await settled(node)).toBe('');
  });

  test('that the source has withdrawn does not come again', async () => {
    const settings = { messages: ['a', 'b'], ackTimeoutMs: 200, withdrawAfterMs: { a: 50 } };
    const node = await connectIn(settings);
    const { stream, reader } = open(node);
    stream.grant(4, MUCH);
    expect(await reader.ids(4)).toEqual(['id-a', 'id-b', 'id-b', 'id-b']);
  });
});

describe('a stream that breaks', () => {
  test('gives everything back, in order, under new ids', async () => {
    const node = await connectIn();
    const cancel = new AbortController();
    const { stream, reader } = open(node, { signal: cancel.signal });
    stream.grant(3, MUCH);
    const lost = await reader.deliveries(3);
    cancel.abort();
    await expect(reader.end()).rejects.toMatchObject({ name: 'AbortError' });
    const other = open(node);
    other.stream.grant(4, MUCH);
    expect((await other.reader.ids(4)).sort()).toEqual(['id-a', 'id-b', 'id-c', 'id-d']);
    expect(await node.acknowledge(lost.map(ack))).toEqual(lost.map((one) => one.deliveryId));
  });

  test('because its frames were left early does so, too', async () => {
    const node = await connectIn({ messages: ['a'] });
    const stream = node.receiveStream();
    stream.grant(1, MUCH);
    for await (const { deliveries } of stream.frames) {
      expect(deliveries).toHaveLength(1);
      break;
    }
    expect(await idOfNext(node)).toBe('id-a');
  });

  test('with its connection does so, too', async () => {
    const plugin = await spawnMemory();
    const [dying, other] = [plugin.session(), plugin.session()];
    const settings = { messages: ['a'] };
    await other.connect({ config: { id: '1', type: 'memory-in', settings } });
    const stream = dying.receiveStream();
    stream.send({ credit: { messages: 1, bytes: 100n } });
    expect((await stream.next())?.deliveries).toHaveLength(1);
    dying.http2.destroy();
    expect((await other.receive(true)).id).toBe('id-a');
  });

  test('with its process tells so', async () => {
    const { node, pid } = await launchMemory();
    await node.connect(configOf('memory-in'));
    const { stream, reader } = open(node);
    stream.settle([{ deliveryId: 'nobody', outcome: 'ack' }]);
    await reader.unknown();
    process.kill(pid, 'SIGKILL');
    await expect(reader.end()).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
  });
});

describe('after the half-close of the host', () => {
  test('nothing is handed out, and the stream ends when all is settled', async () => {
    const node = await connectIn();
    const { stream, reader } = open(node);
    stream.grant(1, MUCH);
    const outstanding = await reader.deliveries(1);
    stream.grant(3, MUCH);
    await reader.deliveries(1).then((more) => outstanding.push(...more));
    stream.halfClose();
    await reader.deliveries(2).then((more) => outstanding.push(...more));
    expect(() => stream.settle(outstanding.map(ack))).toThrow('[INVALID_STATE]');
    const ended = reader.end();
    expect(await node.acknowledge(outstanding.map(ack))).toEqual([]);
    await ended;
  });

  test('a stream that has nothing outstanding ends at once', async () => {
    const node = await connectIn();
    const { stream, reader } = open(node);
    stream.halfClose();
    await reader.end();
    expect(await idOfNext(node)).toBe('id-a');
  });

  test('the end of a lease counts as well: its message goes to somebody else', async () => {
    const node = await connectIn({ messages: ['a'], ackTimeoutMs: 100 });
    const { stream, reader } = open(node);
    stream.grant(5, MUCH);
    await reader.deliveries(1);
    stream.halfClose();
    await reader.end();
    expect(await idOfNext(node)).toBe('id-a');
  });
});

describe('at Disconnect', () => {
  test('nothing more is handed out, settlements are taken, and the stream ends', async () => {
    const node = await connectIn({ messages: ['a', 'b'], drains: true });
    const { stream, reader } = open(node);
    stream.grant(1, MUCH);
    const [outstanding] = await reader.deliveries(1);
    const disconnected = node.disconnect({ timeoutMs: slowly(5000) });
    const closed = async (): Promise<string> => {
      try {
        const { deliveryId } = await node.receive({ timeoutMs: 50 });
        // Disconnect has not begun: give back what it would wait for.
        await node.acknowledge([{ deliveryId, outcome: 'retry' }]);
        return 'open';
      } catch (error) {
        return (error as PluginError).code;
      }
    };
    await expect.poll(closed).toBe('NOT_CONNECTED');
    stream.grant(1, MUCH);
    if (outstanding) stream.settle([ack(outstanding)]);
    await disconnected;
    await expect(reader.end()).rejects.toMatchObject({ code: 'NOT_CONNECTED', recoverable: true });
  });

  test('its deadline ends the stream, too', async () => {
    const node = await connectIn({ messages: ['a'], drains: true });
    const { stream, reader } = open(node);
    stream.grant(1, MUCH);
    await reader.deliveries(1);
    await node.disconnect({ timeoutMs: 100 }).catch(() => {});
    await expect(reader.end()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });
});

test('streams and Receives that compete each get other messages', async () => {
  const messages = Array.from({ length: 30 }, (_, i) => `m${i}`);
  const node = await connectIn({ messages });
  const [one, two] = [open(node), open(node)];
  one.stream.grant(10, MUCH);
  two.stream.grant(10, MUCH);
  const receives = Array.from({ length: 10 }, () => idOfNext(node));
  const all = await Promise.all([one.reader.ids(10), two.reader.ids(10), ...receives]);
  expect(all.flat().sort()).toEqual(messages.map((text) => `id-${text}`).sort());
});

test('a connector without streams says so', async () => {
  const old = fileURLToPath(new URL('./fixtures/versioned-connector.ts', import.meta.url));
  const { node } = await launchMemory({ args: [...runFromSource, old, '1'] });
  const unsupported = { code: 'UNSUPPORTED', recoverable: false };
  await expect(node.sendStream()).rejects.toMatchObject(unsupported);
  await expect(open(node).reader.end()).rejects.toMatchObject(unsupported);
});

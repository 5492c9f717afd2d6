import { once } from 'node:events';
import { constants, type ServerHttp2Stream } from 'node:http2';
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import { setTrailerStatus } from '@connectrpc/connect/protocol-grpc';
import { type Message, PluginError } from '@vrsky/runtime';
import type { SendStream } from '@vrsky/runtime/host';
import { describe, expect, test } from 'vitest';
import {
  ReceiveStreamResponseSchema,
  SendStreamRequestSchema,
  SendStreamResponseSchema,
} from '../../src/gen/vrsky/connector/v1/connection_node_pb.ts';
import { statusFromError } from '../../src/wire/error.ts';
import { messageOf } from '../fixtures/launch.ts';
import { frame, readFrames } from '../fixtures/raw-stream.ts';
import { readerOf } from '../fixtures/reader.ts';
import { connectTo, HEAD, ROUTES, type Scripted } from './fixtures/scripted-connector.ts';

const MIB = 1024 * 1024;
const MUCH = 1000 * MIB;

function encoded<S extends DescMessage>(schema: S, value: MessageInitShape<S>): Buffer {
  return frame(toBinary(schema, create(schema, value)));
}

const sendResponse = (value: MessageInitShape<typeof SendStreamResponseSchema>): Buffer =>
  encoded(SendStreamResponseSchema, value);

const deliveries = (bytes: number, ...ids: string[]): Buffer =>
  encoded(ReceiveStreamResponseSchema, {
    deliveries: ids.map((id) => ({
      deliveryId: `d-${id}`,
      message: { id, payload: new Uint8Array(bytes) },
    })),
  });

function receipt(seq: bigint): Buffer {
  const outcome = { case: 'receipt' as const, value: { messageId: `${seq}` } };
  return sendResponse({ results: [{ seq, outcome }] });
}

function largeMessage(text: string, bytes: number): Message {
  return { ...messageOf(text), payload: new Uint8Array(bytes) };
}

/** The first stream that a host opens, its head sent. */
async function meet(
  options: Parameters<typeof connectTo>[1] = {},
): Promise<Scripted & { opened: Promise<ServerHttp2Stream> }> {
  const met = Promise.withResolvers<ServerHttp2Stream>();
  const scripted = await connectTo((stream) => {
    stream.respond(HEAD, { waitForTrailers: true });
    met.resolve(stream);
  }, options);
  return { ...scripted, opened: met.promise };
}

function endWith(stream: ServerHttp2Stream, trailers: Record<string, string>): void {
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end();
}

function trailersOf(error: PluginError): Record<string, string> {
  return Object.fromEntries(setTrailerStatus(new Headers(), statusFromError(error)));
}

const BREAKS: [string, (stream: ServerHttp2Stream) => unknown, object][] = [
  [
    'a typed error',
    (stream) => endWith(stream, trailersOf(new PluginError('NOT_CONNECTED', 'no', {}))),
    { code: 'NOT_CONNECTED', recoverable: true },
  ],
  ['a reset', (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR), { code: 'INTERNAL' }],
  ['an end without status', (stream) => endWith(stream, {}), { code: 'INTERNAL' }],
  [
    'half a message',
    (stream) => {
      stream.write(Buffer.of(0, 0, 0, 0, 9, 1));
      endWith(stream, { 'grpc-status': '0' });
    },
    { code: 'INTERNAL' },
  ],
  ['no protobuf', (stream) => stream.write(frame(Buffer.of(0x0a, 0xff))), { code: 'INTERNAL' }],
  [
    'a goodbye with an error',
    (stream) => stream.session?.goaway(constants.NGHTTP2_INTERNAL_ERROR, 0),
    { code: 'CONNECTION_FAILED' },
  ],
  [
    'the end of the connection',
    (stream) => stream.session?.destroy(),
    { code: 'CONNECTION_FAILED' },
  ],
];

describe.each(ROUTES)('by %s', (_, nodeOf) => {
  describe('a SendStream', () => {
    const open = async (
      options: Parameters<typeof connectTo>[1] = {},
    ): Promise<Scripted & { stream: SendStream; server: ServerHttp2Stream }> => {
      const { plugin, session, opened } = await meet(options);
      const opening = nodeOf(plugin).sendStream();
      const server = await opened;
      server.write(sendResponse({ maxInFlight: 1000 }));
      return { plugin, session, server, stream: await opening };
    };

    test('takes results in any order, many in one piece, and those of nobody', async () => {
      const { stream, server } = await open();
      const sends = ['a', 'b', 'c'].map((text) => stream.send(messageOf(text)));
      await once(server, 'data');
      server.write(Buffer.concat([receipt(7n), receipt(2n), receipt(0n), receipt(1n)]));
      const ids = (await Promise.all(sends)).map(({ messageId }) => messageId);
      expect(ids).toEqual(['0', '1', '2']);
    });

    test('gives an error for a result without outcome', async () => {
      const { stream, server } = await open();
      const sent = stream.send(messageOf('a'));
      await once(server, 'data');
      server.write(sendResponse({ results: [{ seq: 0n }] }));
      await expect(sent).rejects.toMatchObject({ code: 'INTERNAL' });
    });

    test('holds back what a slow connector does not read', async () => {
      const { plugin, session, opened } = await meet({ window: 0 });
      const opening = nodeOf(plugin).sendStream();
      const server = await opened;
      server.write(sendResponse({ maxInFlight: 1000 }));
      const stream = await opening;
      const cancel = new AbortController();
      const sends = Array.from({ length: 40 }, (_value, i) =>
        stream.send(largeMessage(`${i}`, MIB / 2), i < 20 ? {} : { signal: cancel.signal }),
      );
      const outcomes = Promise.allSettled(sends);
      // The host has had its turn to write.
      await new Promise((resolve) => session.ping(resolve));
      cancel.abort();
      const closed = stream.close();
      session.settings({ initialWindowSize: 64 * MIB });
      session.setLocalWindowSize(64 * MIB);
      const came: string[] = [];
      for await (const bytes of readFrames(server)) {
        const { items } = fromBinary(SendStreamRequestSchema, bytes);
        came.push(...items.map(({ message }) => message?.id ?? ''));
        server.write(Buffer.concat(items.map(({ seq }) => receipt(seq))));
      }
      expect(came).toEqual(Array.from({ length: 20 }, (_value, i) => `id-${i}`));
      endWith(server, { 'grpc-status': '0' });
      await closed;
      const done = await outcomes;
      expect(done.slice(0, 20).every(({ status }) => status === 'fulfilled')).toBe(true);
      expect(done.slice(20).every(({ status }) => status === 'rejected')).toBe(true);
    });

    test.each(BREAKS)('that breaks by %s loses what is under way', async (_what, fail, error) => {
      const { stream, server } = await open();
      const sent = stream.send(messageOf('a'));
      await once(server, 'data');
      fail(server);
      await expect(sent).rejects.toMatchObject({ ...error, recoverable: true });
      await stream.closed;
      await expect(stream.send(messageOf('b'))).rejects.toMatchObject({ recoverable: true });
    });

    test.each(BREAKS)('that breaks by %s at once does not open', async (_what, fail, error) => {
      const { plugin, opened } = await meet();
      const opening = nodeOf(plugin).sendStream();
      fail(await opened);
      await expect(opening).rejects.toMatchObject(error);
    });

    test('that the connector ends before it begins does not open', async () => {
      const { plugin, opened } = await meet();
      const opening = nodeOf(plugin).sendStream();
      endWith(await opened, { 'grpc-status': '0' });
      await expect(opening).rejects.toMatchObject({ code: 'INTERNAL' });
    });

    test('that the host breaks is cancelled', async () => {
      const { plugin, opened } = await meet();
      const life = new AbortController();
      const opening = nodeOf(plugin).sendStream({ signal: life.signal });
      const server = await opened;
      server.write(sendResponse({ maxInFlight: 1 }));
      const stream = await opening;
      const sends = [stream.send(messageOf('a')), stream.send(messageOf('b'))];
      await once(server, 'data');
      life.abort();
      for (const sent of sends) await expect(sent).rejects.toMatchObject({ name: 'AbortError' });
      await expect.poll(() => server.rstCode).toBe(constants.NGHTTP2_CANCEL);
    });
  });

  describe('a ReceiveStream', () => {
    test('holds back what a slow host does not read, and loses nothing', async () => {
      const { plugin, session, opened } = await meet();
      const node = nodeOf(plugin);
      const stream = node.receiveStream();
      stream.grant(64, MUCH);
      const server = await opened;
      let left = 0;
      for (let i = 0; i < 64; i++) server.write(deliveries(MIB, `${i}`), () => (left += 1));
      // All that one stream may send ahead is on its way.
      await expect.poll(() => session.state.remoteWindowSize).toBeLessThanOrEqual(12.1 * MIB);
      for (let i = 0; i < 100; i++) await new Promise((resolve) => session.ping(resolve));
      expect(left).toBeLessThan(16);
      const reader = readerOf(stream);
      const ids = await reader.ids(64);
      expect(ids).toEqual(Array.from({ length: 64 }, (_value, i) => `${i}`));
      endWith(server, { 'grpc-status': '0' });
      await reader.end();
    });

    test('brings what came before its end, and then the end', async () => {
      const { plugin, opened } = await meet();
      const stream = nodeOf(plugin).receiveStream();
      const server = await opened;
      server.write(
        Buffer.concat([deliveries(1, 'a'), deliveries(1, 'b', 'c'), deliveries(1, 'd')]),
      );
      endWith(server, { 'grpc-status': '0' });
      const reader = readerOf(stream);
      expect(await reader.ids(4)).toEqual(['a', 'b', 'c', 'd']);
      await reader.end();
      expect(() => stream.settle([])).toThrow('[INVALID_STATE]');
    });

    test.each(BREAKS)('that breaks by %s tells so', async (_what, fail, error) => {
      const { plugin, opened } = await meet();
      const stream = nodeOf(plugin).receiveStream();
      stream.grant(1, MUCH);
      const server = await opened;
      server.write(deliveries(1, 'a'));
      const reader = readerOf(stream);
      expect(await reader.ids(1)).toEqual(['a']);
      fail(server);
      await expect(reader.end()).rejects.toMatchObject(error);
    });

    test('that its reader leaves early is cancelled', async () => {
      const { plugin, opened } = await meet();
      const stream = nodeOf(plugin).receiveStream();
      const server = await opened;
      server.write(Buffer.concat([deliveries(1, 'a'), deliveries(1, 'b')]));
      const ids: string[] = [];
      for await (const frameOfOne of stream.frames) {
        ids.push(...frameOfOne.deliveries.map(({ message }) => message.id));
        break;
      }
      expect(ids).toEqual(['a']);
      await expect.poll(() => server.rstCode).toBe(constants.NGHTTP2_CANCEL);
    });

    test('whose connection is lost while its settlements wait for room tells so', async () => {
      const { plugin, opened } = await meet({ window: 0 });
      const stream = nodeOf(plugin).receiveStream();
      const reader = readerOf(stream);
      const server = await opened;
      for (let i = 0; i < 10_000; i++) stream.settle([{ deliveryId: `d-${i}`, outcome: 'ack' }]);
      server.write(deliveries(1, 'a'));
      await reader.ids(1);
      server.session?.destroy();
      await expect(reader.end()).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
    });
  });
});

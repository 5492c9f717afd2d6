import { once } from 'node:events';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import { setTrailerStatus } from '@connectrpc/connect/protocol-grpc';
import { PluginError } from '@vrsky/runtime';
import type { CallOptions, ConnectionNode } from '@vrsky/runtime/host';
import { describe, expect, test } from 'vitest';
import { SendResponseSchema } from '../../src/gen/vrsky/connector/v1/connection_node_pb.ts';
import { statusFromError } from '../../src/wire/error.ts';
import { messageOf } from '../fixtures/launch.ts';
import { frame } from '../fixtures/raw-stream.ts';
import { answer, connectTo, HEAD, ROUTES, type Script } from './fixtures/scripted-connector.ts';

const RECEIPT = frame(
  toBinary(SendResponseSchema, create(SendResponseSchema, { receipt: { messageId: 'r' } })),
);
const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;

const REFUSED = new PluginError('SEND_FAILED', 'no — not "now"', {
  recoverable: true,
  retryAfterMs: 1500,
  reason: 'WHY',
  field: 'a.b',
});
const PARTS = {
  code: 'SEND_FAILED',
  rawMessage: 'no — not "now"',
  recoverable: true,
  retryAfterMs: 1500,
  reason: 'WHY',
  field: 'a.b',
};

function trailersOf(error: PluginError): Record<string, string> {
  return Object.fromEntries(setTrailerStatus(new Headers(), statusFromError(error)));
}

/** The answer begins, and then goes wrong. */
function begin(stream: ServerHttp2Stream, ...bytes: Uint8Array[]): ServerHttp2Stream {
  stream.respond(HEAD, { waitForTrailers: true });
  for (const part of bytes) stream.write(part);
  return stream;
}

function endPlainly(stream: ServerHttp2Stream): void {
  stream.respond(HEAD);
  stream.end(RECEIPT);
}

function prefix(flags: number, length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt8(flags);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

describe.each(ROUTES)('by %s', (_, nodeOf) => {
  const send = async (
    script: Script,
    options: CallOptions = { timeoutMs: 5000 },
    limits: Parameters<typeof connectTo>[1] = {},
  ): ReturnType<ConnectionNode['send']> =>
    nodeOf((await connectTo(script, limits)).plugin).send(messageOf('a'), options);

  test('an answer in pieces of one byte is put together', async () => {
    const bytes = [...RECEIPT].map((byte) => Buffer.of(byte));
    const receipt = await send((stream) => {
      begin(stream);
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      const next = (): void => {
        const byte = bytes.shift();
        if (byte) stream.write(byte, () => setImmediate(next));
        else stream.end();
      };
      next();
    });
    expect(receipt).toMatchObject({ messageId: 'r' });
  });

  describe('a typed error arrives whole', () => {
    test('in the trailers', async () => {
      const sent = send((stream) => answer(stream, Buffer.of(), trailersOf(REFUSED)));
      await expect(sent).rejects.toMatchObject(PARTS);
    });

    test('as trailers only', async () => {
      const sent = send((stream) =>
        stream.respond({ ...HEAD, ...trailersOf(REFUSED) }, { endStream: true }),
      );
      await expect(sent).rejects.toMatchObject(PARTS);
    });

    test('after a message', async () => {
      const sent = send((stream) => answer(stream, RECEIPT, trailersOf(REFUSED)));
      await expect(sent).rejects.toMatchObject(PARTS);
    });
  });

  test.each([
    ['1', 'AbortError', undefined],
    ['4', 'TimeoutError', undefined],
    ['8', 'PluginError', 'PAYLOAD_TOO_LARGE'],
    ['12', 'PluginError', 'UNSUPPORTED'],
    ['13', 'PluginError', 'INTERNAL'],
    ['14', 'PluginError', 'CONNECTION_FAILED'],
    ['99', 'PluginError', 'INTERNAL'],
  ])('the bare status %s is a %s %s', async (status, name, code) => {
    const trailers = { 'grpc-status': status, 'grpc-message': 'it%20is%20so' };
    const error = await send((stream) => answer(stream, Buffer.of(), trailers)).catch((e) => e);
    expect(error).toMatchObject({ name });
    expect(error.message).toContain(status === '99' ? '99' : 'it is so');
    if (code) expect(error.code).toBe(code);
  });

  const garbled: [string, Script, string][] = [
    ['no message', (stream) => answer(stream, Buffer.of()), 'UNSUPPORTED'],
    ['two messages', (s) => answer(s, Buffer.concat([RECEIPT, RECEIPT])), 'UNSUPPORTED'],
    ['an empty message', (stream) => answer(stream, frame(Buffer.of())), 'INTERNAL'],
    ['half a prefix', (stream) => answer(stream, Buffer.of(0, 0)), 'INTERNAL'],
    ['half a message', (stream) => answer(stream, RECEIPT.subarray(0, -1)), 'INTERNAL'],
    ['no protobuf', (stream) => answer(stream, frame(Buffer.of(0x0a, 0xff))), 'INTERNAL'],
    ['a compressed message', (s) => begin(s, prefix(1, 3), Buffer.of(1, 2, 3)).end(), 'INTERNAL'],
    ['no status', (stream) => answer(stream, RECEIPT, { 'x-other': '1' }), 'INTERNAL'],
    ['no trailers', endPlainly, 'INTERNAL'],
    ['HTTP 404', (s) => s.respond({ ':status': 404 }, { endStream: true }), 'UNSUPPORTED'],
    ['HTTP 503', (s) => s.respond({ ':status': 503 }, { endStream: true }), 'CONNECTION_FAILED'],
    [
      'another content type',
      (s) => s.respond({ ':status': 200, 'content-type': 'text/html' }, { endStream: true }),
      'INTERNAL',
    ],
    [
      'another encoding',
      (s) => s.respond({ ...HEAD, 'grpc-encoding': 'gzip' }, { endStream: true }),
      'INTERNAL',
    ],
  ];
  test.each(garbled)('%s instead of an answer is an error', async (_what, script, code) => {
    await expect(send(script)).rejects.toMatchObject({ name: 'PluginError', code });
  });

  test('a length above the limit is refused by its prefix, and the call reset', async () => {
    const reset = Promise.withResolvers<number>();
    const sent = send(
      (stream) => {
        stream.once('close', () => reset.resolve(stream.rstCode));
        begin(stream, prefix(0, 0xffff_ffff));
      },
      {},
      { maxMessageBytes: 1000 },
    );
    const error = (await sent.catch((e: unknown) => e)) as PluginError;
    expect(error).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', recoverable: false });
    expect(error.rawMessage).toMatch(/4294967295.*1000/);
    expect(await reset.promise).not.toBe(NGHTTP2_NO_ERROR);
  });

  describe.each([
    ['before', (): void => {}],
    ['after', (stream: ServerHttp2Stream): void => void begin(stream, RECEIPT.subarray(0, 3))],
  ])('a reset %s the head', (_when, first) => {
    test.each([
      ['CANCEL', 'AbortError'],
      ['PROTOCOL_ERROR', 'PluginError'],
      ['INTERNAL_ERROR', 'PluginError'],
      ['STREAM_CLOSED', 'PluginError'],
      ['REFUSED_STREAM', 'PluginError'],
      ['ENHANCE_YOUR_CALM', 'PluginError'],
      ['NO_ERROR', 'PluginError'],
    ])('with %s is a %s', async (code, name) => {
      const sent = send((stream) => {
        first(stream);
        setImmediate(() => stream.close(constants[`NGHTTP2_${code}` as 'NGHTTP2_CANCEL']));
      });
      const error = (await sent.catch((e: unknown) => e)) as PluginError;
      expect(error.name).toBe(name);
      if (name === 'PluginError') expect(error.recoverable).toBe(true);
    });
  });

  test('an early status is told, although the request has not left', async () => {
    const { plugin } = await connectTo(
      (stream) => {
        stream.pause();
        answer(stream, Buffer.of(), trailersOf(REFUSED));
      },
      { window: 1000 },
    );
    const large = { ...messageOf('a'), payload: Buffer.alloc(5_000_000) };
    await expect(nodeOf(plugin).send(large)).rejects.toMatchObject(PARTS);
  });

  describe('the deadline', () => {
    test('is told to the connector, ends the call, and resets it', async () => {
      const headers = Promise.withResolvers<IncomingHttpHeaders>();
      const closed = Promise.withResolvers<void>();
      const sent = send(
        (stream, told) => {
          headers.resolve(told);
          stream.once('close', closed.resolve);
        },
        { timeoutMs: 50 },
      );
      await expect(sent).rejects.toMatchObject({ name: 'TimeoutError' });
      expect((await headers.promise)['grpc-timeout']).toBe('50m');
      await closed.promise;
    });

    test('may come in the middle of an answer', async () => {
      const sent = send((stream) => begin(stream, RECEIPT.subarray(0, 7)), { timeoutMs: 50 });
      await expect(sent).rejects.toMatchObject({ name: 'TimeoutError' });
    });
  });

  describe('a caller who gives up', () => {
    test('before the call makes none', async () => {
      let calls = 0;
      const { plugin } = await connectTo((stream) => {
        calls += 1;
        answer(stream, RECEIPT);
      });
      const node = nodeOf(plugin);
      const signal = AbortSignal.abort('only a word');
      await expect(node.send(messageOf('a'), { signal })).rejects.toBe('only a word');
      await node.send(messageOf('b'));
      expect(calls).toBe(1);
    });

    test.each([
      ['before', (): void => {}],
      ['after', (stream: ServerHttp2Stream): void => void begin(stream, RECEIPT.subarray(0, 3))],
    ])('%s the head cancels the call', async (_when, first) => {
      const came = Promise.withResolvers<ServerHttp2Stream>();
      const cancel = new AbortController();
      const sent = send(
        (stream) => {
          first(stream);
          stream.once('data', () => came.resolve(stream));
        },
        { signal: cancel.signal },
      );
      const stream = await came.promise;
      const closed = once(stream, 'close');
      cancel.abort();
      await expect(sent).rejects.toMatchObject({ name: 'AbortError' });
      await closed;
      expect(stream.rstCode).toBe(NGHTTP2_CANCEL);
    });
  });
});

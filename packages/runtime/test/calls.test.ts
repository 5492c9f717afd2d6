import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import {
  SendRequestSchema,
  SendResponseSchema,
} from '../src/gen/vrsky/connector/v1/connection_node_pb.ts';
import type { MessageSchema } from '../src/gen/vrsky/connector/v1/message_pb.ts';
import { type RawSession, spawnMemory } from './fixtures/raw-host.ts';
import { outcomeOf, type RawOutcome } from './fixtures/raw-outcome.ts';
import { frame } from './fixtures/raw-stream.ts';

// What a call does on the wire, whichever way it takes through the connector: both must pass all of this.
let plugin: Awaited<ReturnType<typeof spawnMemory>>;
let host: RawSession;

beforeEach(async () => {
  plugin = await spawnMemory();
  host = plugin.session();
});

async function connect(settings = {}, more = {}): Promise<void> {
  await host.connect({
    config: { id: '1', name: 'memory', type: 'memory-out', settings, ...more },
  });
}

function request(message: MessageInitShape<typeof MessageSchema>): Buffer {
  return frame(toBinary(SendRequestSchema, create(SendRequestSchema, { message })));
}

const hello = request({ id: 'id-1', payload: Buffer.from('hello') });

function send(bytes: Uint8Array = hello, headers: OutgoingHttpHeaders = {}): Promise<RawOutcome> {
  const stream = host.open('Send', headers);
  stream.end(bytes);
  return outcomeOf(stream);
}

/** One message as gRPC frames it, marked as compressed. */
function compressed(bytes: Uint8Array): Buffer {
  const framed = frame(bytes);
  framed[0] = 1;
  return framed;
}

function receiptOf({ body }: RawOutcome): string | undefined {
  return fromBinary(SendResponseSchema, body.subarray(5)).receipt?.messageId;
}

describe('a call of Send', () => {
  beforeEach(() => connect());

  test.each([
    ['application/grpc', {}],
    ['application/grpc+proto', { 'content-type': 'application/grpc+proto' }],
    ['identity as its encoding', { 'grpc-encoding': 'identity' }],
    ['a query', { ':path': '/vrsky.connector.v1.ConnectionNode/Send?a=1' }],
    ['a deadline in hours', { 'grpc-timeout': '99999999H' }],
  ])('with %s is answered', async (_, headers) => {
    const outcome = await send(hello, headers);
    expect(outcome).toMatchObject({ http: 200, status: '0', text: '' });
    expect(receiptOf(outcome)).toBe('id-1');
  });

  test('in JSON is answered in JSON', async () => {
    const body = Buffer.from(JSON.stringify({ message: { id: 'id-1', payload: 'aGVsbG8=' } }));
    const outcome = await send(frame(body), { 'content-type': 'application/grpc+json' });
    expect(JSON.parse(outcome.body.subarray(5).toString())).toEqual({
      receipt: { messageId: 'id-1' },
    });
  });

  test.each([
    ['another content type', { 'content-type': 'text/plain' }, 415],
    ['another HTTP method', { ':method': 'PUT' }, 405],
  ])('with %s is refused by HTTP', async (_, headers, http) => {
    expect(await send(hello, headers)).toMatchObject({ http });
  });

  test.each([
    ['compressed as nobody agreed', hello, { 'grpc-encoding': 'deflate' }, Code.Unimplemented],
    ['with a timeout that is none', hello, { 'grpc-timeout': '1x' }, Code.InvalidArgument],
    ['of an unknown method', hello, { ':path': '/vrsky.connector.v1.ConnectionNode/Sent' }, 12],
    ['without a message', Buffer.alloc(0), {}, Code.Unimplemented],
    ['with two messages', Buffer.concat([hello, hello]), {}, Code.Unimplemented],
    ['that is no Protobuf', frame(Buffer.from([0xff, 0xff])), {}, Code.Internal],
    ['marked as compressed', Buffer.from([1, 0, 0, 0, 1, 0]), {}, Code.Internal],
    ['above the limit', Buffer.from([0, 0x01, 0x10, 0, 0]), {}, Code.ResourceExhausted],
    ['that ends within a message', hello.subarray(0, -1), {}, Code.InvalidArgument],
    ['that ends within a prefix', hello.subarray(0, 3), {}, Code.InvalidArgument],
  ])('%s fails, and nothing is sent', async (_, bytes, headers, code) => {
    expect(await send(bytes, headers)).toMatchObject({ http: 200, status: `${code}` });
    expect((await host.details())['batches']).toBe('');
  });

  test('byte by byte is answered', async () => {
    const stream = host.open('Send');
    const outcome = outcomeOf(stream);
    for (const byte of hello) {
      await new Promise((resolve) => stream.write(Buffer.from([byte]), resolve));
    }
    stream.end();
    expect(receiptOf(await outcome)).toBe('id-1');
  });

  test('in gzip is answered, uncompressed', async () => {
    const packed = gzipSync(hello.subarray(5));
    const outcome = await send(compressed(packed), { 'grpc-encoding': 'gzip' });
    expect(outcome).toMatchObject({ status: '0' });
    expect(receiptOf(outcome)).toBe('id-1');
  });

  test('in gzip that inflates beyond the limit fails, and nothing is sent', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(100_000);
    const outcome = await send(compressed(bomb), { 'grpc-encoding': 'gzip' });
    expect(outcome).toMatchObject({ http: 200, status: `${Code.ResourceExhausted}` });
    expect((await host.details())['batches']).toBe('');
  });

  test('of many megabytes is answered', async () => {
    const large = request({ id: 'id-large', payload: Buffer.alloc(12 * 1024 * 1024, 7) });
    expect(receiptOf(await send(large))).toBe('id-large');
  });

  test('is not carried out before the caller has said all', async () => {
    const stream = host.open('Send');
    stream.write(hello);
    await expect(send()).resolves.toMatchObject({ status: '0' });
    expect((await host.details())['batches']).toBe('1');
    stream.close(8);
  });

  test('of a bug in the connector is INTERNAL, and logged', async () => {
    const outcome = await send(request({ id: 'id-1', payload: Buffer.from('bug') }));
    expect(outcome).toMatchObject({
      status: `${Code.Unavailable}`,
      text: '[INTERNAL] undefined is not a message (recoverable=true)',
      detail: { code: 'INTERNAL', recoverable: true },
      body: Buffer.alloc(0),
    });
    await vi.waitUntil(() => plugin.log().includes('Send failed'), { timeout: slowly(5000) });
  });
});

test('a failure has its parts as a detail, and no credential', async () => {
  await connect({ failWith: 'AUTH_FAILED' }, { credentials: { password: 'hunter22' } });
  expect(await send()).toMatchObject({
    status: `${Code.FailedPrecondition}`,
    text: '[AUTH_FAILED] refused with password [redacted] (recoverable=false)',
    detail: {
      code: 'AUTH_FAILED',
      message: 'refused with password [redacted]',
      recoverable: false,
      retryAfter: { seconds: 1n, nanos: 500_000_000 },
      reason: 'TEST',
    },
  });
});

test('the text of a failure is percent-encoded', async () => {
  await connect({ hang: true }, { timeout: { seconds: 0n, nanos: 50_000_000 } });
  const { text, detail } = await send(request({ id: '100 %\nüber 😀' }));
  expect(text).toMatch(/^\[TIMEOUT\] message 100 %\nüber 😀 was not sent within 50 ms/);
  expect(detail?.message).toContain('100 %\nüber 😀');
});

describe('while a message is under way', () => {
  let stream: ClientHttp2Stream;

  async function begin(method: 'Send' | 'Receive', headers: OutgoingHttpHeaders): Promise<void> {
    if (method === 'Send') await connect({ hang: true });
    else await host.connect({ config: { id: '1', name: 'memory', type: 'memory-in' } });
    stream = host.open(method, headers);
    stream.end(method === 'Send' ? hello : frame(Buffer.alloc(0)));
  }

  test.each(['Send', 'Receive'] as const)('the deadline of %s ends it', async (method) => {
    await begin(method, { 'grpc-timeout': '50m' });
    const outcome = await outcomeOf(stream);
    expect(outcome).toMatchObject({ status: `${Code.DeadlineExceeded}`, detail: undefined });
  });

  test('a goodbye of the host lets it be answered', async () => {
    await begin('Receive', { 'grpc-timeout': '300m' });
    await host.details(); // the call before has reached the connector
    host.http2.close();
    expect(await outcomeOf(stream)).toMatchObject({ status: `${Code.DeadlineExceeded}` });
  });

  test.each(['SendStream', 'ReceiveStream'])('the deadline of %s ends it', async (method) => {
    const type = method === 'SendStream' ? 'memory-out' : 'memory-in';
    await host.connect({ config: { id: '1', name: 'memory', type } });
    stream = host.open(method, { 'grpc-timeout': '50m' });
    expect(await outcomeOf(stream)).toMatchObject({ status: `${Code.DeadlineExceeded}` });
  });

  test('Receives that are reset leave the next message to others', async () => {
    await host.connect({
      config: { id: '1', name: 'memory', type: 'memory-in', settings: { messages: [] } },
    });
    const resets = Array.from({ length: 50 }, () => host.openReceive(true));
    for (const one of resets) one.on('error', () => {});
    await host.details();
    for (const one of resets) one.close(8);
    await vi.waitUntil(() => resets.every(({ closed }) => closed), { timeout: slowly(5000) });
    await expect(host.details()).resolves.toMatchObject({ settled: '' });
  });
});

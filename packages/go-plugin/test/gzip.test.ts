import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serveTest, type TestServer } from '../src/server/index.ts';
import { PayloadSchema, Testing } from './gen/testing_pb.ts';

const limit = 100_000;
let server: TestServer;
let session: ClientHttp2Session;
beforeAll(async () => {
  const versions = {
    1: () => (router: Parameters<import('@vrsky/go-plugin').Routes>[0]) =>
      void router.service(Testing, { echo: ({ text }) => ({ text }) }),
  };
  server = await serveTest({ versions, maxMessageBytes: limit });
  const { address } = server.reattachConfig.address;
  session = connect('http://localhost', { createConnection: () => connectSocket(address) });
});
afterAll(async () => {
  session.destroy();
  await server.close();
});

/** Sends one message whose frame is marked as compressed, as Go and Python clients do with their gzip option. */
async function echo(
  packed: Uint8Array,
  encoding: string,
): Promise<{ headers: IncomingHttpHeaders; status: unknown; text: string; reason: unknown }> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/goplugin.testing.Testing/Echo',
    'content-type': 'application/grpc',
    'grpc-encoding': encoding,
    'grpc-accept-encoding': 'gzip',
  });
  const prefix = Buffer.from([1, 0, 0, 0, 0]);
  prefix.writeUInt32BE(packed.length, 1);
  stream.end(Buffer.concat([prefix, packed]));
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  const chunks: Buffer[] = [];
  let trailers: IncomingHttpHeaders = headers;
  stream
    .on('trailers', (received) => (trailers = received))
    .on('data', (bytes: Buffer) => chunks.push(bytes));
  await once(stream, 'close');
  const frame = Buffer.concat(chunks);
  return {
    headers,
    status: trailers['grpc-status'],
    reason: trailers['grpc-message'],
    text:
      frame.length > 5 && frame[0] === 0 ? fromBinary(PayloadSchema, frame.subarray(5)).text : '',
  };
}

const message = (length: number): Uint8Array =>
  toBinary(PayloadSchema, create(PayloadSchema, { text: 'x'.repeat(length) }));

it('a request in gzip is understood, and answered uncompressed', async () => {
  const { status, text, headers } = await echo(gzipSync(message(5000)), 'gzip');
  expect({ status, text }).toEqual({ status: '0', text: 'x'.repeat(5000) });
  expect(headers['grpc-encoding'] ?? 'identity').toBe('identity');
});

it('a request in gzip that inflates beyond the limit of messages is refused', async () => {
  const bomb = gzipSync(message(100_000_000));
  expect(bomb.length).toBeLessThan(limit);
  expect(await echo(bomb, 'gzip')).toMatchObject({ status: `${Code.ResourceExhausted}`, text: '' });
});

it('what is no gzip fails its own call', async () => {
  expect(await echo(Buffer.from('no gzip'), 'gzip')).toMatchObject({
    status: `${Code.InvalidArgument}`,
  });
});

it('another compression is UNIMPLEMENTED, with the name of the one that there is', async () => {
  const { status, reason } = await echo(deflateSync(message(5000)), 'deflate');
  expect(status).toBe(`${Code.Unimplemented}`);
  expect(decodeURIComponent(String(reason))).toContain('gzip');
});

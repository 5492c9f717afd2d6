import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import type { Interceptor } from '@connectrpc/connect';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { socketNetwork } from '../src/broker/network.ts';
import { serveTest } from '../src/server/index.ts';
import { Testing } from './gen/testing_pb.ts';

/** What C-core clients send on a unix socket, and what no client should. */
const authorities = ['tmp%2Fplugin123', '%', '[::1', 'localhost:99999', ':80'];
/** What HTTP/2 itself refuses. */
const refused = [{ ':authority': 'a b' }, { ':authority': '@' }, { ':path': 'http://[' }];
/** An empty message in gRPC's frame. */
const empty = Buffer.alloc(5);
const untouched: Interceptor = (next) => next;
const routes: Parameters<ReturnType<typeof socketNetwork>['listen']>[0] = (router) =>
  // Options make Connect forget which protocols are closed.
  router.service(Testing, { echo: ({ text }) => ({ text }) }, { interceptors: [untouched] });

/** Both listeners that others dial: a plugin's, and those of the broker on either side. */
const listeners = {
  "a plugin's socket": async () => {
    const server = await serveTest({
      versions: { 1: () => routes },
    });
    return { path: server.reattachConfig.address.address, close: () => server.close() };
  },
  'a brokered socket': async () => {
    const listener = await socketNetwork({
      place: { network: 'unix', dir: tmpdir() },
      tls: undefined,
      maxMessageBytes: 1000,
      timeoutMs: 20_000,
      onRefused: () => {},
    }).listen(routes);
    return { path: listener.address.address, close: () => listener.close() };
  },
};

describe.each(Object.entries(listeners))('%s', (_name, open) => {
  let listener: Awaited<ReturnType<typeof open>>;
  let session: ClientHttp2Session;
  beforeAll(async () => {
    listener = await open();
    session = connect('http://localhost', { createConnection: () => connectSocket(listener.path) });
  });
  afterAll(async () => {
    session.destroy();
    await listener.close();
  });

  /** All calls are on one session: one that ended the connection would fail the next. */
  const echo = async (head: OutgoingHttpHeaders): Promise<IncomingHttpHeaders> => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/goplugin.testing.Testing/Echo',
      'content-type': 'application/grpc',
      ...head,
    });
    stream.end(empty);
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    let trailers: IncomingHttpHeaders = {};
    stream.on('trailers', (received) => (trailers = received)).resume();
    await once(stream, 'close');
    return { ...headers, ...trailers };
  };

  it.each(authorities)('answers a call whose authority is %j', async (authority) => {
    expect(await echo({ ':authority': authority })).toMatchObject({ 'grpc-status': '0' });
  });

  it.each(['//', '/%', '/goplugin.testing.Testing/Echo/../x'])(
    'answers UNIMPLEMENTED to the path %j',
    async (path) => {
      expect(await echo({ ':path': path })).toMatchObject({ ':status': 200, 'grpc-status': '12' });
    },
  );

  it('answers 405 to another method', async () => {
    expect(await echo({ ':method': 'PUT' })).toMatchObject({ ':status': 405 });
  });

  it.each(refused)('ends nothing but the call for %j', async (head) => {
    await expect(echo(head)).rejects.toThrow('NGHTTP2_PROTOCOL_ERROR');
    expect(await echo({})).toMatchObject({ 'grpc-status': '0' });
  });

  it.each([
    ['application/json', {}],
    ['application/grpc-web', {}],
    ['application/grpc-web+proto', {}],
    ['application/proto', { 'connect-protocol-version': '1' }],
    ['application/connect+proto', {}],
    [undefined, {}],
  ])('answers 415 to the content type %s', async (type, head) => {
    expect(await echo({ 'content-type': type, ...head })).toMatchObject({ ':status': 415 });
  });
});

import { once } from 'node:events';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { serveTest } from '../src/server/index.ts';
import { Testing } from './gen/testing_pb.ts';

it('a handler in front of the services answers its own calls, passes on the rest, and fails alone', async () => {
  const server = await serveTest({
    versions: {
      1: () => ({
        routes: (router) => router.service(Testing, {}),
        inFront: (next) => (stream, headers, rawHeaders) => {
          if (headers[':path'] === '/hot.Path/Broken') throw new Error('a bug in front');
          if (headers[':path'] !== '/hot.Path/Call') return next(stream, headers, rawHeaders);
          stream.respond({ ':status': 200, 'grpc-status': '0', own: 'yes' }, { endStream: true });
        },
      }),
    },
  });
  onTestFinished(() => server.close());
  const { address } = server.reattachConfig.address;
  const session = connect('http://localhost', { createConnection: () => connectSocket(address) });
  onTestFinished(() => session.destroy());
  const call = async (path: string): Promise<IncomingHttpHeaders> => {
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc' };
    const stream = session.request(headers, { endStream: true });
    const [response] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    stream.close();
    return response;
  };
  expect(await call('/hot.Path/Call')).toMatchObject({ 'grpc-status': '0', own: 'yes' });
  await expect(call('/hot.Path/Broken')).rejects.toThrow('NGHTTP2_INTERNAL_ERROR');
  expect(await call('/hot.Path/Other')).toMatchObject({ 'grpc-status': '12' });
  expect(await call('/grpc.health.v1.Health/Check')).toMatchObject({
    ':status': 200,
    'content-type': 'application/grpc+proto',
  });
});

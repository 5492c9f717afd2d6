import { once } from 'node:events';
import {
  constants,
  createServer as createHttp2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { Code, createClient } from '@connectrpc/connect';
import { http2StreamKey } from '@vrsky/go-plugin';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../src/grpc/connection.ts';
import { grpcHandler } from '../src/grpc/handler.ts';
import { type Listener, listen } from '../src/grpc/listener.ts';
import { createIdentity } from '../src/tls/certificate.ts';
import { type MutualTls, mutualTls } from '../src/tls/options.ts';
import { Testing } from './gen/testing_pb.ts';

const MIB = 1024 * 1024;
/** SETTINGS and WINDOW_UPDATE frames: 1 GiB for each stream and for the connection. */
const OPEN_WINDOWS = Buffer.from('0000060400000000000004400000000000040800000000003fff0000', 'hex');
const [server, client] = [createIdentity(), createIdentity()];
const pairs: { how: string; serverTls?: MutualTls; clientTls?: MutualTls }[] = [
  { how: 'plain' },
  {
    how: 'mutual TLS',
    serverTls: mutualTls(server, client.cert),
    clientTls: mutualTls(client, server.cert),
  },
];

describe.each(pairs)('a gRPC connection ($how)', ({ serverTls, clientTls }) => {
  let listener: Listener;
  let connection: Connection;
  let entered: PromiseWithResolvers<ServerHttp2Stream>;

  beforeEach(async () => {
    entered = Promise.withResolvers();
    const handler = grpcHandler((router) => {
      router.service(Testing, {
        echo: ({ text }) => ({ text }),
        run: ({ text }, context) => {
          const stream = context.values.get(http2StreamKey);
          if (stream) entered.resolve(stream);
          return text === 'answer' ? { text } : new Promise(() => {});
        },
      });
    }, 1_000);
    listener = await listen({
      place: { network: 'unix', dir: tmpdir() },
      tls: serverTls,
      handler: Promise.resolve(handler),
      onRefused: () => {},
    });
    connection = await connect(listener.address, {
      tls: clientTls,
      maxMessageBytes: 1_000,
      timeoutMs: 20_000,
    });
  });
  afterEach(async () => {
    await connection.close();
    await listener.close(0);
  });

  it('closed by the client fails its calls at once, and the server sees them cut off', async () => {
    const testing = createClient(Testing, connection.transport);
    const call = testing.run({}).catch((error: unknown) => error);
    const stream = await entered.promise;
    const closed = new Promise((resolve) => stream.once('close', resolve));
    await connection.close();
    expect(await call).toMatchObject({ code: Code.Unavailable });
    await closed;
    expect([stream.rstCode, stream.aborted]).toEqual([8, true]);
    await expect(testing.echo({})).rejects.toMatchObject({ code: Code.Unavailable });
  });

  it('closed by the server fails the calls that do not end in time, on both sides', async () => {
    const testing = createClient(Testing, connection.transport);
    const call = testing.run({}).catch((error: unknown) => error);
    const stream = await entered.promise;
    const closed = new Promise((resolve) => stream.once('close', resolve));
    await Promise.all([listener.close(10), listener.close(10)]);
    expect(await call).toMatchObject({ code: Code.Unavailable });
    await closed;
    expect([stream.rstCode, stream.aborted]).toEqual([8, true]);
    await connection.closed;
    await expect(
      connect(listener.address, { tls: clientTls, maxMessageBytes: 1, timeoutMs: 20_000 }),
    ).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
    });
  });

  it('ends when its server dies while the client is writing', async () => {
    const address = join(tmpdir(), `dying-${crypto.randomUUID().slice(0, 8)}`);
    // By hand: what Node.js itself listens with never stops reading.
    const reading = serverTls ? createTlsServer(serverTls) : createServer();
    await once(reading.listen(address), 'listening');
    for (let round = 0; round < 20; round++) {
      const accepted = once(reading, serverTls ? 'secureConnection' : 'connection') as Promise<
        [Socket]
      >;
      const connecting = connect(
        { network: 'unix', address },
        { tls: clientTls, maxMessageBytes: 1_000, timeoutMs: 20_000 },
      );
      const [socket] = await accepted;
      socket.on('error', () => {}).write(OPEN_WINDOWS);
      const { calls, closed } = await connecting;
      const stream = calls.session.request({ ':method': 'POST' }).on('error', () => {});
      stream.write(Buffer.alloc(4 * MIB));
      let bytes = 0;
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
        bytes += chunk.length;
        if (bytes > MIB) break; // the rest waits in the client
      }
      socket.destroy();
      await closed;
    }
    reading.close();
  });

  it('tells an answered call from one that was cut off', async () => {
    await createClient(Testing, connection.transport).run({ text: 'answer' });
    const stream = await entered.promise;
    if (!stream.closed) await once(stream, 'close');
    expect([stream.rstCode, stream.aborted]).toEqual([0, false]);
  });
});

describe('a connection', () => {
  it('fails all calls when the server says goodbye and hangs up', async () => {
    const address = join(tmpdir(), `goodbye-${crypto.randomUUID().slice(0, 8)}`);
    // With the answer to one call on its way: what Node.js reports depends on where in it the connection ends.
    const rude = createHttp2Server().on('stream', (stream: ServerHttp2Stream) => {
      stream.on('error', () => {});
      stream.session?.destroy();
    });
    await once(rude.listen(address), 'listening');
    for (let round = 0; round < 20; round++) {
      const { transport, close } = await connect(
        { network: 'unix', address },
        { tls: undefined, maxMessageBytes: 1_000, timeoutMs: 20_000 },
      );
      const testing = createClient(Testing, transport);
      const calls = Array.from({ length: 5 }, () => testing.echo({}));
      for (const { reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
        expect(reason).toMatchObject({ code: Code.Unavailable });
      }
      await close();
    }
    rude.close();
  });

  it.each([
    ['REFUSED_STREAM', Code.Unavailable],
    ['ENHANCE_YOUR_CALM', Code.ResourceExhausted],
    ['INTERNAL_ERROR', Code.Internal],
  ])("tells a server's %s by gRPC's code for it, and goes on", async (reset, code) => {
    const address = join(tmpdir(), `resetting-${crypto.randomUUID().slice(0, 8)}`);
    const resetting = createHttp2Server().on('stream', (stream: ServerHttp2Stream) => {
      stream.on('error', () => {});
      stream.close(constants[`NGHTTP2_${reset}` as 'NGHTTP2_CANCEL']);
    });
    await once(resetting.listen(address), 'listening');
    const options = { tls: undefined, maxMessageBytes: 1_000, timeoutMs: 20_000 };
    const { transport, close } = await connect({ network: 'unix', address }, options);
    const testing = createClient(Testing, transport);
    await expect(testing.echo({})).rejects.toMatchObject({ code });
    await expect(testing.echo({})).rejects.toMatchObject({ code });
    await close();
    resetting.close();
  });

  it('lets its server send 16 MiB ahead, and 4 MiB for each call', async () => {
    const address = join(tmpdir(), `window-${crypto.randomUUID().slice(0, 8)}`);
    const sender = createHttp2Server();
    await once(sender.listen(address), 'listening');
    const met = once(sender, 'session') as Promise<[ServerHttp2Session]>;
    const { close } = await connect(
      { network: 'unix', address },
      { tls: undefined, maxMessageBytes: 1_000, timeoutMs: 20_000 },
    );
    const [session] = await met;
    await expect.poll(() => session.state.remoteWindowSize).toBe(16 * 1024 * 1024);
    expect(session.remoteSettings.initialWindowSize).toBe(4 * 1024 * 1024);
    await close();
    sender.close();
  });

  it('gives up on a server that says nothing when its caller does', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const bound = silent.address();
    const port = typeof bound === 'object' ? bound?.port : 0;
    const stop = new AbortController();
    const attempt = connect(
      { network: 'tcp', address: `127.0.0.1:${port}` },
      { tls: undefined, maxMessageBytes: 1, timeoutMs: 20_000, signal: stop.signal },
    ).catch((error: unknown) => error);
    const [socket] = await once(silent, 'connection');
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await attempt).toBe(reason);
    socket.resume();
    await once(socket, 'close');
    silent.close();
  });
});

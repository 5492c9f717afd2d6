import { once } from 'node:events';
import {
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, createClient } from '@connectrpc/connect';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Connection, connect } from '../src/grpc/connection.ts';
import { grpcHandler } from '../src/grpc/handler.ts';
import { Testing } from './gen/testing_pb.ts';
import { usePlugins } from './support/plugins.ts';

const graceful = { code: 0, signal: null };

/** A server that says goodbye when a test wants it, and answers `run` when it is released. */
async function serverSaying(farewell: (session: ServerHttp2Session) => void): Promise<{
  connection: Connection;
  sessions: ServerHttp2Session[];
  release: PromiseWithResolvers<void>;
  server: Http2Server;
}> {
  const release = Promise.withResolvers<void>();
  const handler = grpcHandler((router) => {
    router.service(Testing, {
      echo: ({ text }) => ({ text }),
      run: async ({ text }) => release.promise.then(() => ({ text })),
    });
  }, 1000);
  const sessions: ServerHttp2Session[] = [];
  const server = createServer()
    .on('stream', (stream: ServerHttp2Stream, headers, _flags, raw) =>
      handler(stream, headers, raw),
    )
    .on('session', (session) => {
      sessions.push(session);
      farewell(session);
    });
  const address = join(tmpdir(), `goodbye-${crypto.randomUUID().slice(0, 8)}`);
  await once(server.listen(address), 'listening');
  onTestFinished(() => void server.close());
  const options = { tls: undefined, maxMessageBytes: 1000, timeoutMs: 20_000 };
  const connection = await connect({ network: 'unix', address }, options);
  onTestFinished(() => connection.close());
  return { connection, sessions, release, server };
}

describe('a server that says goodbye', () => {
  it('and listens on is dialled again: calls under way end on the old session', async () => {
    const { connection, sessions, release } = await serverSaying(() => {});
    const testing = createClient(Testing, connection.transport);
    const old = testing.run({ text: 'old' });
    await testing.echo({});
    const dialled = connection.calls.session;
    sessions[0]?.goaway(0);
    await once(dialled, 'goaway');
    expect(await testing.echo({ text: 'new' })).toMatchObject({ text: 'new' });
    expect(sessions).toHaveLength(2);
    release.resolve();
    expect(await old).toMatchObject({ text: 'old' });
    if (!dialled.destroyed) await once(dialled, 'close');
    expect(await testing.echo({ text: 'newer' })).toMatchObject({ text: 'newer' });
  });

  it('and listens no more is lost, with what it does not answer soon', async () => {
    const { connection, sessions, server } = await serverSaying(() => {});
    const testing = createClient(Testing, connection.transport);
    const old = testing.run({}).catch((error: unknown) => error);
    await testing.echo({});
    server.close();
    sessions[0]?.goaway(0);
    await connection.closed;
    expect(await old).toMatchObject({ code: Code.Unavailable });
    await expect(testing.echo({})).rejects.toMatchObject({ code: Code.Unavailable });
  });

  it('to everybody at once is not dialled for ever', async () => {
    const { connection, sessions } = await serverSaying((session) => session.goaway(0));
    await connection.closed;
    expect(sessions.length).toBeLessThan(4);
  });
});

describe('a plugin that says goodbye', () => {
  const { start } = usePlugins();

  it('is dialled again, and its end is graceful', async () => {
    const { plugin, testing } = await start();
    const { session } = plugin.calls;
    const goodbye = once(session, 'goaway');
    await testing.run({ text: 'say goodbye' });
    await goodbye;
    expect(await testing.echo({ text: 'still here' })).toMatchObject({ text: 'still here' });
    const { brokerId } = await testing.run({ text: 'accept' });
    const brokered = await plugin.broker.dial(brokerId);
    await brokered.close();
    await plugin.kill();
    expect(await plugin.exited).toMatchObject(graceful);
  });

  it('and listens no more ends by SIGTERM, when it does not end by itself', async () => {
    const { plugin, testing } = await start({
      command: `${import.meta.dirname}/fixtures/bare.ts`,
      autoMtls: false,
      env: { LEAVING: 'yes' },
    });
    await testing.echo({}).catch(() => {});
    expect(await plugin.exited).toMatchObject({ code: null, signal: 'SIGTERM' });
  });
});

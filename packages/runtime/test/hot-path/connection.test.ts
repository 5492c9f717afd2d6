import { once } from 'node:events';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { SendResponseSchema } from '../../src/gen/vrsky/connector/v1/connection_node_pb.ts';
import { messageOf } from '../fixtures/launch.ts';
import { frame } from '../fixtures/raw-stream.ts';
import { answer, connectTo, HEAD, ROUTES } from './fixtures/scripted-connector.ts';

const RECEIPT = frame(
  toBinary(SendResponseSchema, create(SendResponseSchema, { receipt: { messageId: 'r' } })),
);

describe.each(ROUTES)('by %s, a connection', (_, nodeOf) => {
  test('that says goodbye lets running calls end, and new ones go to the next', async () => {
    const gate = Promise.withResolvers<void>();
    const came = Promise.withResolvers<void>();
    const sessions = new Set<unknown>();
    const { plugin, session } = await connectTo((stream) => {
      sessions.add(stream.session);
      came.resolve();
      const turn = stream.session === session ? gate.promise : Promise.resolve();
      void turn.then(() => answer(stream, RECEIPT));
    });
    const node = nodeOf(plugin);
    const running = node.send(messageOf('a'));
    await came.promise;
    const told = once(plugin.calls.session, 'goaway');
    session.close();
    await told;
    expect(await node.send(messageOf('b'))).toMatchObject({ messageId: 'r' });
    expect(sessions.size).toBe(2);
    gate.resolve();
    expect(await running).toMatchObject({ messageId: 'r' });
  });

  test.each([
    ['hangs up', (stream: ServerHttp2Stream) => stream.session?.destroy()],
    [
      'says goodbye with an error',
      (stream: ServerHttp2Stream) => stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0),
    ],
  ])('that %s fails all calls on it', async (_what, fail) => {
    const { plugin } = await connectTo((stream) => {
      stream.respond(HEAD);
      stream.write(RECEIPT);
      setImmediate(() => fail(stream));
    });
    const node = nodeOf(plugin);
    const calls = ['a', 'b', 'c'].map((text) => node.send(messageOf(text)));
    for (const result of await Promise.allSettled(calls)) {
      const reason = { code: 'CONNECTION_FAILED', recoverable: true };
      expect(result).toMatchObject({ status: 'rejected', reason });
    }
    await expect(node.send(messageOf('d'))).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
  });

  test('that is lost while a request waits for room fails it', async () => {
    const { plugin } = await connectTo((stream) => setImmediate(() => stream.session?.destroy()), {
      window: 1000,
    });
    const large = { ...messageOf('a'), payload: Buffer.alloc(5_000_000) };
    const sent = nodeOf(plugin).send(large);
    await expect(sent).rejects.toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
  });
});

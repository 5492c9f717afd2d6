import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../src/grpc/connection.ts';
import { toAddress } from '../src/handshake/handshake.ts';
import { Testing } from './gen/testing_pb.ts';
import { usePlugins } from './support/plugins.ts';
import { endAll, runRaw } from './support/raw.ts';

usePlugins();
afterEach(endAll);

test('a panic arrives in full, also when its host has not read the log for long', async () => {
  const plugin = runRaw({});
  const [, , network = '', path = ''] = await plugin.handshake();
  const options = { tls: undefined, maxMessageBytes: 1000, timeoutMs: 20_000 };
  const connection = await connect(toAddress(network, path), options);
  const testing = createClient(Testing, connection.transport);
  plugin.child.stderr.pause();
  // What is paused reads on for a while.
  await expect.poll(async () => (await testing.run({ text: 'fill stderr' })).text).toBe('0');
  const crashed = testing.run({ text: 'crash deep inside' }).catch(() => 'failed');
  const answer = (): Promise<unknown> =>
    testing.echo({}, { timeoutMs: 300 }).then(
      () => 'answered',
      (error: unknown) => ConnectError.from(error).code,
    );
  await expect.poll(answer).toBe(Code.DeadlineExceeded); // it waits for its host
  plugin.child.stderr.resume();
  expect(await plugin.exit).toEqual({ code: 2, signal: null });
  expect(plugin.stderr()).toMatch(
    /panic: a bug deep inside\n\nError: a bug deep inside\n(?: +at .*\n){10,}/,
  );
  expect(await crashed).toBe('failed');
  await connection.close();
});

import { join } from 'node:path';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { slowly } from '../../../../tools/testing/slowness.ts';
import { Testing } from '../gen/testing_pb.ts';
import { type Started, usePlugins } from '../support/plugins.ts';
import { hasGo, useGoPrograms } from './go.ts';

const program = useGoPrograms('./plugin');
const { start } = usePlugins();

const reason = 'the database is gone';
/** Ways to end in the middle of a call. Their order of lost connection, lost pipes and exit differs. */
const ends = [
  { how: 'exit', exit: { code: 7, signal: null }, message: 'exit status 7', line: reason },
  {
    how: 'panic',
    exit: { code: 2, signal: null },
    message: 'exit status 2',
    line: 'panic: a bug in the plugin',
  },
  {
    how: 'fatal error',
    exit: { code: 2, signal: null },
    message: 'exit status 2',
    line: 'fatal error: stack overflow',
  },
  { how: 'be killed', exit: { code: null, signal: 'SIGKILL' }, message: 'signal: SIGKILL' },
  {
    how: 'hang up and exit',
    exit: { code: 7, signal: null },
    message: 'exit status 7',
    line: reason,
  },
  { how: 'leave pipes', exit: { code: 7, signal: null }, message: 'exit status 7', line: reason },
  { how: 'leave sockets', exit: { code: 7, signal: null }, message: 'exit status 7', line: reason },
];

/** A call of each kind that is under way when the plugin ends, and one on a connection of its own. */
async function callsUnderWay({
  testing,
  plugin,
}: Started): Promise<{ main: Promise<unknown>[]; brokered: Promise<unknown> }> {
  const thrown = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => 'answered',
      (error: unknown) => error,
    );
  async function* open() {
    yield { text: 'a' };
    await plugin.exited;
  }
  const stream = testing.echoStream(open())[Symbol.asyncIterator]();
  expect((await stream.next()).value).toMatchObject({ text: 'a' });
  const { brokerId } = await testing.run({ text: 'accept' });
  const brokered = createClient(Testing, (await plugin.broker.dial(brokerId)).transport);
  return {
    main: [stream.next(), testing.run({ text: 'hang' })].map(thrown),
    brokered: thrown(brokered.run({ text: 'hang' })),
  };
}

describe.runIf(hasGo)('a Go plugin that ends in the middle of calls', () => {
  const rounds = ends.flatMap((end) =>
    [true, false, true].map((autoMtls) => ({ ...end, autoMtls })),
  );

  it.each(rounds)(
    '81: by $how (mutual TLS: $autoMtls) fails them with its exit status',
    async ({ how, exit, message, line, autoMtls }) => {
      const started = await start({ command: program(), autoMtls });
      const { plugin, testing } = started;
      const underWay = await callsUnderWay(started);
      const last = testing.run({ text: how }).catch((error: unknown) => error);
      expect(await plugin.exited).toMatchObject(exit);
      const exited = performance.now();
      const later = testing.echo({}).catch((error: unknown) => error);
      for (const call of [last, ...underWay.main, later, underWay.brokered]) {
        const error = await call;
        expect(performance.now() - exited).toBeLessThan(slowly(500));
        expect(error).toBeInstanceOf(ConnectError);
        expect(error).toMatchObject({
          code: Code.Unavailable,
          rawMessage: expect.stringContaining(`plugin exited (${message})`),
          cause: { name: 'GoPluginError', code: 'PLUGIN_EXITED' },
        });
        if (line) expect((error as ConnectError).rawMessage).toContain(line);
      }
      await expect(plugin.broker.dial(1)).rejects.toMatchObject({ code: 'BROKER_CLOSED' });
      await plugin.kill();
    },
  );

  it('81: tells its last lines, the start of a crash among them', async () => {
    const { plugin, testing } = await start({ command: program() });
    await testing.run({ text: 'panic' }).catch(() => {});
    const { lastLines } = await plugin.exited;
    expect(lastLines).toContainEqual(expect.stringMatching(/^panic: a bug in the plugin/));
  });
});

async function* nothing() {}

describe('a plugin', () => {
  // Those that Node.js itself uses for lost connections, and one that it does not.
  it.each([Code.Canceled, Code.Unknown, Code.Aborted, Code.Internal, Code.FailedPrecondition])(
    '81: that answered with status %i before it died is heard, however late',
    async (code) => {
      const command = join(import.meta.dirname, '../fixtures/last-word.ts');
      const env = { TESTING_STATUS: String(code) };
      const answer = { code, rawMessage: 'not today' };
      for (let time = 0; time < 2; time++) {
        const { plugin, testing } = await start({ command, env, autoMtls: false });
        await expect(testing.run({})).rejects.toMatchObject(answer);
        expect(await plugin.exited).toMatchObject({ code: 7, signal: null });
        await expect(testing.run({})).rejects.toMatchObject({
          code: Code.Unavailable,
          rawMessage: 'plugin exited (exit status 7)',
        });
      }
      const { plugin, testing } = await start({ command, env, autoMtls: false });
      const stream = testing.echoStream(nothing())[Symbol.asyncIterator]();
      expect((await stream.next()).value).toMatchObject({ text: 'a' });
      await plugin.exited;
      await plugin.kill();
      await expect(stream.next()).rejects.toMatchObject(answer);
    },
  );

  it('82: whose address another server has taken over is refused', async () => {
    const command = join(import.meta.dirname, '../fixtures/impostor.ts');
    await expect(start({ command })).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringMatching(/^could not connect to unix .*: .*certificate/),
    });
  });
});

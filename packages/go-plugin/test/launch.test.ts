import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Code } from '@connectrpc/connect';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import { pluginPath, usePlugins } from './support/plugins.ts';
import { endAll, runRaw } from './support/raw.ts';

const { start, tmp } = usePlugins();
afterEach(endAll);
const hostPath = join(import.meta.dirname, 'fixtures/host.ts');
const barePath = join(import.meta.dirname, 'fixtures/bare.ts');

describe.each([{ autoMtls: true }, { autoMtls: false }])('a plugin launched with %o', (options) => {
  it('answers calls of each kind', async () => {
    const { plugin, testing } = await start(options);
    expect(plugin.negotiatedVersion).toBe(3);
    expect(await testing.run({ text: 'version' })).toMatchObject({ text: '3' });
    expect(await testing.echo({ text: 'hi', data: new Uint8Array(1_000_000) })).toMatchObject({
      text: 'hi',
      data: { length: 1_000_000 },
    });
    async function* three() {
      yield* [{ text: 'a' }, { text: 'b' }, { text: 'c' }];
    }
    const echoes = await Array.fromAsync(testing.echoStream(three()), ({ text }) => text);
    expect(echoes).toEqual(['a', 'b', 'c']);
    await expect(testing.run({ text: 'fail' })).rejects.toMatchObject({
      code: Code.FailedPrecondition,
      rawMessage: 'not today',
    });
  });

  it('ends gracefully and leaves nothing', async () => {
    const { plugin, testing } = await start(options);
    const hanging = testing.run({ text: 'hang' }).catch((error: unknown) => error);
    const began = performance.now();
    await Promise.all([plugin.kill(), plugin.kill()]);
    expect(performance.now() - began).toBeLessThan(slowly(1_500));
    expect(await plugin.exited).toMatchObject({ code: 0, signal: null });
    expect(await hanging).toMatchObject({ code: Code.Unavailable });
    await plugin.kill();
    await expect(testing.echo({})).rejects.toMatchObject({ code: Code.Unavailable });
  });
});

describe('a launched plugin', () => {
  it('serves the version that both sides know best', async () => {
    const { plugin, testing } = await start({ versions: [1, 2] });
    expect(plugin.negotiatedVersion).toBe(2);
    expect(await testing.run({ text: 'version' })).toMatchObject({ text: '2' });
  });

  it('inherits the allowed variables, the ones of its host, and nothing else', async () => {
    vi.stubEnv('PLUGIN_CLIENT_CERT', 'of an outer host');
    vi.stubEnv('PLUGIN_MULTIPLEX_GRPC', 'true');
    vi.stubEnv('SECRET_OF_THE_HOST', 'secret');
    vi.stubEnv('https_proxy', 'http://proxy');
    try {
      const { testing } = await start({
        autoMtls: false,
        env: { MINE: 'yes', TESTING_PLUGIN: 'wrong', PLUGIN_UNIX_SOCKET_GROUP: 'nobody' },
      });
      const seen = JSON.parse((await testing.run({ text: 'environment' })).text);
      for (const name of [
        'TZ',
        'LANG',
        'HTTP_PROXY',
        'HTTPS_PROXY',
        'NO_PROXY',
        'http_proxy',
        'no_proxy',
      ]) {
        delete seen[name];
      }
      expect(seen).toEqual({
        PATH: process.env['PATH'],
        TMPDIR: tmp(),
        https_proxy: 'http://proxy',
        MINE: 'yes',
        TESTING_PLUGIN: 'cookie',
        PLUGIN_MIN_PORT: '10000',
        PLUGIN_MAX_PORT: '25000',
        PLUGIN_PROTOCOL_VERSIONS: '2,3',
        PLUGIN_UNIX_SOCKET_DIR: expect.stringContaining(tmp()),
      });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('logs through the logger of the host, and what it prints goes there at debug', async () => {
    const { testing, entries } = await start();
    await testing.run({ text: 'log' });
    await testing.run({ text: 'print' });
    await expect
      .poll(() => entries.filter((entry) => entry['printedTo']))
      .toEqual([
        { level: 'debug', printedTo: 'stdout', msg: 'hello from stdout' },
        { level: 'debug', printedTo: 'stderr', msg: 'hello from stderr' },
        { level: 'debug', printedTo: 'stdout', msg: 'part one, part two ✓' },
      ]);
    expect(entries.filter((entry) => entry['module'] === 'testing')).toEqual([
      { level: 'trace', module: 'testing', timestamp: expect.any(String), msg: 'a trace' },
      {
        level: 'warn',
        module: 'testing',
        timestamp: expect.any(String),
        fields: { nested: { n: 1 } },
        msg: 'quote " newline \n and ✓',
      },
    ]);
  });

  it('logs what its handlers did not mean to throw, and hides it from their callers', async () => {
    const { testing, entries } = await start();
    await expect(testing.run({ text: 'break down' })).rejects.toMatchObject({
      code: Code.Internal,
      rawMessage: 'internal error',
    });
    await expect
      .poll(() => entries)
      .toContainEqual({
        level: 'error',
        module: 'go-plugin',
        msg: 'goplugin.testing.Testing/Run failed',
        timestamp: expect.any(String),
        fields: { error: expect.stringMatching(/^Error: nobody foresaw this\n +at /) },
      });
    await expect(testing.run({ text: 'fail' })).rejects.toMatchObject({ rawMessage: 'not today' });
    expect(entries.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('refuses messages above its limit, and so does its host', async () => {
    const { testing } = await start({ env: { TESTING_MAX_BYTES: '5000' }, maxMessageBytes: 3000 });
    await expect(testing.echo({ data: new Uint8Array(6000) })).rejects.toMatchObject({
      code: Code.ResourceExhausted,
    });
    await expect(testing.echo({ data: new Uint8Array(4000) })).rejects.toMatchObject({
      code: Code.ResourceExhausted,
    });
    expect(await testing.echo({ data: new Uint8Array(2000) })).toMatchObject({
      data: { length: 2000 },
    });
  });

  it('keeps deadline and cancellation of a call apart from a lost connection', async () => {
    const { testing } = await start();
    await expect(testing.run({ text: 'hang' }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
    });
    const signal = AbortSignal.timeout(50);
    await expect(testing.run({ text: 'hang' }, { signal })).rejects.toMatchObject({
      code: Code.Canceled,
    });
    expect(await testing.echo({ text: 'fine' })).toMatchObject({ text: 'fine' });
  });

  it('is lost for good when it crashes, with its last words', async () => {
    const { plugin, testing, entries } = await start();
    async function* never() {
      yield { text: 'a' };
      await plugin.exited;
    }
    const stream = testing.echoStream(never())[Symbol.asyncIterator]();
    await stream.next();
    await expect(testing.run({ text: 'crash' })).rejects.toMatchObject({ code: Code.Unavailable });
    await expect(stream.next()).rejects.toMatchObject({ code: Code.Unavailable });
    const { code, signal, lastLines } = await plugin.exited;
    expect({ code, signal }).toEqual({ code: 2, signal: null });
    expect(lastLines.slice(0, 3)).toEqual([
      'panic: a bug in the plugin',
      '',
      'Error: a bug in the plugin',
    ]);
    const panic = entries.findIndex(({ msg }) => msg.startsWith('panic: '));
    expect(entries.slice(panic, panic + 4).map(({ level }) => level)).toEqual(
      Array(4).fill('error'),
    );
    await expect(testing.echo({})).rejects.toMatchObject({ code: Code.Unavailable });
    await expect(plugin.broker.dial(1)).rejects.toMatchObject({ code: 'BROKER_CLOSED' });
  });

  it.each(['waits', 'busy'])('that ignores Shutdown (%s) is killed after 2 s', async (how) => {
    const { plugin, entries } = await start({ env: { TESTING_HANG_SHUTDOWN: how } });
    const began = performance.now();
    await plugin.kill();
    const took = performance.now() - began;
    expect(took).toBeGreaterThan(how === 'busy' ? 1_900 : 1_400);
    expect(took).toBeLessThan(slowly(3_000));
    const exit = how === 'busy' ? { code: null, signal: 'SIGKILL' } : { code: 0, signal: null };
    expect(await plugin.exited).toMatchObject(exit);
    const warned = entries.some(({ msg }) => msg === 'plugin failed to exit gracefully');
    expect(warned).toBe(how === 'busy');
  });

  it('keeps its host alive no longer than until it is killed', async () => {
    const host = runRaw(
      {},
      { command: process.execPath, args: ['--conditions=vrsky:source', hostPath] },
    );
    await host.handshake();
    const killed = performance.now();
    expect(await host.exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - killed).toBeLessThan(slowly(4_000));
    expect(host.stdout()).toBe('killed\n');
  });

  it('starts only when its checksum is the expected one', async () => {
    const sha256 = createHash('sha256')
      .update(await readFile(pluginPath))
      .digest('hex');
    const { testing } = await start({ sha256: sha256.toUpperCase() });
    expect(await testing.echo({ text: 'trusted' })).toMatchObject({ text: 'trusted' });
  });

  it('without broker, stdio and controller works, and is killed in the end', async () => {
    const { plugin, testing, entries } = await start({ command: barePath, autoMtls: false });
    await expect(testing.echo({})).rejects.toMatchObject({ code: Code.Unimplemented });
    await expect
      .poll(() => entries.map(({ msg }) => msg))
      .toContain("the stream of the plugin's printed output ended");
    await expect(plugin.broker.dial(1)).rejects.toMatchObject({ code: 'BROKER_CLOSED' });
    await plugin.kill();
    expect(await plugin.exited).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  it('that hangs up is not dialled again but ended', async () => {
    const env = { DROPPING: 'yes' };
    const { plugin, testing } = await start({ command: barePath, autoMtls: false, env });
    await expect(testing.echo({})).rejects.toMatchObject({ code: Code.Unavailable });
    expect(await plugin.exited).toMatchObject({ code: null, signal: 'SIGTERM' });
  });
});

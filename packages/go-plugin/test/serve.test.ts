import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from '@connectrpc/connect';
import { afterEach, describe, expect, it } from 'vitest';
import { GRPCController } from '../src/gen/plugin/grpc_controller_pb.ts';
import { type Connection, connect } from '../src/grpc/connection.ts';
import { toAddress } from '../src/handshake/handshake.ts';
import { Testing } from './gen/testing_pb.ts';
import { pluginPath, usePlugins } from './support/plugins.ts';
import { endAll, runRaw } from './support/raw.ts';

const { script, tmp } = usePlugins();
afterEach(endAll);

describe('a plugin started by hand', () => {
  it.each([{ cookie: '' }, { cookie: 'wrong' }])(
    'explains itself on stderr (%o)',
    async (options) => {
      const plugin = runRaw({}, options);
      expect(await plugin.exit).toEqual({ code: 1, signal: null });
      expect(plugin.stdout()).toBe('');
      expect(plugin.stderr()).toBe(
        'This binary is a plugin. These are not meant to be executed directly.\n' +
          'Please execute the program that consumes these plugins, which will\n' +
          'load any plugins automatically\n',
      );
    },
  );

  it('says so when its author set no cookie', async () => {
    const plugin = runRaw(
      {},
      {
        command: await served(
          `{ handshake: { magicCookieKey: '', magicCookieValue: 'x' }, versions: {} }`,
        ),
      },
    );
    expect(await plugin.exit).toEqual({ code: 1, signal: null });
    expect(plugin.stdout()).toBe('');
    expect(plugin.stderr()).toBe(
      'Misconfigured ServeConfig given to serve this plugin: no magic cookie\n' +
        'key or value was set. Please notify the plugin author and report\nthis as a bug.\n',
    );
  });
});

describe('the handshake of a plugin', () => {
  it.each([
    [{ PLUGIN_PROTOCOL_VERSIONS: '1,2,3' }, '3', []],
    [{ PLUGIN_PROTOCOL_VERSIONS: 'x,2' }, '2', []],
    [{ PLUGIN_PROTOCOL_VERSIONS: '8' }, '2', []],
    [{}, '2', []],
    [{ PLUGIN_MULTIPLEX_GRPC: 'true' }, '2', ['false']],
    [{ PLUGIN_MULTIPLEX_GRPC: 'false' }, '2', ['false']],
  ] as const)('with %o is version %s and ends in %o', async (env, version, rest) => {
    const plugin = runRaw(env);
    const [core, app, network, path = '', ...fields] = await plugin.handshake();
    expect([core, app, network]).toEqual(['1', version, 'unix']);
    expect(path).toMatch(new RegExp(`^${tmp()}/plugin\\d+$`));
    expect(fields).toEqual(['grpc', '', ...rest]);
    if ('PLUGIN_PROTOCOL_VERSIONS' in env && env.PLUGIN_PROTOCOL_VERSIONS.startsWith('x')) {
      expect(plugin.stderr()).toContain('server sent invalid plugin version');
    }
    plugin.child.kill('SIGTERM');
    expect(await plugin.exit).toEqual({ code: 0, signal: null });
    expect(plugin.stdout()).toMatch(/^[^\n]+\n$/);
  });

  it('is for its owner alone, or for the group that the host names', async () => {
    const gid = process.getgid?.() ?? 0;
    for (const [env, mode] of [
      [{}, 0o600],
      [{ PLUGIN_UNIX_SOCKET_GROUP: String(gid) }, 0o660],
    ] as const) {
      const plugin = runRaw(env);
      const socket = await stat((await plugin.handshake())[3] ?? '');
      expect(socket).toMatchObject({ gid });
      expect(socket.mode & 0o777).toBe(mode);
      plugin.child.kill('SIGTERM');
      await plugin.exit;
    }
  });

  it.each([
    [{ PLUGIN_UNIX_SOCKET_GROUP: 'no-such-group' }, 'no group named'],
    [
      { PLUGIN_UNIX_SOCKET_DIR: '/no/such/dir' },
      'could not listen on unix socket /no/such/dir/plugin',
    ],
    [{ PLUGIN_CLIENT_CERT: 'garbage' }, 'client cert provided but failed to parse: '],
    [{ TESTING_FAIL_LISTENING: 'yes' }, 'no permission to go on'],
  ])('does not happen with %o', async (env, reason) => {
    const plugin = runRaw(env);
    expect(await plugin.exit).toEqual({ code: 1, signal: null });
    expect(plugin.stdout()).toBe('');
    expect(JSON.parse(plugin.stderr())).toMatchObject({
      '@level': 'error',
      '@message': 'plugin init error',
      error: expect.stringContaining(reason),
    });
  });
});

describe('a plugin', () => {
  it('ignores SIGINT, and SIGTERM once, while calls go on', async () => {
    const plugin = runRaw({});
    const [, , network = '', path = ''] = await plugin.handshake();
    const connection = await connect(toAddress(network, path), {
      tls: undefined,
      maxMessageBytes: 1000,
      timeoutMs: 20_000,
    });
    plugin.child.kill('SIGINT');
    plugin.child.kill('SIGINT');
    await expect.poll(plugin.stderr).toContain('plugin received interrupt signal, ignoring');
    expect(await createClient(Testing, connection.transport).echo({ text: 'on' })).toMatchObject({
      text: 'on',
    });
    plugin.child.kill('SIGTERM');
    await expect.poll(plugin.stderr).toContain('plugin received SIGTERM, waiting');
    expect(await createClient(Testing, connection.transport).echo({ text: 'on' })).toMatchObject({
      text: 'on',
    });
    plugin.child.kill('SIGTERM');
    expect(await plugin.exit).toEqual({ code: 0, signal: null });
    await connection.closed;
  });

  it('that got SIGTERM ends with the Shutdown of its host, when that leaves, or in the end', async () => {
    const ends = {
      Shutdown: ({ transport }: Connection) => createClient(GRPCController, transport).shutdown({}),
      leaving: (connection: Connection) => connection.close(),
      waiting: async () => {},
    };
    await Promise.all(
      Object.entries(ends).map(async ([how, end]) => {
        const plugin = runRaw({ TESTING_DRAIN_MS: how === 'waiting' ? '100' : '60000' });
        const [, , network = '', path = ''] = await plugin.handshake();
        const options = { tls: undefined, maxMessageBytes: 1000, timeoutMs: 20_000 };
        const connection = await connect(toAddress(network, path), options);
        plugin.child.kill('SIGTERM');
        await expect.poll(plugin.stderr).toContain('plugin received SIGTERM, waiting');
        await end(connection);
        expect(await plugin.exit).toEqual({ code: 0, signal: null });
        await connection.close();
      }),
    );
  });

  it('survives its host: nobody reads its stdout and stderr', async () => {
    const plugin = runRaw({});
    await plugin.handshake();
    plugin.child.stdout.destroy();
    plugin.child.stderr.destroy();
    plugin.child.kill('SIGINT');
    plugin.child.kill('SIGTERM');
    expect(await plugin.exit).toEqual({ code: 0, signal: null });
  });

  it.each([
    ['throws', '() => { throw new Error("a bug") }'],
    ['rejects', '() => Promise.reject(new Error("a bug"))'],
  ])('that %s while it loads panics like one in Go', async (_how, load) => {
    const plugin = runRaw({}, { command: await served(`{ handshake, versions: { 1: ${load} } }`) });
    expect(await plugin.exit).toEqual({ code: 2, signal: null });
    expect(plugin.stderr()).toMatch(/^panic: a bug\n\nError: a bug\n {4}at /);
  });

  it('rewrites all that it says: its log, the last words of a crash, and what it prints', async () => {
    const load = `() => {
      console.log('printed secret');
      process.emitWarning('warned of a secret');
      throw Object.assign(new Error('a secret failed'), { detail: 'x'.repeat(20_000) + 'secret' });
    }`;
    const options = `{ handshake, versions: { 1: ${load} }, rewrite: (text) => text.replaceAll('secret', 'XXX') }`;
    const plugin = runRaw(
      { PLUGIN_PROTOCOL_VERSIONS: 'secret' },
      { command: await served(options) },
    );
    expect(await plugin.exit).toEqual({ code: 2, signal: null });
    expect(plugin.stderr()).toContain('server sent invalid plugin version \\"XXX\\"');
    expect(plugin.stderr()).toMatch(/^panic: a XXX failed\n/m);
    expect(plugin.stderr()).toContain('xxXXX');
    expect(plugin.stderr()).not.toContain('secret');
  });

  it('without any version does not start', async () => {
    const plugin = runRaw({}, { command: await served('{ handshake, versions: {} }') });
    expect(await plugin.exit).toEqual({ code: 1, signal: null });
    expect(plugin.stderr()).toContain('no protocol version is served');
  });

  it('may give up its permissions, and still removes its socket', async () => {
    const root = join(import.meta.dirname, '../../..');
    const permissions = [
      '--permission',
      '--allow-net',
      `--allow-fs-read=${root}`,
      `--allow-fs-write=${tmp()}`,
    ];
    const plugin = runRaw(
      { TESTING_DROP_PERMISSIONS: 'fs.write' },
      {
        command: process.execPath,
        args: [...permissions, '--conditions=vrsky:source', pluginPath],
      },
    );
    const [, , , path = ''] = await plugin.handshake();
    expect((await stat(path)).isSocket()).toBe(true);
    plugin.child.kill('SIGTERM');
    expect(await plugin.exit).toEqual({ code: 0, signal: null });
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });
});

/** An executable that serves with the given options. */
function served(options: string): Promise<string> {
  const source = (path: string): string => JSON.stringify(join(import.meta.dirname, path));
  return script(`#!/usr/bin/env -S node --conditions=vrsky:source
import { serve } from ${source('../src/server/index.ts')};
import { handshake } from ${source('fixtures/handshake.ts')};
serve(${options});
`);
}

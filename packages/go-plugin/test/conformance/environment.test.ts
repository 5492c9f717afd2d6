import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Started, usePlugins } from '../support/plugins.ts';
import { hasGo, useGoPrograms } from './go.ts';

const program = useGoPrograms('./plugin');
const { start, tmp } = usePlugins();
afterEach(() => void vi.unstubAllEnvs());

async function environmentOf({ testing }: Started): Promise<Record<string, string>> {
  return JSON.parse((await testing.run({ text: 'environment' })).text);
}

/** As if this host were itself a plugin of another one. */
function stubOuterHost(): void {
  vi.stubEnv('PLUGIN_CLIENT_CERT', 'of the outer host');
  vi.stubEnv('PLUGIN_MULTIPLEX_GRPC', 'true');
  vi.stubEnv('PLUGIN_PROTOCOL_VERSIONS', '99');
  vi.stubEnv('PLUGIN_MIN_PORT', '1');
  vi.stubEnv('PLUGIN_MAX_PORT', '2');
  vi.stubEnv('PLUGIN_UNIX_SOCKET_DIR', '/nowhere');
  vi.stubEnv('PLUGIN_UNIX_SOCKET_GROUP', 'nobody');
  vi.stubEnv('TESTING_PLUGIN', 'another cookie');
}

const goPluginsOwn = {
  TESTING_PLUGIN: 'cookie',
  PLUGIN_MIN_PORT: '10000',
  PLUGIN_MAX_PORT: '25000',
  PLUGIN_PROTOCOL_VERSIONS: '3,2',
  PLUGIN_UNIX_SOCKET_DIR: expect.stringMatching(/\/plugin-dir[^/]+$/),
};

describe.runIf(hasGo)('the environment of a Go plugin', () => {
  it('69: is what go-plugin sets, and of the host only what all programs need', async () => {
    stubOuterHost();
    vi.stubEnv('SECRET_OF_THE_HOST', 'secret');
    vi.stubEnv('https_proxy', 'http://proxy');
    for (const name of ['TZ', 'LANG', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy']) {
      vi.stubEnv(name, undefined);
    }
    vi.stubEnv('no_proxy', 'localhost');
    const options = {
      command: program(),
      versions: [3, 2],
      env: { MINE: 'a=b\n✓', NOT_SET: undefined },
    };
    const started = await start({ ...options, autoMtls: false });
    const seen = await environmentOf(started);
    expect(seen).toEqual({
      PATH: process.env['PATH'],
      TMPDIR: tmp(),
      https_proxy: 'http://proxy',
      no_proxy: 'localhost',
      MINE: 'a=b\n✓',
      ...goPluginsOwn,
    });
    expect(dirname(seen['PLUGIN_UNIX_SOCKET_DIR'] ?? '')).toBe(tmp());
  });

  it('69: is all of the host on demand, but nothing of an outer host', async () => {
    stubOuterHost();
    vi.stubEnv('SECRET_OF_THE_HOST', 'no secret');
    const env = process.env;
    const seen = await environmentOf(
      await start({ command: program(), versions: [3, 2], env, autoMtls: false }),
    );
    const own = Object.entries(env).filter(([name]) => !name.startsWith('PLUGIN_'));
    expect(seen).toEqual({ ...Object.fromEntries(own), ...goPluginsOwn });
    expect(seen['SECRET_OF_THE_HOST']).toBe('no secret');
  });

  it('69: holds the certificate of the host as PEM, and of this host', async () => {
    stubOuterHost();
    const seen = await environmentOf(await start({ command: program() }));
    expect(seen['PLUGIN_CLIENT_CERT']).toMatch(
      /^-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/]{64}\n)+[A-Za-z0-9+/]*={0,2}\n-----END CERTIFICATE-----\n$/,
    );
    expect(seen['PLUGIN_MULTIPLEX_GRPC']).toBeUndefined();
  });

  it('70: comes with an empty stdin, not with that of the host', async () => {
    const fixture = join(import.meta.dirname, '../fixtures/stdin-host.ts');
    const host = spawn(process.execPath, ['--conditions=vrsky:source', fixture, program()], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const exit = once(host, 'exit');
    host.stdin.end('a secret for the host\n');
    expect(await text(host.stdout)).toBe('');
    expect(await exit).toEqual([0, null]);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createClient } from '@connectrpc/connect';
import type { ReattachConfig } from '@vrsky/go-plugin';
import { launch, type PluginProcess, reattach } from '@vrsky/go-plugin/host';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { slowly } from '../../../../tools/testing/slowness.ts';
import { handshake } from '../fixtures/handshake.ts';
import { Testing } from '../gen/testing_pb.ts';
import { recordingLogger } from '../support/logger.ts';
import { usePlugins } from '../support/plugins.ts';
import { endAll, type RawPlugin, runRaw } from '../support/raw.ts';
import { hasGo, useGoPrograms } from './go.ts';

const program = useGoPrograms('./plugin');
const { start, tmp } = usePlugins();
const attached: PluginProcess[] = [];
afterEach(endAll);
afterEach(async () => {
  await Promise.all(attached.splice(0).map((plugin) => plugin.kill()));
});

const nowhere = { network: 'unix', address: '/nowhere/plugin' } as const;
const notFound = {
  name: 'GoPluginError',
  code: 'REATTACH_FAILED',
  message: expect.stringMatching(/^reattachment process not found\b.*\n./),
};
const unknownEnd = { code: null, signal: null, lastLines: [] };

/** A Go plugin that was started by somebody else, without mutual TLS. */
async function startElsewhere(...args: string[]): Promise<RawPlugin & { config: ReattachConfig }> {
  const raw = runRaw({ PLUGIN_UNIX_SOCKET_DIR: await socketDir() }, { command: program(), args });
  const [, version, , address = ''] = await raw.handshake();
  const place = { network: 'unix', address } as const;
  const pid = raw.child.pid ?? 0;
  return { ...raw, config: { protocolVersion: Number(version), address: place, pid, test: false } };
}

async function startTestMode(): Promise<RawPlugin & { config: ReattachConfig }> {
  const args = ['-test-mode'];
  const raw = runRaw(
    { PLUGIN_UNIX_SOCKET_DIR: await socketDir() },
    { command: program(), args, cookie: '' },
  );
  const line = await raw.handshake();
  return { ...raw, config: JSON.parse(line.join('|')) };
}

/** A plugin that is killed leaves its socket: outside of the directory that must stay empty. */
async function socketDir(): Promise<string> {
  const path = await mkdtemp(join(dirname(tmp()), 'sockets-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function attach(config: ReattachConfig, versions = [2, 3]) {
  const { log, entries } = recordingLogger();
  const plugin = await reattach({ config, versions, log });
  attached.push(plugin);
  return { plugin, entries };
}

async function expectServing({ transport }: PluginProcess): Promise<void> {
  const echo = await createClient(Testing, transport).echo({ text: 'hi' });
  expect(echo).toMatchObject({ text: 'hi' });
}

/** A process that has nothing to do with any plugin. */
function startBystander() {
  const { PATH = '' } = process.env;
  const child = spawn('sleep', ['1000'], { stdio: 'ignore', env: { PATH } });

  const exit = once(child, 'exit');
  onTestFinished(async () => {
    child.kill();
    await exit;
  });
  return {
    pid: child.pid ?? 0,
    running: () => child.exitCode === null && child.signalCode === null,
  };
}

describe.runIf(hasGo)('a Go plugin that runs already', () => {
  it('85: is attached to, serves, and ends with kill', async () => {
    const { config, exit } = await startElsewhere();
    const { plugin } = await attach(config);
    expect(plugin).toMatchObject({ pid: config.pid, negotiatedVersion: 2 });
    expect(plugin.reattachConfig).toMatchObject(config);
    await expectServing(plugin);
    const { brokerId } = await createClient(Testing, plugin.transport).run({ text: 'accept' });
    const brokered = await plugin.broker.dial(brokerId);
    expect(await createClient(Testing, brokered.transport).echo({ text: 'b' })).toMatchObject({
      text: 'b',
    });
    await brokered.close();
    const began = performance.now();
    await plugin.kill();
    expect(performance.now() - began).toBeLessThan(slowly(1_500));
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(await plugin.exited).toEqual(unknownEnd);
    expect(existsSync(config.address.address)).toBe(false);
  });

  it('85: is attached to by what its first host tells', async () => {
    const first = await start({ command: program(), autoMtls: false });
    const config = JSON.parse(JSON.stringify(first.plugin.reattachConfig));
    expect(config).toMatchObject({ protocolVersion: 3, pid: first.plugin.pid, test: false });
    expect(dirname(config.address.address)).toBe(config.socketDir);
    const { plugin } = await attach(config);
    await expectServing(plugin);
    await expectServing(first.plugin);
    await plugin.kill();
    expect(await first.plugin.exited).toMatchObject({ code: 0, signal: null });
    await expect.poll(() => existsSync(config.socketDir)).toBe(false);
  });

  it('85: is attached to after its first host has died, and leaves no socket', async () => {
    const fixture = join(import.meta.dirname, '../fixtures/dying-host.ts');
    const args = ['--conditions=vrsky:source', fixture, program()];
    const host = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const config = JSON.parse(await text(host.stdout));
    const { plugin } = await attach(config);
    await expectServing(plugin);
    await plugin.kill();
    expect(existsSync(config.socketDir)).toBe(false);
  });

  it('85: cannot be attached to when it has mutual TLS', async () => {
    const { plugin } = await start({ command: program() });
    expect(plugin.reattachConfig).toBeUndefined();
  });

  it('85: ends by itself, and the host is told', async () => {
    const { child, config } = await startElsewhere();
    const { plugin } = await attach(config);
    const call = createClient(Testing, plugin.transport).run({ text: 'hang' });
    const failed = expect(call).rejects.toThrow('unavailable');
    child.kill('SIGKILL');
    await failed;
    expect(await plugin.exited).toEqual(unknownEnd);
    await expect(attach(config)).rejects.toMatchObject({ code: 'REATTACH_FAILED' });
  });

  it('85: is killed after 2 s when it ignores Shutdown, for it is the one that listens', async () => {
    const { config, exit } = await startElsewhere('-hang-shutdown');
    const { plugin } = await attach(config);
    const began = performance.now();
    await plugin.kill();
    expect(performance.now() - began).toBeGreaterThan(1_900);
    expect(performance.now() - began).toBeLessThan(slowly(3_000));
    expect(await exit).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('85: is not killed under the pid of another process, nor is that one', async () => {
    const { child, config } = await startElsewhere('-hang-shutdown');
    const bystander = startBystander();
    const { plugin, entries } = await attach({ ...config, pid: bystander.pid });
    await expectServing(plugin);
    await plugin.kill();
    expect(await plugin.exited).toEqual(unknownEnd);
    expect(bystander.running()).toBe(true);
    expect(child.exitCode ?? child.signalCode).toBeNull();
    expect(entries).toContainEqual(
      expect.objectContaining({ level: 'warn', msg: expect.stringMatching(/^not killed: /) }),
    );
  });

  it('85: is left alone in test mode, without cookie and after each host', async () => {
    const { child, config, exit } = await startTestMode();
    expect(config).toMatchObject({ protocolVersion: 2, pid: child.pid, test: true });
    for (let time = 0; time < 2; time++) {
      const { plugin } = await attach(config);
      expect(plugin.negotiatedVersion).toBe(2);
      await expectServing(plugin);
      await plugin.kill();
      await expect(expectServing(plugin)).rejects.toThrow('unavailable');
    }
    expect(child.exitCode ?? child.signalCode).toBeNull();
    child.kill('SIGTERM');
    expect(await exit).toEqual({ code: 0, signal: null });
    await expect(attach(config)).rejects.toMatchObject({ code: 'REATTACH_FAILED' });
  });

  it('85: is not found under the pid of a process that has ended', async () => {
    const { config } = await startElsewhere();
    const gone = spawn('true', { stdio: 'ignore' });
    await once(gone, 'exit');
    await expect(attach({ ...config, pid: gone.pid ?? 0 })).rejects.toMatchObject(notFound);
  });

  it('85: is refused when its version is not one of the host', async () => {
    const { config } = await startElsewhere();
    await expect(attach(config, [3, 4])).rejects.toMatchObject({
      code: 'APP_VERSION_INCOMPATIBLE',
      message: expect.stringMatching(
        /^incompatible API version with plugin\. Plugin version: 2, Client versions: \[3 4\]\n/,
      ),
    });
  });
});

describe('a host that attaches', () => {
  const config = { protocolVersion: 3, address: nowhere, pid: process.pid, test: false };
  it('85: finds nothing where nobody listens, in test mode or not', async () => {
    for (const test of [false, true]) {
      await expect(attach({ ...config, test })).rejects.toMatchObject(notFound);
    }
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    const port = typeof bound === 'object' ? bound?.port : 0;
    server.close();
    await once(server, 'close');
    const address = { network: 'tcp', address: `127.0.0.1:${port}` } as const;
    await expect(attach({ ...config, address })).rejects.toMatchObject(notFound);
  });

  it('85: may not mix the options of a start and of a reattachment', async () => {
    const { log } = recordingLogger();
    const versions = [3];
    const target = {
      code: 'MISCONFIGURED',
      message: expect.stringMatching(
        /^exactly one of Cmd, or Reattach, or RunnerFunc must be set\n./,
      ),
    };
    const both = { command: '/bin/true', handshake, config, versions, log };
    await expect(launch(both)).rejects.toMatchObject(target);
    await expect(reattach(both)).rejects.toMatchObject(target);
    const secure = { config, versions, log, sha256: '0'.repeat(64) };
    await expect(reattach(secure)).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      message: expect.stringMatching(/^only one of Reattach or SecureConfig can be set\n./),
    });
  });
});

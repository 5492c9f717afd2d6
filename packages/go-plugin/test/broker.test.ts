import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Code, createClient } from '@connectrpc/connect';
import { http2StreamKey, type Routes } from '@vrsky/go-plugin';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Testing } from './gen/testing_pb.ts';
import { type Started, usePlugins } from './support/plugins.ts';

const { start, tmp } = usePlugins();

const hostRoutes: Routes = (router) =>
  router.service(Testing, {
    echo: ({ text }) => ({ text: `${text}, back from the host` }),
    run: () => new Promise(() => {}),
  });

/** The plugin accepts, the host dials. */
async function dialPlugin({ plugin, testing }: Started) {
  const { brokerId } = await testing.run({ text: 'accept' });
  const { transport, close } = await plugin.broker.dial(brokerId);
  return { testing: createClient(Testing, transport), close };
}

/** All sockets of host and plugin. */
async function sockets(): Promise<string[]> {
  const names = await readdir(tmp(), { recursive: true });
  return names.filter((name) => name.includes('/plugin'));
}

afterEach(() => void vi.restoreAllMocks());

describe.each([{ autoMtls: true }, { autoMtls: false }])('the broker with %o', (options) => {
  it('lets the plugin call the host', async () => {
    const { plugin, testing } = await start(options);
    const brokerId = plugin.broker.nextId();
    const accepted = await plugin.broker.acceptAndServe(brokerId, hostRoutes);
    expect(await sockets()).toHaveLength(2);
    expect(await testing.run({ text: 'dial', brokerId })).toMatchObject({
      text: 'from the plugin, back from the host',
    });
    await accepted.close();
    expect(await sockets()).toHaveLength(1);
  });

  it('lets the host call the plugin', async () => {
    const started = await start(options);
    const brokered = await dialPlugin(started);
    expect(await brokered.testing.echo({ text: 'hi' })).toMatchObject({ text: 'hi' });
    await brokered.close();
    await expect(brokered.testing.echo({})).rejects.toMatchObject({ code: Code.Unavailable });
    expect(await started.testing.echo({ text: 'still there' })).toMatchObject({
      text: 'still there',
    });
  });

  it('serves 20 connections at once and 30 one after the other', async () => {
    const started = await start(options);
    const echo = async (): Promise<string> => {
      const brokered = await dialPlugin(started);
      const { text } = await brokered.testing.echo({ text: 'hi' });
      await brokered.close();
      return text;
    };
    const parallel = await Promise.all(Array.from({ length: 20 }, echo));
    expect(parallel).toEqual(Array(20).fill('hi'));
    for (let i = 0; i < 30; i++) expect(await echo()).toBe('hi');
  });

  it('closes with the plugin, and takes its sockets along', async () => {
    const started = await start(options);
    const { plugin } = started;
    await plugin.broker.acceptAndServe(plugin.broker.nextId(), hostRoutes);
    await dialPlugin(started);
    const waiting = plugin.broker.dial(99).catch((error: unknown) => error);
    process.kill(plugin.pid, 'SIGKILL');
    expect(await plugin.exited).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(await waiting).toMatchObject({ code: 'BROKER_CLOSED' });
    await plugin.kill();
    expect(await sockets()).toEqual([]);
    await expect(plugin.broker.acceptAndServe(5, hostRoutes)).rejects.toMatchObject({
      code: 'BROKER_CLOSED',
    });
  });
});

describe('the broker', () => {
  it('tells the plugin after 5 s that nobody accepts, and both live on', async () => {
    const { testing } = await start();
    const began = performance.now();
    await expect(testing.run({ text: 'dial', brokerId: 999 })).rejects.toMatchObject({
      rawMessage: expect.stringMatching(/^timeout waiting for connection info/),
    });
    expect(performance.now() - began).toBeGreaterThan(4_900);
    expect(await testing.echo({ text: 'fine' })).toMatchObject({ text: 'fine' });
  });

  it('counts ids from 1, for each side', async () => {
    const { plugin, testing } = await start();
    expect([plugin.broker.nextId(), plugin.broker.nextId()]).toEqual([1, 2]);
    expect(await testing.run({ text: 'accept' })).toMatchObject({ brokerId: 1 });
  });

  it('stops waiting when its caller does', async () => {
    const { plugin } = await start();
    const signal = AbortSignal.timeout(20);
    await expect(plugin.broker.dial(1, { signal })).rejects.toThrow('timeout');
  });

  it('prints nothing in the host when calls are cancelled or die', async () => {
    const printed = vi.spyOn(console, 'error');
    const { plugin, testing } = await start();
    const brokerId = plugin.broker.nextId();
    let calls = 0;
    let aborted = 0;
    const routes: Routes = (router) =>
      router.service(Testing, {
        async echo(_request, context) {
          calls++;
          expect(context.values.get(http2StreamKey)?.session?.destroyed).toBe(false);
          await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
          aborted++;
          return { text: 'too late' };
        },
      });
    await plugin.broker.acceptAndServe(brokerId, routes);
    const call = testing.run({ text: 'dial', brokerId }).catch((error: unknown) => error);
    await expect.poll(() => calls).toBe(1);
    process.kill(plugin.pid, 'SIGKILL');
    expect(await call).toMatchObject({ code: Code.Unavailable });
    await expect.poll(() => aborted).toBe(1);
    await plugin.kill();
    expect(printed).not.toHaveBeenCalled();
  });
});

describe('a socket of the host', () => {
  it('lies in a directory that is closed to others', async () => {
    await start();
    const [name = ''] = await readdir(tmp());
    expect(name).toMatch(/^plugin-dir/);
    const { mode } = await stat(join(tmp(), name));
    expect(mode & 0o777).toBe(0o700);
  });
});

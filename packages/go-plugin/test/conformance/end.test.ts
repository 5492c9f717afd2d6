import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { killAll } from '@vrsky/go-plugin/host';
import { describe, expect, it, onTestFinished } from 'vitest';
import { slowly } from '../../../../tools/testing/slowness.ts';
import { processesWith, type Started, usePlugins } from '../support/plugins.ts';
import { hasGo, useGoPrograms } from './go.ts';

const program = useGoPrograms('./plugin');
const { start, script, tmp } = usePlugins();

const graceful = { code: 0, signal: null };
const killed = { code: null, signal: 'SIGKILL' };

async function timeToKill({ plugin }: Started): Promise<number> {
  const began = performance.now();
  await plugin.kill();
  return performance.now() - began;
}

const warned = ({ entries }: Started): boolean =>
  entries.some(({ level, msg }) => level === 'warn' && msg === 'plugin failed to exit gracefully');

describe.runIf(hasGo)('the end of a Go plugin', () => {
  it.each([{ autoMtls: false }, { autoMtls: true }])(
    '71: is graceful with %o, though it drops the connection and with it the call of Shutdown',
    async (options) => {
      // What the plugin does after its server has stopped.
      const args = ['-clean-up', '700ms'];
      const all = await Promise.all(
        Array.from({ length: 5 }, () => start({ command: program(), args, ...options })),
      );
      // A call that hangs must not delay it.
      const calls = all.map(({ testing }) =>
        testing.run({ text: 'hang' }).then(
          () => 'answered',
          () => 'failed',
        ),
      );
      const times = await Promise.all(all.map(timeToKill));
      expect(Math.min(...times)).toBeGreaterThan(690);
      expect(Math.max(...times)).toBeLessThan(slowly(1_800));
      for (const started of all) {
        expect(await started.plugin.exited).toMatchObject(graceful);
        expect(warned(started)).toBe(false);
      }
      expect(await Promise.all(calls)).toEqual(Array(5).fill('failed'));
    },
  );

  it('is graceful after its connections have reached their maximal age', async () => {
    const started = await start({ command: program(), args: ['-max-age', '1s'] });
    const { plugin, testing } = started;
    const { session } = plugin.calls;
    const goodbye = once(session, 'goaway');
    const under = testing.run({ text: 'hang' }).catch(() => 'failed');
    await goodbye;
    expect(await testing.echo({ text: 'new' })).toMatchObject({ text: 'new' });
    const { brokerId } = await testing.run({ text: 'accept' });
    await (await plugin.broker.dial(brokerId)).close();
    await plugin.kill();
    expect(await plugin.exited).toMatchObject(graceful);
    expect(warned(started)).toBe(false);
    expect(await under).toBe('failed');
  });

  it.each([
    ['72: that does not answer Shutdown', ['-hang-shutdown']],
    ['73: that has no controller', ['-without', 'plugin.GRPCController']],
  ])('%s comes after 2 s', async (_title, args) => {
    const started = await start({ command: program(), args });
    const took = await timeToKill(started);
    expect(took).toBeGreaterThan(1_900);
    expect(took).toBeLessThan(slowly(2_500));
    expect(await started.plugin.exited).toMatchObject(killed);
    expect(warned(started)).toBe(true);
  });
});

describe.runIf(hasGo)('all plugins', () => {
  /** Starts a host process, and tells its next line of output each time. */
  async function startHost(silent: string) {
    const fixture = join(import.meta.dirname, '../fixtures/many-plugins-host.ts');
    const args = ['--conditions=vrsky:source', fixture, program(), silent];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exit = once(child, 'exit');
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value ?? 'null');
    return { child, exit, next };
  }

  it('88: of two hosts end with killAll, and nothing of them is left', async () => {
    const silent = await script('#!/bin/sh\nexec sleep 1000\n');
    const hosts = await Promise.all([startHost(silent), startHost(silent)]);
    const pids = (await Promise.all(hosts.map(({ next }) => next()))).flat();
    expect(new Set(pids).size).toBe(8);
    // Two hosts with four plugins each, and one each that never starts.
    expect(processesWith(`TMPDIR=${tmp()}`)).toHaveLength(2 + 8 + 2);
    expect(await readdir(tmp())).toHaveLength(10);
    for (const { child } of hosts) child.kill('SIGTERM');
    for (const { next, exit } of hosts) {
      const { exits, failed } = await next();
      expect(exits).toMatchObject([graceful, graceful, graceful, graceful]);
      expect(failed).toMatchObject({ code: 'START_CANCELLED' });
      expect(await exit).toEqual([0, null]);
    }
    expect(processesWith(`TMPDIR=${tmp()}`)).toEqual([]);
    expect(await readdir(tmp())).toEqual([]);
  });

  it('88: of this host end at once, not one after the other', async () => {
    const args = ['-hang-shutdown'];
    const all = await Promise.all(
      Array.from({ length: 4 }, () => start({ command: program(), args })),
    );
    const began = performance.now();
    await killAll();
    expect(performance.now() - began).toBeLessThan(3_000);
    for (const { plugin } of all) expect(await plugin.exited).toMatchObject(killed);
    expect(processesWith(`TMPDIR=${tmp()}`)).toEqual([]);
  });
});

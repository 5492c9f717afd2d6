import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { isRoot, owner } from '../../tools/testing/file-server.ts';
import { childrenOf } from '../../tools/testing/processes.ts';
import { needs } from '../../tools/testing/require-program.ts';
import { deadLetters } from '../support/host.ts';
import {
  arrivalsIn,
  arrived,
  type Drops,
  FILES,
  putAway,
  startDrops,
  startTransfer,
  tell,
} from './support/drop-to-drop.ts';

const KIB = 1024;

/** Waits for the end, and for what must hold of every run. */
async function expectAll(what: string, drops: Drops, bytes: number, file: string): Promise<void> {
  await arrived(drops, FILES);
  await putAway(drops);
  await vi.waitUntil(() => arrivalsIn(drops, bytes).temporary === 0, {
    timeout: 20_000,
    interval: 100,
  });
  const arrivals = arrivalsIn(drops, bytes);
  tell(what, arrivals);
  expect(arrivals).toMatchObject({ missing: 0, broken: 0, temporary: 0 });
  expect(deadLetters(file)).toEqual([]);
}

test.runIf(needs('proftpd'))(
  '5 x kill -9 of the connectors',
  async () => {
    const bytes = 64 * KIB;
    const drops = await startDrops(bytes);
    const { host, file } = startTransfer(drops, 'afterProcess: move');
    for (let kill = 1; kill <= 5; kill += 1) {
      await arrived(drops, kill * 80);
      host.killConnector();
    }
    await expectAll('5 x kill -9', drops, bytes, file);
    expect(await host.stop()).toBe(0);
  },
  300_000,
);

test.runIf(needs('proftpd'))(
  'the server is gone for 10 s',
  async () => {
    const bytes = 64 * KIB;
    const drops = await startDrops(bytes);
    const { host, file } = startTransfer(drops, 'afterProcess: delete');
    await arrived(drops, 150);
    await drops.server.stop();
    await sleep(10_000); // how long the fault lasts
    await drops.server.start();
    await expectAll('server killed for 10 s', drops, bytes, file);
    expect(await host.stop()).toBe(0);
  },
  300_000,
);

test.runIf(needs('proftpd'))(
  '10 x the link is cut at half of a transfer',
  async () => {
    const bytes = 1024 * KIB;
    const drops = await startDrops(bytes);
    const { host, file } = startTransfer(drops, 'afterProcess: move');
    const isHalfway = (name: string): boolean => {
      const size = name.endsWith('.part') ? sizeOf(join(drops.to, name)) : 0;
      return size > 0 && size < bytes;
    };
    for (let cut = 1; cut <= 10; cut += 1) {
      await arrived(drops, cut * 30);
      await vi.waitUntil(() => readdirSync(drops.to).some(isHalfway), {
        timeout: 60_000,
        interval: 1,
      });
      // Each session is a process of its own: with it all of its connections are cut.
      for (const pid of childrenOf(drops.server.pid)) process.kill(pid, 'SIGKILL');
    }
    await expectAll('10 x link cut', drops, bytes, file);
    expect(await host.stop()).toBe(0);
  },
  300_000,
);

test.runIf(needs('proftpd'))(
  'files that cannot be moved for a while',
  async () => {
    const bytes = 4 * KIB;
    const drops = await startDrops(bytes);
    const done = join(drops.from, '.done');
    mkdirSync(done);
    const forbid = (path: string): void =>
      isRoot ? chownSync(path, 0, 0) : chmodSync(path, 0o555);
    const permit = (path: string): void =>
      isRoot ? chownSync(path, owner.uid, owner.gid) : chmodSync(path, 0o755);
    forbid(done);
    const { host, file } = startTransfer(drops, 'afterProcess: move');
    await arrived(drops, FILES);
    expect(readdirSync(done)).toEqual([]);
    permit(done);
    await expectAll('a folder that is read-only', drops, bytes, file);
    expect(arrivalsIn(drops, bytes).duplicates).toBe(0);
    expect(await host.stop()).toBe(0);
  },
  300_000,
);

test.runIf(needs('proftpd'))(
  'two connectors with claims share the folder, and are killed',
  async () => {
    const bytes = 16 * KIB;
    const drops = await startDrops(bytes);
    const claiming = (id: string): string => `claim: rename\n    instanceId: ${id}`;
    const one = startTransfer(drops, claiming('one'), 'one');
    const two = startTransfer(drops, claiming('two'), 'two');
    await arrived(drops, 100);
    one.host.killConnector();
    await arrived(drops, 200);
    two.host.killConnector();
    await expectAll('two connectors with claims, 2 x kill -9', drops, bytes, one.file);
    expect([await one.host.stop(), await two.host.stop()]).toEqual([0, 0]);
  },
  300_000,
);

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

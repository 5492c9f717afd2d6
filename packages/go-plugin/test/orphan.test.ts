import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { processesWith } from './support/plugins.ts';

const hostPath = join(import.meta.dirname, 'fixtures/forgetful-host.ts');

test('a plugin ends by itself, and removes its socket, when its host is killed', async () => {
  const tmp = await mkdtemp(join(tmpdir(), 'orphan-'));
  onTestFinished(() => rm(tmp, { recursive: true }));
  const env = { ...process.env, TMPDIR: tmp };
  const host = spawn(process.execPath, ['--conditions=vrsky:source', hostPath], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface(host.stdout), 'line');
  expect(processesWith(`TMPDIR=${tmp}`)).toHaveLength(2);
  host.kill('SIGKILL');
  await expect.poll(() => processesWith(`TMPDIR=${tmp}`), { timeout: 5000 }).toEqual([]);
  const left = await readdir(tmp, { recursive: true });
  expect(left.filter((name) => /plugin\d+$/.test(name))).toEqual([]);
});

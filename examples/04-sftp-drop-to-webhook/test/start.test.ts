import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';

const start = join(import.meta.dirname, '../start.ts');

function run(...args: string[]): { child: ChildProcess; shown(): string } {
  const child = spawn(process.execPath, ['--conditions=vrsky:source', start, ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  return { child, shown: () => text };
}

test('with --once it drops a file itself, shows its arrival and ends with 0', async () => {
  const { child, shown } = run('--once');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(shown()).toContain('dropped order.json');
  expect(shown()).toMatch(/endpoint got ftp-[0-9a-f]{64} \(11 bytes\)/);
  expect(shown()).toMatch(/delivered {4}ftp-[0-9a-f]{64} \(11 bytes, \d+ ms/);
});

test('the line that it prints works, and Ctrl-C ends it with 0', async () => {
  const { child, shown } = run();
  await vi.waitUntil(() => /echo .*order\.json/.test(shown()), { timeout: slowly(15_000) });
  const line = /echo .*order\.json/.exec(shown())?.[0] ?? '';
  execFileSync('sh', ['-c', line], { stdio: 'pipe' });
  await vi.waitUntil(() => shown().includes('delivered'), { timeout: slowly(15_000) });
  expect(shown()).toMatch(/endpoint got ftp-[0-9a-f]{64} \(12 bytes\)/);
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(shown()).toContain('Stopped in good order.');
});

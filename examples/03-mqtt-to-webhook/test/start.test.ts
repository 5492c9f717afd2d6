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

test('with --once it publishes a message itself, shows its arrival and ends with 0', async () => {
  const { child, shown } = run('--once');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(shown()).toContain('broker got a message on devices/pump-7/orders (11 bytes)');
  expect(shown()).toMatch(/endpoint got [0-9a-f-]{36} \(11 bytes\)/);
  expect(shown()).toMatch(
    /delivered {4}[0-9a-f-]{36} \(11 bytes, \d+ ms from receipt to delivery\)/,
  );
});

test('the publish line that it prints works, and Ctrl-C ends it with 0', async () => {
  const { child, shown } = run();
  await vi.waitUntil(() => /npx mqtt publish .*-p \d+/.test(shown()), { timeout: slowly(15_000) });
  const [, line = ''] = /npx (mqtt publish .*)/.exec(shown()) ?? [];
  const mqtt = join(import.meta.dirname, '../node_modules/.bin');
  const env = { ...process.env, PATH: `${mqtt}:${process.env['PATH']}` };
  execFileSync('sh', ['-c', line], { env, stdio: 'pipe' });
  await vi.waitUntil(() => shown().includes('delivered'), { timeout: slowly(15_000) });
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(shown()).toContain('Stopped in good order.');
});

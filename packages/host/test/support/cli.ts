import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The command line as its own process. */
export function vrskyHost(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--conditions=vrsky:source', MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, as a service manager makes one.
    detached: true,
    env: { ...process.env, ...env },
  });
  const output = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    output.out += data;
  });
  child.stderr.on('data', (data) => {
    output.err += data;
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close').then(([status]) => ({ status: status as number, ...output }));
  return { child, output, ended };
}

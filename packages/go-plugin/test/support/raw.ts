import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { slowly } from '../../../../tools/testing/slowness.ts';
import { pluginPath } from './plugins.ts';

export interface RawPlugin {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** The fields of the handshake line, once it is there. */
  readonly handshake: () => Promise<string[]>;
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const running = new Set<RawPlugin>();

/** For the end of a test, also of one that failed half-way. */
export async function endAll(): Promise<void> {
  for (const { child } of running) child.kill('SIGTERM');
  const stuck = setTimeout(
    () => running.forEach(({ child }) => child.kill('SIGKILL')),
    slowly(5_000),
  );
  await Promise.all(Array.from(running, ({ exit }) => exit));
  clearTimeout(stuck);
  running.clear();
}

/** Runs the plugin fixture, or another program, as a host in another language would: environment in, bytes out. */
export function runRaw(
  env: Record<string, string>,
  { command = pluginPath, args = [] as string[], cookie = 'cookie' } = {},
): RawPlugin {
  const { PATH = '', TMPDIR = '' } = process.env;
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, TMPDIR, TESTING_PLUGIN: cookie, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const closed = once(child, 'close');
  const handshake = async (): Promise<string[]> => {
    while (!stdout.includes('\n')) {
      const ended = await Promise.race([once(child.stdout, 'data'), closed.then(() => 'ended')]);
      if (ended === 'ended') throw new Error(`the plugin ended without a handshake: ${stderr}`);
    }
    return stdout.trimEnd().split('|');
  };
  const plugin = {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    handshake,
    exit: closed.then(([code, signal]) => ({ code, signal })),
  };
  running.add(plugin);
  return plugin;
}

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { GoPluginError, reasonOf } from '../errors.ts';
import type { Exit } from './exit.ts';
import { logStderr } from './stderr.ts';

/** The process of a plugin, whoever started it. */
export interface Process {
  readonly pid: number;
  /** Resolves when the process has ended; never rejects. */
  readonly exited: Promise<Exit>;
  /** SIGTERM, for a process that cannot be asked in another way. */
  terminate(): void;
  /** SIGKILL; resolves when the process has ended. */
  destroy(): Promise<void>;
}

export interface Child extends Process {
  readonly stdout: Readable;
}

/** Grandchildren may hold the pipes open; the plugin's own last output is there by then. */
const lastOutputMs = 200;

/**
 * Starts the process in the host's process group, so that Ctrl-C reaches both, and without a shell. Its stdout has to be
 * read at once: Node.js throws away what lies unread in the pipe of a process that exits.
 * @throws GoPluginError EXECUTABLE_NOT_ALLOWED when the system refuses to run it
 */
export async function startChild(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  log: Logger,
): Promise<Child> {
  const child = spawn(command, args, { env, stdio: ['inherit', 'pipe', 'pipe'] });
  await spawned(child, command);
  const { stdout, pid } = child;
  if (pid === undefined) throw new Error('a spawned process has a pid');
  const stderr = logStderr(child.stderr, log);
  const read = new Promise((resolve) => stdout.once('close', resolve));
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      const timer = setTimeout(report, lastOutputMs);
      void Promise.all([stderr.ended, read]).then(report);
      function report(): void {
        clearTimeout(timer);
        child.stderr.destroy();
        stdout.destroy();
        resolve({ code, signal, lastLines: stderr.lastLines() });
      }
    });
  });
  const destroy = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return { pid, stdout, exited, terminate: () => void child.kill('SIGTERM'), destroy };
}

function spawned(
  child: ChildProcessByStdio<null, Readable, Readable>,
  command: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.on('error', (cause) => {
      const text = `plugin could not be started: ${command}: ${reasonOf(cause)}\nIt must be an executable for this system, or a script whose interpreter exists.`;
      reject(new GoPluginError('EXECUTABLE_NOT_ALLOWED', text, { cause }));
    });
  });
}

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { GoPluginError, reasonOf } from '../errors.ts';
import { logStderr, type PluginStderr } from './stderr.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of the plugin's stderr, oldest first. */
  readonly lastLines: readonly string[];
}

export interface Child {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: PluginStderr;
  /** Resolves when the process has ended; never rejects. */
  readonly exited: Promise<Exit>;
  /** SIGKILL; resolves when the process has ended. */
  destroy(): Promise<void>;
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
  return { pid, stdout, stderr, exited, destroy };
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

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { codeOf, GoPluginError, reasonOf } from '../errors.ts';
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

export interface ChildOptions {
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  readonly cwd: string | undefined;
  readonly user: User | undefined;
}

/** Whom the process runs as. Only root may choose. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Starts the process in the host's process group, so that Ctrl-C reaches both, without a shell and with an empty stdin:
 * the host's own may hold secrets. Its stdout has to be read at once: Node.js throws away what lies unread in the pipe of a
 * process that exits.
 * @throws GoPluginError EXECUTABLE_NOT_ALLOWED when the system refuses to run it, START_FAILED when it has no room for it
 */
export async function startChild(
  command: string,
  { args, env, cwd, user }: ChildOptions,
  log: Logger,
): Promise<Child> {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  const child = spawnOrThrow(command, () => spawn(command, args, { env, stdio, cwd, ...user }));
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

/** Node.js throws some of the system's refusals, and emits others. */
function spawnOrThrow<T>(command: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw notStarted(command, error);
  }
}

function spawned(
  child: ChildProcessByStdio<null, Readable, Readable>,
  command: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.on('error', (cause) => reject(notStarted(command, cause)));
  });
}

/** The system's limits, of which a plugin knows nothing. */
const noRoom = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM']);

function notStarted(command: string, cause: unknown): GoPluginError {
  const text = `plugin could not be started: ${command}: ${reasonOf(cause)}\n`;
  if (noRoom.has(codeOf(cause) ?? '')) {
    const advice =
      'Raise the limits of open files and processes (ulimit -n, -u), or run fewer plugins.';
    return new GoPluginError('START_FAILED', text + advice, { cause });
  }
  const advice =
    'It must be an executable for this system, or a script whose interpreter exists; the working directory must exist.';
  return new GoPluginError('EXECUTABLE_NOT_ALLOWED', text + advice, { cause });
}

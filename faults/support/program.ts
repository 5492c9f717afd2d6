import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { childrenOf } from '../../tools/testing/processes.ts';

const SHOWN_LOG = 20_000;

export const fromSource: readonly string[] = [
  '--conditions=vrsky:source',
  '--disable-warning=ExperimentalWarning',
];

/** A host as a process of its own, with its connectors as its children. */
export interface Program {
  readonly pid: number;
  /** Its connectors. */
  children(): number[];
  /** What it has written to stderr, over all its lives. */
  log(): string;
  /** Its last word of each kind. */
  readonly told: Readonly<Record<string, unknown>>;
  tell(message: object): void;
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
  /** Another one like it. */
  restart(): void;
  /** SIGTERM; gives the exit code. */
  stop(): Promise<number | null>;
}

/**
 * Runs a program from its source. What it logs is shown when the test fails. Its sockets are in the
 * folder: a host that is killed cannot remove them, and leaves them to whoever removes the folder.
 */
export function startProgram(path: string, args: readonly string[], folder: string): Program {
  const log: string[] = [];
  const told: Record<string, unknown> = {};
  let child = run();

  function run(): ChildProcess {
    const started = spawn(process.execPath, [...fromSource, path, ...args], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, TMPDIR: folder },
    });
    started.stderr?.setEncoding('utf8').on('data', (text: string) => log.push(text));
    started.on('message', (message) => Object.assign(told, message));
    return started;
  }

  onTestFinished(async ({ task }) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    if (task.result?.state === 'fail') console.error(log.join('').slice(-SHOWN_LOG));
  });
  return {
    get pid() {
      return child.pid ?? 0;
    },
    children: () => childrenOf(child.pid),
    log: () => log.join(''),
    told,
    tell: (message) => void child.send(message),
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    restart() {
      child = run();
    },
    async stop() {
      child.kill('SIGTERM');
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    },
  };
}

/** What runs as a process of its own. */
export const programs = {
  narrowLink: fileURLToPath(new URL('../programs/narrow-link.ts', import.meta.url)),
  numberedConnector: fileURLToPath(new URL('../programs/numbered-connector.ts', import.meta.url)),
  pollingHost: fileURLToPath(new URL('../programs/polling-host.ts', import.meta.url)),
  pollingPythonHost: fileURLToPath(new URL('../programs/polling-host.py', import.meta.url)),
  receivingHost: fileURLToPath(new URL('../programs/receiving-host.ts', import.meta.url)),
  sendingHost: fileURLToPath(new URL('../programs/sending-host.ts', import.meta.url)),
};

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { childrenOf } from '../../tools/testing/processes.ts';

const main = fileURLToPath(new URL('../../packages/host/src/main.ts', import.meta.url));
const node = ['--conditions=vrsky:source', '--disable-warning=ExperimentalWarning', main];

export interface HostUnderTest {
  /** `kill -9` of the host, then another one on the same file. */
  killHost(): void;
  /** `kill -9` of one of its two connectors, by turns. */
  killConnector(): void;
  /** SIGTERM; gives the exit code. */
  stop(): Promise<number | null>;
}

/**
 * `vrsky-host run` as a process of its own. What it logs is shown when the test fails. Its sockets are
 * in the folder of its file: a host that is killed cannot remove them, and leaves them to the system.
 */
export function startHost(file: string): HostUnderTest {
  const log: string[] = [];
  let host = run();
  let turn = 0;

  function run(): ChildProcess {
    const child = spawn(process.execPath, [...node, 'run', file], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TMPDIR: dirname(file) },
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => log.push(text));
    return child;
  }

  onTestFinished(({ task }) => {
    host.kill('SIGKILL');
    if (task.result?.state === 'fail') console.error(log.join('').slice(-20_000));
  });
  return {
    killHost() {
      host.kill('SIGKILL');
      host = run();
    },
    killConnector() {
      const connectors = childrenOf(host.pid);
      const pid = connectors[turn++ % connectors.length];
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    },
    async stop() {
      host.kill('SIGTERM');
      const [code] = (await once(host, 'exit')) as [number | null];
      return code;
    },
  };
}

/** The dead letters of an integration, as the command line lists them. */
export function deadLetters(file: string): { id: string; payload?: string }[] {
  const args = [...node, 'dead-letters', 'list', file, '--json'];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as { id: string }[];
}

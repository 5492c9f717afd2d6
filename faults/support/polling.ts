import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { buildGoProgram } from '../../interop/support/go-program.ts';
import type { JsonObject } from '../../packages/runtime/src/index.ts';
import { encodeConnectRequest } from '../../packages/runtime/test/fixtures/connect-request.ts';
import { fromSource, programs } from './program.ts';

/** What a host polls. */
export interface Polled {
  readonly command: string;
  readonly type: string;
  readonly settings: JsonObject;
  readonly credentials?: Record<string, string>;
}

export interface PollingHost {
  /** What its calls returned, when all has arrived or nothing new did for 30 s. */
  readonly counts: Promise<{ readonly received: number; readonly distinct: number }>;
}

type CommandOf = (polled: Polled, count: number) => string[];

const WORKERS = '4';

/**
 * Hosts that call Receive again and again under random deadlines and cancellations. Not so on Python: grpcio discards an
 * answer that its C core has taken already when the call is cancelled or its deadline passes in that moment, and the core
 * does not tell the server. So its calls are not cancelled, and the margin before their deadlines is larger.
 */
export const pollingHosts: Readonly<Record<'Go' | 'Python' | 'TypeScript', CommandOf>> = {
  Go: ({ command, ...config }, count) => [
    goProgram(),
    ...[
      '-plain',
      '-workers',
      WORKERS,
      '-deadlines',
      '3ms',
      '-cancels',
      '3ms',
      '-count',
      `${count}`,
    ],
    JSON.stringify(config),
    command,
  ],
  Python: ({ command, ...config }, count) => [
    ...['/usr/bin/python3', programs.pollingPythonHost, '40', '200', WORKERS, `${count}`],
    requestOf(config),
    command,
  ],
  TypeScript: ({ command, ...config }, count) => [
    ...[process.execPath, ...fromSource, programs.pollingHost, '3', WORKERS, `${count}`],
    requestOf(config),
    command,
  ],
};

/** Resolves when the host is connected. */
export async function startPollingHost(command: string[], folder: string): Promise<PollingHost> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the host exited with ${child.exitCode}`);
    return JSON.parse(value);
  };
  await next();
  return { counts: next() as PollingHost['counts'] };
}

function requestOf({ type, settings, credentials = {} }: Omit<Polled, 'command'>): string {
  return encodeConnectRequest({ id: 'poll', name: 'Poll', type, settings, credentials });
}

let built: ReturnType<typeof buildGoProgram> | undefined;
function goProgram(): string {
  if (!built) {
    built = buildGoProgram('./interop/poll');
    process.once('exit', built.remove);
  }
  return built.path;
}

import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { JsonObject } from '../../packages/runtime/src/index.ts';
import { encodeConnectRequest } from '../../packages/runtime/test/fixtures/connect-request.ts';
import { fromSource } from './program.ts';

const WORKERS = 4;
/**
 * Least and most that a call waits. The C core under Python drops a complete answer at its deadline without telling the
 * server; only the margin before a deadline, a quarter of it, keeps answers out of that moment.
 */
const PATIENCE_MS = { Go: [0, 3], TypeScript: [0, 10], Python: [40, 200] } as const;

export type Language = 'Go' | 'Python' | 'TypeScript';

/** What the host is connected to. */
export interface Connection {
  readonly command: string;
  readonly type: string;
  readonly settings: JsonObject;
  readonly credentials?: Record<string, string>;
}

/** A host that knows only Receive, with short deadlines and, except on Python, cancellations. */
export interface PollingHost {
  /** Payloads that its calls returned: how often each. */
  readonly received: ReadonlyMap<string, number>;
  /** Ends it in good order. */
  stop(): Promise<void>;
}

export async function startPollingHost(
  language: Language,
  { command, type, settings, credentials = {} }: Connection,
  folder: string,
): Promise<PollingHost> {
  const config = { id: 'polled', name: 'polled', type, settings, credentials };
  const [program = '', ...args] = commandOf(language, encodeConnectRequest(config));
  const child = spawn(program, [...args, command], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const received = new Map<string, number>();
  const ready = Promise.withResolvers<void>();
  createInterface(child.stdout).on('line', (line) => {
    if (line === 'ready') ready.resolve();
    else received.set(line, (received.get(line) ?? 0) + 1);
  });
  child.once('exit', (code) => ready.reject(new Error(`the host exited with ${code}`)));
  await ready.promise;
  return { received, stop: () => stop(child) };
}

async function stop(child: ChildProcessByStdio<Writable, Readable, null>): Promise<void> {
  child.stdin.end();
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the host exited with ${code}`);
}

function commandOf(language: Language, request: string): string[] {
  const [least, most] = PATIENCE_MS[language].map(String) as [string, string];
  const limits = [most, String(WORKERS), request];
  if (language === 'TypeScript') {
    return [process.execPath, ...fromSource, programOf('polling-host.ts'), ...limits];
  }
  if (language === 'Python') {
    return ['/usr/bin/python3', programOf('polling-host.py'), least, ...limits];
  }
  return [goProgram(), '-max', `${most}ms`, '-workers', String(WORKERS), '-connect', request];
}

function programOf(name: string): string {
  return fileURLToPath(new URL(`../programs/${name}`, import.meta.url));
}

let built: string | undefined;
function goProgram(): string {
  const module = fileURLToPath(new URL('../../packages/connector-go', import.meta.url));
  built ??= join(module, '../../node_modules/.cache/polling-host');
  execFileSync('go', ['build', '-o', built, './interop/polling'], { cwd: module, stdio: 'pipe' });
  return built;
}

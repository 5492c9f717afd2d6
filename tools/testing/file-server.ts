import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whose files the servers read and write: nobody's if the tests run as root. */
const START_MS = 10_000;

export const isRoot: boolean = process.getuid?.() === 0;
export const owner = { uid: process.getuid?.() || 65_534, gid: process.getgid?.() || 65_534 };

/** A server process, with the folder that it serves. */
export interface FileServer {
  readonly port: number;
  /** Of the process that listens; its sessions are its children. */
  readonly pid: number;
  /** What a login sees as `/drop`: writable for it. */
  readonly drop: string;
  /** The lines of its command log so far. */
  commands(): string[];
  /** Ends it, and all of its sessions. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, on the same port. */
  start(): Promise<void>;
}

export interface Sandbox {
  /** Configuration and logs. */
  readonly folder: string;
  /** What the login sees as `/`. */
  readonly home: string;
  readonly drop: string;
  remove(): void;
}

/** @param uid of who may write to `drop`, if the tests run as root and so can give it away */
export function makeSandbox(uid: number = owner.uid): Sandbox {
  const folder = mkdtempSync(join(tmpdir(), 'ftp-'));
  const home = join(folder, 'home');
  const drop = join(home, 'drop');
  mkdirSync(drop, { recursive: true });
  if (isRoot) {
    // The servers give up root, and then have to find their way.
    for (const path of [tmpdir(), folder]) if (path !== '/tmp') chmodSync(path, 0o711);
    chownSync(drop, uid, owner.gid);
  }
  return { folder, home, drop, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A program in a process group of its own, which ends with all that it has forked. */
export class ServerProcess {
  readonly #argv: readonly string[];
  readonly #port: number;
  #child: ChildProcess | undefined;

  constructor(argv: readonly string[], port: number) {
    this.#argv = argv;
    this.#port = port;
  }

  async start(): Promise<void> {
    const [program = '', ...args] = this.#argv;
    const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    }
    this.#child = child;
    const deadline = performance.now() + START_MS;
    while (!(await isOpen(this.#port))) {
      if (child.exitCode !== null) throw new Error(`${program} has ended: ${printed}`);
      if (performance.now() > deadline) throw new Error(`${program} does not listen: ${printed}`);
      await sleep(20);
    }
  }

  /** Of the process that listens; its sessions are its children. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child?.pid) return;
    const ended =
      child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // Nobody of the group is left.
    }
    await ended;
  }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const opened = once(socket, 'connect').then(
    () => true,
    () => false,
  );
  return opened.finally(() => socket.destroy());
}

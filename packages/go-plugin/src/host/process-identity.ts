import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Address } from '../handshake/handshake.ts';

const listening = { unix: '00010000', tcp: '0A' };

/**
 * Proof that `pid` is the process that listens at `address`, or nothing. A pid in a configuration may be wrong, or have
 * gone to another process since: nobody is killed without proof. It needs Linux's /proc.
 */
export function proveListener(
  pid: number,
  address: Address,
): { stillHolds(): boolean } | undefined {
  const started = startTime(pid);
  if (started === undefined || !listensAt(pid, address)) return undefined;
  // A later process with the same pid has another start time.
  return { stillHolds: () => startTime(pid) === started };
}

/** Whether a process with this pid exists, of whatever user. One that ended but is not yet reaped does not count. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return statFields(pid)?.[0] !== 'Z';
}

/** In clock ticks since the machine started. */
function startTime(pid: number): string | undefined {
  return statFields(pid)?.[19];
}

/** The fields of /proc/PID/stat from the state on; the name before it may contain anything. */
function statFields(pid: number): string[] | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function listensAt(pid: number, { network, address }: Address): boolean {
  const inodes = network === 'unix' ? unixInodes(pid, address) : tcpInodes(pid, address);
  if (inodes.size === 0) return false;
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((fd) => inodes.has(linkTarget(`${folder}/${fd}`)));
  } catch {
    return false; // it has ended, or belongs to another user
  }
}

function unixInodes(pid: number, path: string): Set<string> {
  const rows = table(`/proc/${pid}/net/unix`).filter(
    (row) => row[3] === listening.unix && row.slice(7).join(' ') === path,
  );
  return new Set(rows.map((row) => `socket:[${row[6]}]`));
}

function tcpInodes(pid: number, address: string): Set<string> {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  const rows = [...table(`/proc/${pid}/net/tcp`), ...table(`/proc/${pid}/net/tcp6`)].filter(
    ([, local = '', , state]) =>
      state === listening.tcp && Number.parseInt(local.split(':')[1] ?? '', 16) === port,
  );
  return new Set(rows.map((row) => `socket:[${row[9]}]`));
}

function table(path: string): string[][] {
  const [, ...rows] = (readText(path) ?? '').split('\n');
  return rows.map((row) => row.trim().split(/ +/));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

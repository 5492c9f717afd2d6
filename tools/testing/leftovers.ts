import { globSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, pid as ownPid } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/** What was asked to end at the end of a test may need this long; later than that it is a leak. */
const graceMs = 5_000;

/**
 * Proves that a test run leaves no process and no socket behind. All of its temporary files go into
 * one folder of their own, and the environment variable that says so marks all processes of the run,
 * also those whose parent is gone (plugins get TMPDIR even in their restricted environment).
 */
export function setup(): () => Promise<void> {
  // Short, because the path of a unix socket has at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'vrsky-'));
  env['TMPDIR'] = folder;

  return async function teardown(): Promise<void> {
    const deadline = Date.now() + graceMs;
    let left = leftovers(folder);
    while (left.length > 0 && Date.now() < deadline) {
      await sleep(50);
      left = leftovers(folder);
    }
    rmSync(folder, { recursive: true, force: true });
    if (left.length === 0) return;
    console.error(`The tests left behind:\n${left.join('\n')}`);
    process.exitCode = 1;
  };
}

function leftovers(folder: string): string[] {
  return [...processesOf(folder), ...socketsIn(folder)];
}

function socketsIn(folder: string): string[] {
  return globSync('**', { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isSocket())
    .map((entry) => `socket ${join(entry.parentPath, entry.name)}`);
}

/** Linux only: elsewhere there is no /proc, and the sockets alone tell of forgotten plugins. */
function processesOf(folder: string): string[] {
  const marker = `TMPDIR=${folder}`;
  return globSync('/proc/[0-9]*').flatMap((proc) => {
    try {
      if (!readFileSync(`${proc}/environ`, 'utf8').split('\0').includes(marker)) return [];
      if (isVitestsOwn(proc)) return [];
      const command = readFileSync(`${proc}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return [`process ${proc.slice('/proc/'.length)}: ${command || readlinkSync(`${proc}/exe`)}`];
    } catch {
      return []; // It ended meanwhile, or belongs to someone else.
    }
  });
}

/** vitest's own helpers end only after this teardown. What tests start has a worker for its parent. */
function isVitestsOwn(proc: string): boolean {
  const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`${proc}/status`, 'utf8'))?.[1];
  return Number(parent) === ownPid;
}

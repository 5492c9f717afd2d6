import {
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import { isRoot } from '../../../../tools/testing/file-server.ts';
import { slowly } from '../../../../tools/testing/slowness.ts';

/** Puts a whole file there at once, as its uploader would own it. */
export function put(
  drop: string,
  name: string,
  content: string | Uint8Array,
  seconds?: number,
): string {
  const path = join(drop, name);
  const unfinished = join(drop, '..', '..', 'unfinished');
  writeFileSync(unfinished, content);
  if (isRoot) chownSync(unfinished, statSync(drop).uid, statSync(drop).gid);
  if (seconds !== undefined) utimesSync(unfinished, seconds, seconds);
  renameSync(unfinished, path);
  return path;
}

/** Gives a file that the test has made to whom the server runs as. */
export function giveAway(path: string, drop: string): void {
  if (isRoot) chownSync(path, statSync(drop).uid, statSync(drop).gid);
}

/** Names in a folder, sorted. */
export function names(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).toSorted() : [];
}

export function read(folder: string, name: string): Buffer {
  return readFileSync(join(folder, name));
}

export async function until(condition: () => boolean, timeout = slowly(10_000)): Promise<void> {
  await vi.waitUntil(condition, { timeout, interval: 5 });
}

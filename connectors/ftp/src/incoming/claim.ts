import { createHash } from 'node:crypto';
import { join, nameOf, parentOf } from '../paths.ts';
import { ensureDirectory } from '../remote/directories.ts';
import type { RemoteFiles } from '../remote/remote-files.ts';
import { type FoundFile, isSame } from './found-file.ts';
import type { IncomingSettings } from './settings.ts';

const CLAIMED = /^(.+)\.([A-Za-z0-9_-]{1,64})\.inprogress$/;

/** A file name that marks a claim, of anybody. */
export function parseClaim(name: string): { name: string; instanceId: string } | undefined {
  const [, original, instanceId] = CLAIMED.exec(name) ?? [];
  return original && instanceId ? { name: original, instanceId } : undefined;
}

export function instanceIdOf({ instanceId }: IncomingSettings, connectionId: string): string {
  return instanceId ?? createHash('sha256').update(connectionId).digest('hex').slice(0, 12);
}

/**
 * Takes a file by renaming it: of several connectors only one succeeds.
 * @param directory where claims go; undefined = beside the file
 * @returns the claimed file; undefined = somebody was faster, or it is another file by now
 */
export async function claim(
  files: RemoteFiles,
  file: FoundFile,
  instanceId: string,
  directory: string | undefined,
  signal: AbortSignal,
): Promise<FoundFile | undefined> {
  if (file.where !== file.path) return file; // ours since before a crash
  const place = directory ? parentOf(join(directory, file.relative)) : parentOf(file.path);
  const where = join(place, `${file.name}.${instanceId}.inprogress`);
  if (directory) await ensureDirectory(files, place, signal);
  try {
    await files.rename(file.path, where, false, signal);
  } catch (error) {
    if (files.closed || (await files.stat(file.path, signal))) throw error;
    return undefined;
  }
  const claimed = { ...file, where };
  if (isSame(file, await files.stat(where, signal))) return claimed;
  await unclaim(files, claimed, signal);
  return undefined;
}

/** Gives a claimed file its name back. A new file of that name is not overwritten: the claim stays. */
export async function unclaim(
  files: RemoteFiles,
  { path, where }: Pick<FoundFile, 'path' | 'where'>,
  signal: AbortSignal,
): Promise<void> {
  if (where === path || (await files.stat(path, signal))) return;
  await files.rename(where, path, false, signal);
}

/** The name that a claimed file had, given where it is and where claims go. */
export function originalPath(
  root: string,
  claimDirectory: string,
  where: string,
  name: string,
): string {
  const place = parentOf(where);
  const isBelow = place === claimDirectory || place.startsWith(`${claimDirectory}/`);
  return join(isBelow ? root + place.slice(claimDirectory.length) : place, name || nameOf(where));
}

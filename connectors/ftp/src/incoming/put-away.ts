import { join, parentOf } from '../paths.ts';
import { ensureDirectory, freePath } from '../remote/directories.ts';
import type { RemoteFiles } from '../remote/remote-files.ts';
import { unclaim } from './claim.ts';
import type { FoundFile } from './found-file.ts';

export type End =
  | { readonly kind: 'move'; readonly directory: string }
  | { readonly kind: 'rename'; readonly suffix: string }
  | { readonly kind: 'delete' }
  | { readonly kind: 'keep' };

/** Puts a file where the settings want it, and its done file away. May be repeated. */
export async function putAway(
  remote: RemoteFiles,
  file: FoundFile,
  end: End,
  signal: AbortSignal,
): Promise<void> {
  if (end.kind === 'keep') {
    await unclaim(remote, file, signal);
    return;
  }
  try {
    if (end.kind === 'delete') await remote.remove(file.where, signal);
    else await moveTo(remote, file, end, signal);
  } catch (error) {
    // Done before, by a try whose answer was lost, or by somebody else.
    if (remote.closed || (await remote.stat(file.where, signal))) throw error;
  }
  if (file.marker && (await remote.stat(file.marker, signal))) {
    await remote.remove(file.marker, signal);
  }
}

async function moveTo(
  remote: RemoteFiles,
  file: FoundFile,
  end: Extract<End, { kind: 'move' | 'rename' }>,
  signal: AbortSignal,
): Promise<void> {
  const wanted = end.kind === 'move' ? join(end.directory, file.relative) : file.path + end.suffix;
  const target = await freePath(remote, wanted, signal);
  try {
    await remote.rename(file.where, target, false, signal);
  } catch (error) {
    if (remote.closed || end.kind !== 'move') throw error;
    await ensureDirectory(remote, parentOf(target), signal);
    await remote.rename(file.where, target, false, signal);
  }
}

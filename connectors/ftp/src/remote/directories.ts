import { numbered, parentOf } from '../paths.ts';
import type { RemoteFiles } from './remote-files.ts';

const MOST_NUMBERS = 1000;

/** Creates a directory, and those above it that are missing; one that is there already is fine. */
export async function ensureDirectory(
  files: RemoteFiles,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await files.makeDirectory(directory, signal);
  } catch (error) {
    const parent = parentOf(directory);
    if (files.closed || signal.aborted || parent === directory) throw error;
    await ensureDirectory(files, parent, signal);
    await files.makeDirectory(directory, signal);
  }
}

/** The path if it is free, otherwise one with a number that is. */
export async function freePath(
  files: RemoteFiles,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  let free = path;
  for (let number = 1; (await files.stat(free, signal)) !== undefined; number += 1) {
    if (number > MOST_NUMBERS) throw new Error(`there are ${MOST_NUMBERS} files like ${path}`);
    free = numbered(path, number);
  }
  return free;
}

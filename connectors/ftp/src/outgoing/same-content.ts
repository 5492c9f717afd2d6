import { createHash } from 'node:crypto';
import { readAll } from '../remote/read-all.ts';
import type { RemoteFiles, RemoteHash } from '../remote/remote-files.ts';

/**
 * Whether a file on the server has this content, and so is what an earlier try of the same message
 * has left: by its size, then by the server's hash, and if it has none by reading it.
 */
export async function hasContent(
  remote: RemoteFiles,
  path: string,
  size: number,
  content: Uint8Array,
  signal: AbortSignal,
): Promise<boolean> {
  if (size !== content.length) return false;
  if (size === 0) return true;
  const hash = await remote.hash(path, signal);
  if (hash) return isHashOf(hash, content);
  return Buffer.compare(await readAll(remote, path, size, signal), content) === 0;
}

export function isHashOf({ algorithm, digest }: RemoteHash, content: Uint8Array): boolean {
  return createHash(algorithm).update(content).digest('hex') === digest;
}

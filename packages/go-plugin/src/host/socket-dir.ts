import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for the sockets of one plugin, which only this user may enter. */
export interface SocketDir {
  readonly path: string;
  remove(): Promise<void>;
}

export async function createSocketDir(): Promise<SocketDir> {
  const path = await mkdtemp(join(tmpdir(), 'plugin-dir'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GoPluginError, reasonOf } from '../errors.ts';
import type { User } from './child.ts';

/** A directory for the sockets of one plugin, which only its user may enter. Its name is random, and told to no other one. */
export interface SocketDir {
  readonly path: string;
  remove(): Promise<void>;
}

/** What plugins append: go-plugin's `/plugin` and a number of up to ten digits. */
const longestName = '/plugin0123456789'.length;
/** Bytes of a unix socket's path, on Linux and macOS. */
const longestPath = process.platform === 'darwin' ? 103 : 107;

/** @throws GoPluginError LISTEN_FAILED */
export async function createSocketDir(user?: User): Promise<SocketDir> {
  const prefix = join(tmpdir(), 'plugin-dir');
  const path = await mkdtemp(prefix).catch((cause: unknown) => {
    const text = `no directory for sockets could be made in ${tmpdir()}: ${reasonOf(cause)}\nSet TMPDIR to a directory that exists and is writable.`;
    throw new GoPluginError('LISTEN_FAILED', text, { cause });
  });
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true });
  try {
    if (Buffer.byteLength(path) + longestName > longestPath) throw tooLong(path);
    if (user) await chown(path, user.uid, user.gid);
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, remove };
}

function tooLong(path: string): GoPluginError {
  const most = longestPath - longestName - '/plugin-dirXXXXXX'.length;
  return new GoPluginError(
    'LISTEN_FAILED',
    `the directory for sockets has too long a path: ${path}\nSet TMPDIR to a path of at most ${most} bytes: a socket's path has at most ${longestPath}.`,
  );
}

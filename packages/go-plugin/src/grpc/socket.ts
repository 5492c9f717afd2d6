import { randomInt } from 'node:crypto';
import { chownSync, readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { GoPluginError, reasonOf } from '../errors.ts';
import type { Address } from '../handshake/handshake.ts';

/** Where and for whom unix sockets are created. */
export interface SocketPlace {
  /** Default: the system's temporary directory. */
  readonly dir?: string | undefined;
  /** Group name or number that may connect besides the owner. */
  readonly group?: string | undefined;
}

/**
 * Binds `server` to a new unix socket. Node.js removes the file when the server closes, also after the process has given
 * up the permission to write files.
 * @throws GoPluginError LISTEN_FAILED
 */
export async function listenOnSocket(server: Server, place: SocketPlace): Promise<Address> {
  const address = join(place.dir || tmpdir(), `plugin${randomInt(1e9, 1e10)}`);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // Binding happens inside `listen`: with the mask the file is never open to others, not even for a moment.
      // Worker threads have no mask; the caller's directory has to protect their sockets.
      const mask = isMainThread ? process.umask(place.group ? 0o117 : 0o177) : undefined;
      server.listen(address, () => {
        server.off('error', reject);
        resolve();
      });
      if (mask !== undefined) process.umask(mask);
    });
    if (place.group) chownSync(address, -1, groupId(place.group));
  } catch (error) {
    server.close();
    throw new GoPluginError(
      'LISTEN_FAILED',
      `could not listen on unix socket ${address}: ${reasonOf(error)}\nThe directory must exist, be writable, and its path be shorter than 90 bytes.`,
      { cause: error },
    );
  }
  removeAtExit(server);
  return { network: 'unix', address };
}

const bound = new Set<Server>();

/** Closing removes the file in the same tick, so this works for every exit but a kill. */
function removeAtExit(server: Server): void {
  if (bound.size === 0) process.on('exit', closeAll);
  bound.add(server);
  server.once('close', () => {
    bound.delete(server);
    if (bound.size === 0) process.off('exit', closeAll);
  });
}

function closeAll(): void {
  for (const server of bound) server.close();
}

function groupId(group: string): number {
  if (/^\d+$/.test(group)) return Number(group);
  const entry = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === group);
  if (entry?.[2] === undefined) throw new Error(`no group named ${JSON.stringify(group)}`);
  return Number(entry[2]);
}

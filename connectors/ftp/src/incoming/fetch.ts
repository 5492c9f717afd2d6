import { createHash } from 'node:crypto';
import { PluginError } from '@vrsky/runtime';
import type { IncomingMessage } from '@vrsky/runtime/plugin';
import type { Pool } from '../remote/pool.ts';
import type { RemoteHash } from '../remote/remote-files.ts';
import type { Server } from '../remote/server.ts';
import { Download } from './download.ts';
import { isSame } from './found-file.ts';
import type { FileInHand } from './in-hand.ts';
import { toMessage } from './message.ts';

/**
 * The next message of a file: all of it, or its next part. After a failure it may be called again,
 * and goes on where it was.
 * @throws PluginError, with the reason FILE_CHANGED if there is no going on
 */
export async function fetchPart(
  hand: FileInHand,
  server: Server,
  pool: Pool,
  verifyHash: boolean,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { file, offset, partBytes, parts, handed: index, traceId } = hand;
  try {
    if (!hand.download && index > 0) await checkUnchanged(hand, pool, signal);
    hand.download ??= new Download(pool, file, partBytes, offset);
    const payload = await hand.download.take(signal);
    const hash =
      verifyHash && parts === 1 ? await checkHash(hand, payload, pool, signal) : undefined;
    const part = parts === 1 ? undefined : { index, offset, last: index + 1 === parts };
    return toMessage(server, file, payload, { part, hash, traceId });
  } catch (error) {
    hand.download = undefined;
    throw error;
  }
}

async function checkUnchanged(
  { file }: FileInHand,
  pool: Pool,
  signal: AbortSignal,
): Promise<void> {
  const now = await pool.use(signal, (remote) => remote.stat(file.where, signal));
  if (isSame(file, now)) return;
  const text = `${file.path} was replaced while it was read; the new file will be delivered anew`;
  throw new PluginError('CONNECTION_FAILED', text, { reason: 'FILE_CHANGED', recoverable: false });
}

async function checkHash(
  { file }: FileInHand,
  payload: Uint8Array,
  pool: Pool,
  signal: AbortSignal,
): Promise<RemoteHash | undefined> {
  const hash = await pool.use(signal, (remote) => remote.hash(file.where, signal));
  if (!hash) return undefined;
  if (createHash(hash.algorithm).update(payload).digest('hex') === hash.digest) return hash;
  const text = `${file.path}: the server computes another ${hash.algorithm} than what was read has`;
  throw new PluginError('CONNECTION_FAILED', text, { reason: 'CHECKSUM_MISMATCH' });
}

import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from '@vrsky/runtime/plugin';
import { lookup } from 'mrmime';
import { parentOf } from '../paths.ts';
import type { RemoteHash } from '../remote/remote-files.ts';
import type { Server } from '../remote/server.ts';
import { type FoundFile, messageId } from './found-file.ts';

/** Which part of a file a message is. */
export interface Part {
  readonly index: number;
  /** Where it begins, in bytes. */
  readonly offset: number;
  readonly last: boolean;
}

/** A file, or a part of one, as a message: its bytes as they are, and facts about it. */
export function toMessage(
  server: Server,
  file: FoundFile,
  payload: Uint8Array,
  about: {
    readonly part?: Part | undefined;
    readonly hash?: RemoteHash | undefined;
    readonly traceId: string;
  },
): IncomingMessage {
  const { part, hash, traceId } = about;
  return {
    id: messageId(server, file, part?.index),
    payload,
    contentType: lookup(file.name) ?? 'application/octet-stream',
    ...(file.modifiedAt !== undefined && {
      timestamp: Temporal.Instant.fromEpochMilliseconds(file.modifiedAt),
    }),
    metadata: { correlationId: messageId(server, file), traceId },
    headers: {
      'ftp.fileName': file.name,
      'ftp.path': file.path,
      'ftp.directory': parentOf(file.path),
      'ftp.size': String(file.size),
      'ftp.host': server.settings.host,
      ...(file.modifiedAt !== undefined && {
        'ftp.modifiedAt': new Date(file.modifiedAt).toISOString(),
      }),
      ...(hash && { 'ftp.checksum': `${hash.algorithm}:${hash.digest}` }),
      ...(part && {
        'ftp.chunk.index': String(part.index),
        'ftp.chunk.offset': String(part.offset),
        'ftp.chunk.last': String(part.last),
      }),
    },
  };
}

/** 32 hex digits, as in a W3C traceparent. */
export function newTraceId(): string {
  return randomBytes(16).toString('hex');
}

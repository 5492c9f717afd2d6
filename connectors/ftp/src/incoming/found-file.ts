import { createHash } from 'node:crypto';
import type { RemoteEntry } from '../remote/remote-files.ts';
import type { Server } from '../remote/server.ts';

/** A file that may become a message. */
export interface FoundFile {
  readonly name: string;
  /** Where it was put. */
  readonly path: string;
  /** The same, below `directory` of the settings. */
  readonly relative: string;
  /** Where it is now: elsewhere than `path` once it is claimed. */
  readonly where: string;
  readonly size: number;
  readonly modifiedAt: number | undefined;
  readonly uniqueId: string;
  /** Path of its done file; undefined = there is none. */
  readonly marker: string | undefined;
}

/**
 * The id of a file's message: the same as long as the file is, also after a crash, and another one
 * when the file is replaced. A part of a file has its number besides.
 */
export function messageId(server: Server, file: FoundFile, part?: number): string {
  const facts = [
    server.type,
    server.settings.host,
    server.port,
    file.path,
    file.size,
    file.modifiedAt ?? '',
    file.uniqueId,
    part ?? '',
  ];
  return `ftp-${createHash('sha256').update(facts.join('|')).digest('hex')}`;
}

/** Whether a file still is what it was when it was found. */
export function isSame(file: FoundFile, now: RemoteEntry | undefined): boolean {
  return now !== undefined && now.size === file.size && now.modifiedAt === file.modifiedAt;
}

import type { Writable } from 'node:stream';

export interface RemoteEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'other';
  /** In bytes. */
  readonly size: number;
  /** Milliseconds since 1970, in UTC; undefined = the server does not say. */
  readonly modifiedAt: number | undefined;
  /** What stays the same when a file is renamed and changes when it is replaced; '' = unknown. */
  readonly uniqueId: string;
}

export interface RemoteHash {
  /** As `node:crypto` names it. */
  readonly algorithm: 'sha256' | 'md5';
  /** In lower-case hex. */
  readonly digest: string;
}

/**
 * One connection to a file server, logged in. All that polling and sending know of the protocol.
 *
 * One call at a time: the pool hands a connection to one user after the other. Every call rejects
 * with a PluginError, and with the signal's reason when that aborts; the connection is then `closed`,
 * because nobody knows what the server was about to say, and so it is when the link breaks. Paths are
 * absolute.
 */
export interface RemoteFiles {
  /** What `directory` of the settings is, as an absolute path. */
  readonly root: string;
  /** True = of no use any more. */
  readonly closed: boolean;
  /** What is in a directory, in no order; names that lead elsewhere are left out. */
  list(directory: string, signal: AbortSignal): Promise<RemoteEntry[]>;
  /** The file or directory of this path; undefined = there is none. */
  stat(path: string, signal: AbortSignal): Promise<RemoteEntry | undefined>;
  /**
   * Reads a file from `offset` on into `sink`, at the pace of the sink, and ends it. The server may
   * have sent less than the whole file without telling: compare the size.
   */
  read(path: string, offset: number, sink: Writable, signal: AbortSignal): Promise<void>;
  /** Writes a file, in place of one that is there, or at its end. */
  write(
    path: string,
    content: Uint8Array,
    mode: 'replace' | 'append',
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Renames, also to another directory. A target that is there may be replaced or make this fail,
   * as the server likes; with `replace` it is replaced.
   */
  rename(from: string, to: string, replace: boolean, signal: AbortSignal): Promise<void>;
  remove(path: string, signal: AbortSignal): Promise<void>;
  /** Creates one directory; one that is there already is fine. */
  makeDirectory(path: string, signal: AbortSignal): Promise<void>;
  /** What the server computes of a file; undefined = it cannot. */
  hash(path: string, signal: AbortSignal): Promise<RemoteHash | undefined>;
  /** @param mode octal digits */
  chmod(path: string, mode: string, signal: AbortSignal): Promise<void>;
  setModified(path: string, time: Date, signal: AbortSignal): Promise<void>;
  /** Tells whether the server answers and the directory is there. */
  check(directory: string, signal: AbortSignal): Promise<void>;
  /** A sign of life, so that the server does not close an idle connection. */
  keepAlive(signal: AbortSignal): Promise<void>;
  /** Says goodbye, waits a moment for the answer, and closes. Never rejects. */
  close(): Promise<void>;
}

import { constants } from 'node:fs';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { SFTPWrapper } from 'ssh2';
import { isName, nameOf, resolve } from '../../paths.ts';
import type { RemoteEntry, RemoteFiles } from '../remote-files.ts';
import type { Server } from '../server.ts';
import { Calls } from './calls.ts';
import { type Client, destroy, logIn } from './login.ts';

const GOODBYE_MS = 500;
/** Bytes asked for at once. */
const READ_BYTES = 256 * 1024;

/** Files over one SSH connection. */
export class SftpFiles implements RemoteFiles {
  readonly root: string;
  readonly #client: Client;
  readonly #server: Server;
  readonly #calls: Calls;

  static async open(server: Server, signal: AbortSignal): Promise<SftpFiles> {
    const client = await logIn(server, signal);
    const files = new SftpFiles(client, server, '/');
    const home = await files.#calls.short('stat', 'asking for the home directory', signal, () =>
      client.cwd(),
    );
    return new SftpFiles(client, server, home);
  }

  private constructor(client: Client, server: Server, home: string) {
    this.#client = client;
    this.#server = server;
    this.#calls = new Calls(client, server);
    this.root = resolve(home, server.directory);
  }

  get closed(): boolean {
    return this.#client.sftp === undefined || this.#calls.isClosing;
  }

  async list(directory: string, signal: AbortSignal): Promise<RemoteEntry[]> {
    const all = await this.#calls.short('list', `the listing of ${directory}`, signal, () =>
      promisify(this.#sftp.readdir.bind(this.#sftp))(directory),
    );
    const named = all.filter(({ filename }) => filename !== '.' && filename !== '..');
    const safe = named.filter(({ filename }) => isName(filename));
    if (safe.length < named.length) {
      const unsafe = named.length - safe.length;
      this.#server.log.warn(
        { directory, unsafe },
        'the server lists names that lead elsewhere; they are ignored',
      );
    }
    return safe.map(({ filename, attrs }) => toEntry(filename, attrs));
  }

  stat(path: string, signal: AbortSignal): Promise<RemoteEntry | undefined> {
    return this.#calls.short('stat', `the lookup of ${path}`, signal, async () => {
      try {
        const attributes = await promisify(this.#sftp.lstat.bind(this.#sftp))(path);
        return toEntry(nameOf(path), attributes);
      } catch (error) {
        if ((error as { code?: unknown }).code === 2) return undefined;
        throw error;
      }
    });
  }

  read(path: string, offset: number, sink: Writable, signal: AbortSignal): Promise<void> {
    const options = { start: offset, highWaterMark: READ_BYTES };
    return this.#calls.long('read', `the download of ${path}`, signal, () =>
      pipeline(this.#sftp.createReadStream(path, options), sink),
    );
  }

  write(
    path: string,
    content: Uint8Array,
    mode: 'replace' | 'append',
    signal: AbortSignal,
  ): Promise<void> {
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
    const writeStreamOptions = { flags: mode === 'append' ? 'a' : 'w' } as const;
    return this.#calls.long('write', `the upload of ${path}`, signal, async (client) => {
      await client.put(bytes, path, { writeStreamOptions });
    });
  }

  rename(from: string, to: string, replace: boolean, signal: AbortSignal): Promise<void> {
    return this.#calls.short(
      'rename',
      `the renaming of ${from} to ${to}`,
      signal,
      async (client) => {
        if (replace) await client.posixRename(from, to);
        else await client.rename(from, to);
      },
    );
  }

  remove(path: string, signal: AbortSignal): Promise<void> {
    return this.#calls.short('remove', `the removal of ${path}`, signal, async (client) => {
      await client.delete(path);
    });
  }

  makeDirectory(path: string, signal: AbortSignal): Promise<void> {
    return this.#calls.short('write', `the creation of directory ${path}`, signal, async () => {
      try {
        await promisify((done: (error?: Error | null) => void) => this.#sftp.mkdir(path, done))();
      } catch (error) {
        // Refused also if it is there already.
        const entry = await promisify(this.#sftp.stat.bind(this.#sftp))(path).catch(
          () => undefined,
        );
        if (!entry?.isDirectory()) throw error;
      }
    });
  }

  async hash(): Promise<undefined> {}

  chmod(path: string, mode: string, signal: AbortSignal): Promise<void> {
    return this.#calls.short('write', `chmod of ${path}`, signal, async (client) => {
      await client.chmod(path, Number.parseInt(mode, 8));
    });
  }

  setModified(path: string, time: Date, signal: AbortSignal): Promise<void> {
    return this.#calls.short('write', `setting the time of ${path}`, signal, () =>
      promisify((done: (error?: Error | null) => void) =>
        this.#sftp.utimes(path, time, time, done),
      )(),
    );
  }

  check(directory: string, signal: AbortSignal): Promise<void> {
    return this.#calls.short('list', `entering ${directory}`, signal, async () => {
      const entry = await promisify(this.#sftp.stat.bind(this.#sftp))(directory);
      if (!entry.isDirectory()) throw Object.assign(new Error('not a directory'), { code: 2 });
    });
  }

  keepAlive(signal: AbortSignal): Promise<void> {
    return this.#calls.short('stat', 'a sign of life', signal, async (client) => {
      await client.cwd();
    });
  }

  async close(): Promise<void> {
    if (!this.closed) {
      const timer = setTimeout(() => destroy(this.#client), GOODBYE_MS);
      await this.#client.end().catch(() => {});
      clearTimeout(timer);
    }
    destroy(this.#client);
  }

  get #sftp(): SFTPWrapper {
    if (this.#client.sftp) return this.#client.sftp;
    throw new Error('the connection is closed');
  }
}

function toEntry(
  name: string,
  { mode, size, mtime }: { mode: number; size: number; mtime: number },
): RemoteEntry {
  const type = mode & constants.S_IFMT;
  const kind =
    type === constants.S_IFREG ? 'file' : type === constants.S_IFDIR ? 'directory' : 'other';
  return { name, kind, size, modifiedAt: mtime * 1000, uniqueId: '' };
}

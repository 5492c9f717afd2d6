import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'basic-ftp';
import { FTPError } from 'basic-ftp';
import { remoteError } from '../../errors.ts';
import type { Operation } from '../../failures.ts';
import { nameOf, resolve } from '../../paths.ts';
import type { RemoteEntry, RemoteFiles, RemoteHash } from '../remote-files.ts';
import type { Server } from '../server.ts';
import { Content } from './content.ts';
import { Hasher } from './hasher.ts';
import { parseFacts, parseListing } from './listing.ts';
import { logIn, type Session } from './login.ts';

const GOODBYE_MS = 500;
/** Files over one control connection of FTP or FTPS. */
export class FtpFiles implements RemoteFiles {
  readonly root: string;
  readonly #client: Client;
  readonly #features: Session['features'];
  readonly #server: Server;
  readonly #hasher: Hasher;
  /** Where the server thinks we are, so that directories with odd names need not be arguments. */
  #directory = '';

  static async open(server: Server, signal: AbortSignal): Promise<FtpFiles> {
    return new FtpFiles(await logIn(server, signal), server);
  }

  private constructor({ client, features, home }: Session, server: Server) {
    this.#client = client;
    this.#features = features;
    this.#server = server;
    this.#hasher = new Hasher(client, features);
    this.root = resolve(home, server.directory);
  }

  get closed(): boolean {
    return this.#client.closed;
  }

  async list(directory: string, signal: AbortSignal): Promise<RemoteEntry[]> {
    let listing = parseListing('');
    await this.#run('list', `the listing of ${directory}`, signal, async (client) => {
      if (this.#directory !== directory) await client.cd(directory);
      this.#directory = directory;
      client.parseList = (text) => {
        listing = parseListing(text);
        return [];
      };
      await client.list();
    });
    const { entries, unsafe } = listing;
    if (unsafe > 0) {
      this.#server.log.warn(
        { directory, unsafe },
        'the server lists names that lead elsewhere; they are ignored',
      );
    }
    return entries;
  }

  stat(path: string, signal: AbortSignal): Promise<RemoteEntry | undefined> {
    return this.#run('stat', `the lookup of ${path}`, signal, async (client) => {
      try {
        return await this.#lookUp(client, path);
      } catch (error) {
        if (error instanceof FTPError && error.code === 550) return undefined;
        throw error;
      }
    });
  }

  async #lookUp(client: Client, path: string): Promise<RemoteEntry | undefined> {
    const name = nameOf(path);
    if (this.#features.has('MLST')) {
      return parseFacts((await client.send(`MLST ${path}`)).message, name);
    }
    const size = await client.size(path);
    const modifiedAt = this.#features.has('MDTM')
      ? (await client.lastMod(path)).getTime()
      : undefined;
    return { name, kind: 'file', size, modifiedAt, uniqueId: '' };
  }

  read(path: string, offset: number, sink: Writable, signal: AbortSignal): Promise<void> {
    return this.#run('read', `the download of ${path}`, signal, async (client) => {
      await client.downloadTo(sink, path, offset);
    });
  }

  write(
    path: string,
    content: Uint8Array,
    mode: 'replace' | 'append',
    signal: AbortSignal,
  ): Promise<void> {
    return this.#run('write', `the upload of ${path}`, signal, async (client) => {
      const source = new Content(content, client);
      if (mode === 'append') await client.appendFrom(source, path);
      else await client.uploadFrom(source, path);
    });
  }

  rename(from: string, to: string, replace: boolean, signal: AbortSignal): Promise<void> {
    return this.#run('rename', `the renaming of ${from} to ${to}`, signal, async (client) => {
      try {
        await client.rename(from, to);
      } catch (error) {
        // Whether RNTO replaces is up to the server; one that refuses gets the target out of its way.
        const refused = error instanceof FTPError && (error.code === 550 || error.code === 553);
        if (!replace || !refused || !(await this.#remove(client, to))) throw error;
        await client.rename(from, to);
      }
    });
  }

  async #remove(client: Client, path: string): Promise<boolean> {
    return (await client.sendIgnoringError(`DELE ${path}`)).code < 400;
  }

  remove(path: string, signal: AbortSignal): Promise<void> {
    return this.#run('remove', `the removal of ${path}`, signal, async (client) => {
      await client.remove(path);
    });
  }

  makeDirectory(path: string, signal: AbortSignal): Promise<void> {
    return this.#run('write', `the creation of directory ${path}`, signal, async (client) => {
      const { code, message } = await client.sendIgnoringError(`MKD ${path}`);
      if (code < 400) return;
      this.#directory = path;
      // Refused also if it is there already.
      const entered = await client.sendIgnoringError(`CWD ${path}`);
      if (entered.code >= 400) throw new FTPError({ code, message });
    });
  }

  hash(path: string, signal: AbortSignal): Promise<RemoteHash | undefined> {
    return this.#run('stat', `the hash of ${path}`, signal, () => this.#hasher.hash(path));
  }

  chmod(path: string, mode: string, signal: AbortSignal): Promise<void> {
    return this.#command(`SITE CHMOD ${mode} ${path}`, signal);
  }

  setModified(path: string, time: Date, signal: AbortSignal): Promise<void> {
    const digits = time.toISOString().replace(/\..*/, '').replace(/\D/g, '');
    return this.#command(`MFMT ${digits} ${path}`, signal);
  }

  check(directory: string, signal: AbortSignal): Promise<void> {
    return this.#run('list', `entering ${directory}`, signal, async (client) => {
      await client.cd(directory);
      this.#directory = directory;
    });
  }

  keepAlive(signal: AbortSignal): Promise<void> {
    return this.#command('NOOP', signal);
  }

  async close(): Promise<void> {
    if (!this.closed) {
      await Promise.race([
        this.#client.send('QUIT').catch(() => {}),
        sleep(GOODBYE_MS, undefined, { ref: false }),
      ]);
    }
    this.#client.close();
  }

  #command(command: string, signal: AbortSignal): Promise<void> {
    return this.#run('write', command, signal, async (client) => {
      await client.send(command);
    });
  }

  /** Runs one call; on abort the connection is closed, which ends whatever the library waits for. */
  async #run<T>(
    operation: Operation,
    what: string,
    signal: AbortSignal,
    work: (client: Client) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const abort = (): void => this.#client.close();
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await work(this.#client);
    } catch (error) {
      // Without a reply nobody knows what the server will say next.
      if (!(error instanceof FTPError)) this.#client.close();
      signal.throwIfAborted();
      throw remoteError(error, operation, `${what} at ${this.#server.address}`);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

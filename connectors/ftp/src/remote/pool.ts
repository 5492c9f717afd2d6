import { PluginError } from '@vrsky/runtime';
import type { Opener } from './open.ts';
import type { RemoteFiles } from './remote-files.ts';

export interface PoolOptions {
  readonly maxConnections: number;
  /** Pause between signs of life on idle connections; 0 = none. */
  readonly keepAliveMs: number;
}

/** A bounded number of connections, each used by one at a time. Waiting users get theirs in order. */
export class Pool {
  readonly #open: Opener;
  readonly #idle: RemoteFiles[] = [];
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  readonly #keepAlive: NodeJS.Timeout | undefined;
  readonly #closing = new AbortController();
  #free: number;
  #limit: number;

  constructor(open: Opener, { maxConnections, keepAliveMs }: PoolOptions) {
    this.#open = open;
    this.#free = maxConnections;
    this.#limit = maxConnections;
    if (keepAliveMs > 0) this.#keepAlive = setInterval(() => this.#showLife(), keepAliveMs).unref();
  }

  /** Connections that may be open at once: less than set if the server does not take as many. */
  get limit(): number {
    return this.#limit;
  }

  /** Runs work with a connection of its own; one that is closed afterwards is forgotten. */
  async use<T>(signal: AbortSignal, work: (files: RemoteFiles) => Promise<T>): Promise<T> {
    await this.#takeTurn(signal);
    let files: RemoteFiles;
    try {
      files = this.#takeIdle() ?? (await this.#open(signal));
    } catch (error) {
      if (!this.#shrink(error)) {
        this.#giveTurn();
        throw error;
      }
      return this.use(signal, work);
    }
    try {
      return await work(files);
    } finally {
      if (this.#closing.signal.aborted) await files.close();
      else if (!files.closed) this.#idle.push(files);
      this.#giveTurn();
    }
  }

  /** Says goodbye on idle connections; those in use follow when their users are done. */
  async close(): Promise<void> {
    clearInterval(this.#keepAlive);
    this.#closing.abort();
    await Promise.all(this.#idle.splice(0).map((files) => files.close()));
  }

  #takeIdle(): RemoteFiles | undefined {
    for (let files = this.#idle.shift(); files; files = this.#idle.shift()) {
      if (!files.closed) return files;
    }
    return undefined;
  }

  async #takeTurn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    const turn = Promise.withResolvers<void>();
    const leave = (): void => {
      const place = this.#waiting.indexOf(turn);
      if (place >= 0) this.#waiting.splice(place, 1);
      turn.reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.push(turn);
    await turn.promise.finally(() => signal.removeEventListener('abort', leave));
  }

  #giveTurn(): void {
    const next = this.#waiting.shift();
    if (next) next.resolve();
    else this.#free += 1;
  }

  /** The server takes no more: true = go on with the connections that there are. */
  #shrink(error: unknown): boolean {
    const isLimit = error instanceof PluginError && error.reason === 'CONNECTION_LIMIT';
    const others = this.#limit - 1;
    if (!isLimit || others === 0 || this.#free === others) return false;
    this.#limit = others;
    return true;
  }

  #showLife(): void {
    const { signal } = this.#closing;
    for (const _ of [...this.#idle]) {
      if (this.#free > 0) void this.use(signal, (files) => files.keepAlive(signal)).catch(() => {});
    }
  }
}

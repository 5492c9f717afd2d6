import {
  type ConnectionConfig,
  type Health,
  type Message,
  PluginError,
  timeoutMs,
} from '@vrsky/runtime';
import {
  abortable,
  type ConnectorHost,
  type Destination,
  type Probe,
  type SendOutcome,
  withDeadline,
} from '@vrsky/runtime/plugin';
import { type Names, Naming } from './outgoing/naming.ts';
import type { OutgoingSettings } from './outgoing/settings.ts';
import { Turns } from './outgoing/turns.ts';
import { upload } from './outgoing/upload.ts';
import { ensureDirectory } from './remote/directories.ts';
import { HealthCheck } from './remote/health-check.ts';
import { createOpener } from './remote/open.ts';
import { Pool } from './remote/pool.ts';
import { createProbe } from './remote/probe.ts';
import { type Server, serverOf, serverWarnings } from './remote/server.ts';
import { Streak } from './streak.ts';

/** Time to remove what a broken upload has left. */
const CLEAN_UP_MS = 5000;
/** Ids of tries whose outcome is unknown: as many as a host may have under way, and more. */
const MOST_UNCERTAIN = 10_000;

/** Sends each message as one file. */
export class FtpDestination implements Destination {
  readonly #config: ConnectionConfig<OutgoingSettings>;
  readonly #host: ConnectorHost;
  readonly #server: Server;
  readonly #naming: Naming;
  readonly #pool: Pool;
  readonly #healthCheck: HealthCheck;
  readonly #turns = new Turns();
  readonly #uncertain = new Set<string>();
  readonly #cleanUps = new Set<Promise<void>>();
  readonly #streak = new Streak();
  readonly #closing = new AbortController();
  #root = '';

  constructor(config: ConnectionConfig<OutgoingSettings>, host: ConnectorHost) {
    const { maxConnections, keepAliveSeconds } = config.settings;
    this.#config = config;
    this.#host = host;
    this.#server = serverOf(config, host.log);
    this.#naming = new Naming(config.settings);
    const open = createOpener(this.#server);
    this.#pool = new Pool(open, { maxConnections, keepAliveMs: keepAliveSeconds * 1000 });
    this.#healthCheck = new HealthCheck(open, timeoutMs(config));
  }

  get probe(): Probe {
    return createProbe(this.#server, this.#config.settings.createDirectories);
  }

  async validate(): Promise<string[]> {
    return serverWarnings(this.#server);
  }

  async start(signal: AbortSignal): Promise<void> {
    const { createDirectories } = this.#config.settings;
    for (const warning of serverWarnings(this.#server)) this.#host.log.warn(warning);
    try {
      await this.#pool.use(signal, async (remote) => {
        this.#root = remote.root;
        if (createDirectories) await ensureDirectory(remote, remote.root, signal);
        await remote.check(remote.root, signal);
      });
    } catch (error) {
      await this.#pool.close();
      throw error;
    }
  }

  send(batch: readonly Message[], signal: AbortSignal): Promise<readonly SendOutcome[]> {
    return Promise.all(batch.map((message) => this.#attempt(message, signal)));
  }

  async health(signal: AbortSignal): Promise<Health> {
    await this.#healthCheck.check(signal);
    this.#streak.check();
    const { length, lastError } = this.#streak;
    return {
      status: length > 0 ? 'degraded' : 'ok',
      details: {
        directory: this.#root,
        failuresInRow: String(length),
        poolSize: String(this.#pool.limit),
        ...(length > 0 && { lastError }),
      },
    };
  }

  async stop(signal: AbortSignal): Promise<void> {
    await abortable(Promise.all(this.#cleanUps), signal).catch(() => {});
    this.#closing.abort(new Error('the connection was closed'));
    await Promise.all([this.#healthCheck.close(), this.#pool.close()]);
  }

  async #attempt(message: Message, signal: AbortSignal): Promise<SendOutcome> {
    try {
      const names = this.#naming.namesFor(message, this.#root);
      // Two messages of the same name must not both find the name free.
      const giveTurn = await this.#turns.take(names.target, signal);
      const outcome = await this.#upload(message, names, signal, giveTurn);
      this.#streak.succeeded();
      return outcome;
    } catch (error) {
      signal.throwIfAborted();
      const failure = PluginError.from(error);
      this.#record(failure);
      return failure;
    }
  }

  async #upload(
    message: Message,
    names: Names,
    signal: AbortSignal,
    giveTurn: () => void,
  ): Promise<SendOutcome> {
    const { id, payload, timestamp } = message;
    const file = {
      content: payload,
      modifiedAt: timestamp && new Date(timestamp.epochMilliseconds),
      names,
      isRetry: this.#uncertain.has(id),
      onNaming: () => this.#doubt(id),
    };
    try {
      const { path, outcome } = await this.#pool.use(signal, (remote) =>
        upload(remote, file, this.#config.settings, this.#host.log, signal),
      );
      this.#uncertain.delete(id);
      giveTurn();
      const headers = {
        'ftp.path': path,
        'ftp.size': String(payload.length),
        'ftp.outcome': outcome,
      };
      return { messageId: path, headers };
    } catch (error) {
      this.#cleanUp(names, giveTurn);
      throw error;
    }
  }

  #doubt(id: string): void {
    this.#uncertain.add(id);
    const [oldest] = this.#uncertain;
    if (this.#uncertain.size > MOST_UNCERTAIN && oldest !== undefined)
      this.#uncertain.delete(oldest);
  }

  /** Removes what is left under the temporary name; until then nobody else has the turn. */
  #cleanUp({ temp }: Names, giveTurn: () => void): void {
    if (temp === undefined) return giveTurn();
    const limitMs = Math.min(CLEAN_UP_MS, timeoutMs(this.#config));
    const late = (): Error => new Error('there was no time to remove a temporary file');
    const cleaning = withDeadline(limitMs, [this.#closing.signal], late, (signal) =>
      this.#pool.use(signal, async (remote) => {
        if (await remote.stat(temp, signal)) await remote.remove(temp, signal);
      }),
    )
      .catch((err: unknown) =>
        this.#host.log.debug({ err, path: temp }, 'a temporary file may be left'),
      )
      .finally(() => {
        this.#cleanUps.delete(cleaning);
        giveTurn();
      });
    this.#cleanUps.add(cleaning);
  }

  #record(failure: PluginError): void {
    // A fault of the message says nothing of the connection.
    if (failure.code === 'INVALID_MESSAGE' || failure.reason === 'TARGET_EXISTS') return;
    this.#streak.failed(failure);
  }
}

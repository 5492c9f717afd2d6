import { PluginError } from '@vrsky/runtime';
import type { ConnectorHost } from '@vrsky/runtime/plugin';
import { backoffAfter } from '../backoff.ts';
import { join } from '../paths.ts';
import { pause } from '../pause.ts';
import { ensureDirectory } from '../remote/directories.ts';
import type { Pool } from '../remote/pool.ts';
import type { RemoteFiles } from '../remote/remote-files.ts';
import { Streak } from '../streak.ts';
import { unclaim } from './claim.ts';
import type { FoundFile } from './found-file.ts';
import { Stability } from './stability.ts';
import { type Survey, type SurveyOptions, survey } from './survey.ts';

/** What the poller asks about files that it has found. */
export interface Memory {
  /** Whether the file is with the host, or was delivered before. */
  knows(file: FoundFile): boolean;
  /** Told after each look what there is. */
  listed(files: readonly FoundFile[]): void;
}

/** Looks into the directory again and again, and gives out the files that are complete, in order. */
export class Poller {
  readonly #pool: Pool;
  readonly #options: SurveyOptions;
  readonly #memory: Memory;
  readonly #log: ConnectorHost['log'];
  readonly #stability: Stability;
  readonly #foreignSince = new Map<string, number>();
  #queue: FoundFile[] = [];
  #nextLookAt = 0;
  /** Looks and downloads that failed. */
  readonly streak: Streak = new Streak();
  #lookedAt: number | undefined;

  constructor(pool: Pool, options: SurveyOptions, memory: Memory, log: ConnectorHost['log']) {
    this.#pool = pool;
    this.#options = options;
    this.#memory = memory;
    this.#log = log;
    this.#stability = new Stability(options.settings);
  }

  /** Milliseconds since the last look that succeeded; undefined = there was none. */
  get sinceLookMs(): number | undefined {
    return this.#lookedAt === undefined ? undefined : performance.now() - this.#lookedAt;
  }

  /** The next file; looks for one as often as it must. Throws what no further look can mend. */
  async next(signal: AbortSignal): Promise<FoundFile> {
    for (;;) {
      signal.throwIfAborted();
      const file = this.#queue.shift();
      if (!file) await this.#lookInTime(signal);
      else if (!this.#memory.knows(file)) return file;
    }
  }

  /** Takes note of a failure with a file: the next look comes after a pause. */
  failed(thrown: unknown, file?: FoundFile): void {
    const error = PluginError.from(thrown);
    this.streak.failed(error);
    this.#queue = [];
    if (file && error.reason !== 'CONNECTION_LOST') this.#stability.forget(file);
    const { pollIntervalMs } = this.#options.settings;
    const wait = error.recoverable ? backoffAfter(this.streak.length) : pollIntervalMs;
    this.#nextLookAt = performance.now() + wait;
  }

  async #lookInTime(signal: AbortSignal): Promise<void> {
    await pause(this.#nextLookAt - performance.now(), signal);
    try {
      await this.#pool.use(signal, (remote) => this.#look(remote, signal));
      this.streak.succeeded();
      this.#lookedAt = performance.now();
    } catch (error) {
      signal.throwIfAborted();
      this.failed(error);
      if (!this.#isHopeful(PluginError.from(error))) throw error;
      this.#log.warn({ err: error }, 'the directory could not be looked into; trying again');
    }
  }

  #isHopeful({ recoverable, reason }: PluginError): boolean {
    return (
      recoverable ||
      (reason === 'DIRECTORY_NOT_FOUND' && this.#options.settings.missingDirectory !== 'error')
    );
  }

  async #look(remote: RemoteFiles, signal: AbortSignal): Promise<void> {
    const { settings, selection, root } = this.#options;
    if (settings.missingDirectory === 'create' && this.#lookedAt === undefined) {
      await ensureDirectory(remote, root, signal);
    }
    const found = await survey(remote, this.#options, signal);
    this.#memory.listed([...found.files, ...found.ownClaims]);
    await this.#releaseStaleClaims(remote, found, signal);
    const unknown = (files: FoundFile[]): FoundFile[] =>
      files.filter((file) => !this.#memory.knows(file));
    const dated = await this.#withTimes(remote, unknown(found.files), signal);
    const complete = this.#stability.observe(dated, performance.now(), Date.now());
    const ready = selection.sort([...unknown(found.ownClaims), ...complete]);
    this.#queue = ready.slice(0, settings.maxFilesPerPoll);
    const isUnfinished = complete.length < dated.length;
    const wait = isUnfinished
      ? Math.min(settings.stability.intervalMs, settings.pollIntervalMs)
      : settings.pollIntervalMs;
    this.#nextLookAt = ready.length > this.#queue.length ? 0 : performance.now() + wait;
  }

  /** Asks for the times that an old-style listing does not tell, for as many files as one look takes. */
  async #withTimes(
    remote: RemoteFiles,
    files: FoundFile[],
    signal: AbortSignal,
  ): Promise<FoundFile[]> {
    if (files.every(({ modifiedAt }) => modifiedAt !== undefined)) return files;
    const dated: FoundFile[] = [];
    for (const file of files.slice(0, this.#options.settings.maxFilesPerPoll)) {
      const entry = await remote.stat(file.path, signal);
      if (entry)
        dated.push({
          ...file,
          size: entry.size,
          modifiedAt: entry.modifiedAt,
          uniqueId: entry.uniqueId,
        });
    }
    return dated;
  }

  async #releaseStaleClaims(
    remote: RemoteFiles,
    { foreignClaims }: Survey,
    signal: AbortSignal,
  ): Promise<void> {
    const { claimTimeoutMs, claim } = this.#options.settings;
    if (claim === 'none' || claimTimeoutMs === 0) return;
    const now = performance.now();
    const there = new Set(foreignClaims.map(({ where }) => where));
    for (const where of this.#foreignSince.keys())
      if (!there.has(where)) this.#foreignSince.delete(where);
    for (const file of foreignClaims) {
      const since = this.#foreignSince.get(file.where) ?? now;
      this.#foreignSince.set(file.where, since);
      if (now - since < claimTimeoutMs) continue;
      this.#log.warn({ path: file.where }, 'a claim of another instance is too old: it is undone');
      await unclaim(remote, file, signal);
    }
  }
}

/** Where the settings put files: such directories are not looked into. */
export function ownDirectory(root: string, prefix: string): string {
  const path = prefix.startsWith('/') ? prefix : join(root, prefix);
  return path.replace(/\/+$/, '');
}

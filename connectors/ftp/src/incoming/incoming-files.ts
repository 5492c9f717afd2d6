import { PluginError } from '@vrsky/runtime';
import { backoffAfter } from '../backoff.ts';
import { pause } from '../pause.ts';
import type { Pool } from '../remote/pool.ts';
import type { Server } from '../remote/server.ts';
import { claim, unclaim } from './claim.ts';
import { fetchPart } from './fetch.ts';
import { type FoundFile, messageId } from './found-file.ts';
import { FileInHand, type FilePart } from './in-hand.ts';
import type { Poller } from './poller.ts';
import type { IncomingSettings } from './settings.ts';
import type { SurveyOptions } from './survey.ts';

/** Failures that no file is to blame for, and that no further try mends. */
const HOPELESS: ReadonlySet<string> = new Set([
  'AUTH_FAILED',
  'TLS_FAILED',
  'INVALID_CONFIG',
  'UNSUPPORTED',
]);

/** Turns files into messages, one after the other: finds, claims, reads and checks them. */
export class IncomingFiles {
  /** By id: taken, and not put away yet. */
  readonly hands: Map<string, FileInHand> = new Map();
  readonly #server: Server;
  readonly #pool: Pool;
  readonly #poller: Poller;
  readonly #survey: SurveyOptions;
  readonly #settings: IncomingSettings;
  readonly #refuse: (hand: FileInHand) => Promise<void>;
  /** A file of several messages, of which some are still to be handed over. */
  #open: FileInHand | undefined;
  #failuresInRow = 0;

  /** @param refuse puts a file away that is too large to be read */
  constructor(
    server: Server,
    pool: Pool,
    poller: Poller,
    survey: SurveyOptions,
    refuse: (hand: FileInHand) => Promise<void>,
  ) {
    this.#server = server;
    this.#pool = pool;
    this.#poller = poller;
    this.#survey = survey;
    this.#settings = survey.settings;
    this.#refuse = refuse;
  }

  /** The next message. On abort it rejects; what it had begun with is still in `hands`. */
  async next(signal: AbortSignal): Promise<FilePart> {
    for (;;) {
      const hand = this.#open ?? (await this.#take(signal));
      const part = hand && (await this.#read(hand, signal));
      if (part) return part;
    }
  }

  /** Undefined = it was not to be had, or it is not to be read. */
  async #take(signal: AbortSignal): Promise<FileInHand | undefined> {
    const { maxFileSizeBytes, largeFile, chunkSizeBytes } = this.#settings;
    const file = await this.#claim(await this.#poller.next(signal), signal);
    if (!file) return undefined;
    const isLarge = file.size > maxFileSizeBytes;
    const partBytes = isLarge ? chunkSizeBytes : Math.max(file.size, 1);
    const hand = new FileInHand(file, messageId(this.#server, file), partBytes);
    this.hands.set(hand.id, hand);
    if (!isLarge || largeFile === 'chunk') {
      this.#open = hand;
      return hand;
    }
    const facts = { path: file.path, bytes: file.size, maxFileSizeBytes, largeFile };
    this.#server.log.warn(facts, 'a file is above the size limit and is not read');
    await this.#refuse(hand);
    return undefined;
  }

  async #claim(file: FoundFile, signal: AbortSignal): Promise<FoundFile | undefined> {
    if (this.#settings.claim === 'none') return file;
    const { instanceId, claimDirectory } = this.#survey;
    try {
      return await this.#pool.use(signal, (remote) =>
        claim(remote, file, instanceId, claimDirectory, signal),
      );
    } catch (error) {
      signal.throwIfAborted();
      this.#failed(error, file);
      return undefined;
    }
  }

  async #read(hand: FileInHand, signal: AbortSignal): Promise<FilePart | undefined> {
    const verifyHash = this.#settings.checksum === 'auto';
    try {
      const message = await fetchPart(hand, this.#server, this.#pool, verifyHash, signal);
      const part = hand.handOver(message);
      if (hand.handed === hand.parts) this.#open = undefined;
      this.#failuresInRow = 0;
      this.#poller.streak.succeeded();
      return part;
    } catch (error) {
      signal.throwIfAborted();
      const { reason } = PluginError.from(error);
      if (hand.handed > 0 && reason !== 'FILE_CHANGED') await this.#goOnLater(hand, error, signal);
      else await this.#giveUp(hand, error, signal);
      return undefined;
    }
  }

  /** The link broke in the midst of a large file, of which the host has parts. */
  async #goOnLater({ file }: FileInHand, error: unknown, signal: AbortSignal): Promise<void> {
    this.#failed(error, file);
    this.#failuresInRow += 1;
    await pause(backoffAfter(this.#failuresInRow), signal);
  }

  /** The file stays where it was, for the next look. */
  async #giveUp(hand: FileInHand, thrown: unknown, signal: AbortSignal): Promise<void> {
    const { file } = hand;
    this.#open = undefined;
    this.hands.delete(hand.id);
    const error = PluginError.from(thrown);
    const isThere = await this.#pool
      .use(signal, async (remote) => {
        const entry = await remote.stat(file.where, signal);
        if (entry) await unclaim(remote, file, signal);
        return entry !== undefined;
      })
      .catch(() => true);
    if (isThere || error.recoverable) this.#failed(error, file);
    else this.#server.log.debug({ path: file.path }, 'a file was gone before it could be read');
  }

  #failed(thrown: unknown, file: FoundFile): void {
    this.#poller.failed(thrown, file);
    const error = PluginError.from(thrown);
    if (HOPELESS.has(error.code) && !error.recoverable) throw error;
    this.#server.log.warn(
      { err: error, path: file.path },
      'a file could not be read; trying again',
    );
  }
}

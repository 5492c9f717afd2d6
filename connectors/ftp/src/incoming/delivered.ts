import { createHash } from 'node:crypto';
import { PluginError } from '@vrsky/runtime';
import type { ConnectorHost } from '@vrsky/runtime/plugin';

/** Bytes that stand for one file; the host keeps at most 64 KiB under a key. */
const DIGEST_BYTES = 16;
const MAX_VALUE_BYTES = 64 * 1024;
const SHARDS = 16;

interface Shard {
  /** Digests of delivered files, in hex. */
  readonly digests: Set<string>;
  revision: bigint;
  /** Ends when the last write that was begun has ended. */
  writing: Promise<void>;
}

/**
 * Remembers which files were delivered, for those that stay where they are: in the host's state when
 * it keeps one, so that a restart repeats nothing, and otherwise in memory. What is not listed any
 * more is forgotten.
 */
export class Delivered {
  readonly #host: Pick<ConnectorHost, 'getState' | 'putState'>;
  readonly #shards: Shard[] = Array.from({ length: SHARDS }, () => ({
    digests: new Set<string>(),
    revision: 0n,
    writing: Promise.resolve(),
  }));
  #isDurable = false;

  constructor(host: Pick<ConnectorHost, 'getState' | 'putState'>) {
    this.#host = host;
  }

  /** Whether this host keeps state. Only reads. */
  static async isDurable(
    host: Pick<ConnectorHost, 'getState'>,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      await host.getState(keyOf(0), signal);
      return true;
    } catch (error) {
      if (error instanceof PluginError && error.code === 'UNSUPPORTED') return false;
      throw error;
    }
  }

  /** Called once, before everything else. */
  async load(signal: AbortSignal): Promise<void> {
    this.#isDurable = await Delivered.isDurable(this.#host, signal);
    if (!this.#isDurable) return;
    await Promise.all(this.#shards.map((shard, index) => this.#read(shard, index, signal)));
  }

  has(id: string): boolean {
    const digest = digestOf(id);
    return this.#shards[shardOf(digest)]?.digests.has(digest) ?? false;
  }

  /** Resolves when it is durable, as far as the host is. */
  async add(id: string, signal: AbortSignal): Promise<void> {
    const digest = digestOf(id);
    const index = shardOf(digest);
    const shard = this.#shards[index];
    if (!shard || shard.digests.has(digest)) return;
    shard.digests.add(digest);
    if (!this.#isDurable) return;
    const before = shard.writing;
    const write = before.then(() => this.#write(shard, index, signal));
    shard.writing = write.catch(() => {});
    await write;
  }

  /** Forgets all but these; the host's copy follows with the next file. */
  keepOnly(ids: ReadonlySet<string>): void {
    if (this.#shards.every(({ digests }) => digests.size === 0)) return;
    const listed = new Set(Array.from(ids, digestOf));
    for (const { digests } of this.#shards) {
      for (const digest of digests) if (!listed.has(digest)) digests.delete(digest);
    }
  }

  async #read(shard: Shard, index: number, signal: AbortSignal): Promise<void> {
    const { value, revision } = await this.#host.getState(keyOf(index), signal);
    const hex = Buffer.from(value).toString('hex');
    for (const [digest] of hex.matchAll(/.{32}/g)) shard.digests.add(digest);
    shard.revision = revision;
  }

  async #write(shard: Shard, index: number, signal: AbortSignal): Promise<void> {
    const value = Buffer.from([...shard.digests].join(''), 'hex');
    if (value.length > MAX_VALUE_BYTES) {
      const most = (SHARDS * MAX_VALUE_BYTES) / DIGEST_BYTES;
      throw new PluginError(
        'UNSUPPORTED',
        `afterProcess "none" remembers some ${most} files, and there are more: move or delete them`,
      );
    }
    try {
      shard.revision = await this.#host.putState(keyOf(index), value, shard.revision, signal);
    } catch (error) {
      if (!(error instanceof PluginError && error.code === 'STATE_CONFLICT')) throw error;
      // Somebody else writes for this connection, too: what both have delivered counts.
      await this.#read(shard, index, signal);
      await this.#write(shard, index, signal);
    }
  }
}

function keyOf(index: number): string {
  return `delivered.${index}`;
}

function digestOf(id: string): string {
  return createHash('sha256')
    .update(id)
    .digest('hex')
    .slice(0, 2 * DIGEST_BYTES);
}

function shardOf(digest: string): number {
  return Number.parseInt(digest.slice(0, 1), 16);
}

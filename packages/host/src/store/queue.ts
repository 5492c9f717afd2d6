import type { DatabaseSync } from 'node:sqlite';
import type { Message, PluginError } from '@vrsky/runtime';
import type { StoreSettings } from '../config/integration.ts';
import { Wakeup } from '../wakeup.ts';
import { fromEnvelope, toEnvelope } from './envelope.ts';
import { durably, lazily } from './transaction.ts';

/** What has been tried with one message so far, in earlier runs too. */
export interface Progress {
  /** Attempts made. */
  readonly attempts: number;
  /** How many of them failed with an outage. */
  readonly outages: number;
  /** When it first met an outage, in milliseconds since 1970. */
  readonly outageSince: number | undefined;
}

/** A message on its way out. */
export interface Pending {
  readonly seq: number;
  readonly message: Message;
  readonly progress: Progress;
  /** When it came in, in milliseconds since 1970. */
  readonly receivedAt: number;
}

/** A received message; with a `failure` it is a dead letter from the start. */
export interface Arrival {
  readonly message: Message;
  readonly failure?: PluginError;
}

/**
 * The messages between receipt and delivery, in order of arrival. Every method but the waits is
 * synchronous and throws only if the file cannot be written, after which the host must end.
 */
export class Queue {
  readonly #settings: StoreSettings;
  readonly #db: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #arrived = new Wakeup();
  readonly #freed = new Wakeup();
  readonly #stored: { count: number; bytes: number };
  #reserved = 0;
  #taken = 0;

  constructor(db: DatabaseSync, settings: StoreSettings) {
    this.#db = db;
    this.#settings = settings;
    this.#statements = prepare(db);
    const { count, bytes } = this.#statements.total.get() as { count: number; bytes: number };
    this.#stored = { count, bytes };
  }

  /** Waits until there is room for one more message, and holds it until `add` or `release`. */
  async reserve(signal: AbortSignal): Promise<void> {
    while (!this.#hasRoom()) await this.#freed.wait(signal);
    this.#reserved += 1;
  }

  release(): void {
    this.#reserved -= 1;
    this.#freed.notify();
  }

  /**
   * Stores messages for which room was reserved, in one transaction; on disk when it returns. One
   * whose id is already here, waiting or dead, is not stored again: gives the ids of those.
   */
  add(arrivals: readonly Arrival[]): string[] {
    const now = Date.now();
    const duplicates: string[] = [];
    durably(this.#db, () => {
      for (const { message, failure } of arrivals) {
        const envelope = toEnvelope(message);
        const bytes = message.payload.length + envelope.length;
        const { insert } = this.#statements;
        const { changes, lastInsertRowid } = insert.run(
          message.id,
          envelope,
          message.payload,
          bytes,
          now,
        );
        if (changes === 0) {
          duplicates.push(message.id);
          continue;
        }
        this.#stored.count += 1;
        this.#stored.bytes += bytes;
        if (failure) this.#writeFailure(Number(lastInsertRowid), failure, 0);
      }
    });
    this.#reserved -= arrivals.length;
    this.#arrived.notify();
    return duplicates;
  }

  /** The next message in order, each once per run; waits for it. */
  async take(signal: AbortSignal): Promise<Pending> {
    for (;;) {
      signal.throwIfAborted();
      const row = this.#statements.next.get(this.#taken);
      if (row) {
        this.#taken = row['seq'] as number;
        return pendingOf(row);
      }
      await this.#arrived.wait(signal);
    }
  }

  /** Losing this or the next two in a power cut only repeats an attempt, under the same id. */
  delivered({ seq }: Pending): void {
    const bytes = lazily(this.#db, () => this.#statements.remove.get(seq)?.['bytes'] as number);
    this.#free(1, bytes);
  }

  attempted({ seq }: Pending, { attempts, outages, outageSince }: Progress): void {
    const { attempted } = this.#statements;
    lazily(this.#db, () => attempted.run(attempts, outages, outageSince ?? null, seq));
  }

  bury({ seq }: Pending, failure: PluginError, attempts: number): void {
    lazily(this.#db, () => this.#writeFailure(seq, failure, attempts));
  }

  /** Deletes the dead letters whose time is over; gives their number. */
  purge(): number {
    const rows = lazily(this.#db, () => this.#statements.purge.all(Date.now()));
    const bytes = rows.reduce((sum, row) => sum + (row['bytes'] as number), 0);
    this.#free(rows.length, bytes);
    return rows.length;
  }

  #writeFailure(seq: number, failure: PluginError, attempts: number): void {
    const now = Date.now();
    const expires = now + this.#settings.retentionMs;
    const { code, rawMessage } = failure;
    this.#statements.bury.run(now, expires, code, rawMessage, attempts, seq);
  }

  #free(count: number, bytes: number): void {
    this.#stored.count -= count;
    this.#stored.bytes -= bytes;
    this.#freed.notify();
  }

  #hasRoom(): boolean {
    const { count, bytes } = this.#stored;
    const { maxMessages, maxBytes } = this.#settings;
    return count + this.#reserved < maxMessages && bytes < maxBytes;
  }
}

// The return type is the statements' names; writing it out would say the same twice.
function prepare(db: DatabaseSync) {
  return {
    total: db.prepare('SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM messages'),
    insert: db.prepare(
      'INSERT INTO messages (id, envelope, payload, bytes, received_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
    ),
    next: db.prepare(
      'SELECT seq, id, envelope, payload, attempts, outages, outage_since, received_at FROM messages WHERE seq > ? AND failed_at IS NULL ORDER BY seq LIMIT 1',
    ),
    remove: db.prepare('DELETE FROM messages WHERE seq = ? RETURNING bytes'),
    attempted: db.prepare(
      'UPDATE messages SET attempts = ?, outages = ?, outage_since = ? WHERE seq = ?',
    ),
    bury: db.prepare(
      'UPDATE messages SET failed_at = ?, expires_at = ?, error_code = ?, error_text = ?, attempts = ? WHERE seq = ?',
    ),
    purge: db.prepare(
      'DELETE FROM messages WHERE failed_at IS NOT NULL AND expires_at <= ? RETURNING bytes',
    ),
  };
}

function pendingOf(row: Record<string, unknown>): Pending {
  const { seq, id, envelope, payload, attempts, outages, outage_since, received_at } = row as {
    seq: number;
    id: string;
    envelope: string;
    payload: Uint8Array;
    attempts: number;
    outages: number;
    outage_since: number | null;
    received_at: number;
  };
  const message = fromEnvelope(id, payload, envelope);
  const progress = { attempts, outages, outageSince: outage_since ?? undefined };
  return { seq, message, progress, receivedAt: received_at };
}

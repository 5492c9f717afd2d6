import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { PluginError } from '@vrsky/runtime';
import { FROM_VERSION_1, STORE_VERSION, TABLES } from './schema.ts';

const SQLITE_BUSY = 5;
const OWNER_ONLY = 0o600;

export interface Database {
  readonly db: DatabaseSync;
  close(): void;
}

/**
 * Opens the store's file for one host, creating it if need be. Payloads are in it, so nobody but
 * the owner may read it, from its first byte on.
 * @throws PluginError INVALID_STATE if another host has it, INVALID_CONFIG if it cannot be a store
 */
export function openDatabase(path: string): Database {
  const lock = takeLock(path);
  try {
    const db = openPrivately(path);
    try {
      prepare(db, path);
    } catch (thrown) {
      db.close();
      throw thrown;
    }
    return {
      db,
      close: () => {
        db.close();
        lock.close();
      },
    };
  } catch (thrown) {
    lock.close();
    throw describe(thrown, path);
  }
}

/** Opens the file of a store, which may be in use by its host, to read it. */
export function openForReading(path: string): DatabaseSync {
  if (!existsSync(path)) {
    throw new PluginError('NOT_FOUND', `there is no store ${path}: its integration never ran`);
  }
  try {
    // Not as a read-only file: only a writer can clean up after the last one has closed.
    const db = new DatabaseSync(path, { timeout: 5000 });
    db.exec('PRAGMA query_only = ON');
    checkVersion(db, path);
    return db;
  } catch (thrown) {
    throw describe(thrown, path);
  }
}

/** The file on which a running host has an open transaction. */
export function lockOf(path: string): string {
  return `${path}-lock`;
}

export function isBusy(thrown: unknown): boolean {
  return (thrown as { errcode?: number }).errcode === SQLITE_BUSY;
}

/** An open transaction on a file of its own: the system ends it with the process, however that ends. */
function takeLock(path: string): DatabaseSync {
  try {
    const lock = openPrivately(lockOf(path));
    try {
      // Who only looks whether a host runs holds it for a moment.
      lock.exec('PRAGMA busy_timeout = 500; BEGIN IMMEDIATE');
      return lock;
    } catch (thrown) {
      lock.close();
      throw thrown;
    }
  } catch (thrown) {
    if (!isBusy(thrown)) throw describe(thrown, path);
    throw new PluginError(
      'INVALID_STATE',
      `the store ${path} is in use by another host: stop that one, or choose another file`,
      { cause: thrown },
    );
  }
}

function openPrivately(path: string): DatabaseSync {
  closeSync(openSync(path, 'a', OWNER_ONLY));
  // SQLite gives its -wal and -shm files the mode of the file itself.
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    if (existsSync(file)) chmodSync(file, OWNER_ONLY);
  }
  return new DatabaseSync(path, { timeout: 0 });
}

function prepare(db: DatabaseSync, path: string): void {
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  // A reader may hold the file for a moment.
  db.exec('PRAGMA busy_timeout = 5000');
  const version = checkVersion(db, path);
  if (version === STORE_VERSION) return;
  const change = version === 0 ? TABLES : FROM_VERSION_1;
  db.exec(`BEGIN; ${change} PRAGMA user_version = ${STORE_VERSION}; COMMIT`);
}

function checkVersion(db: DatabaseSync, path: string): number {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > STORE_VERSION) {
    throw new PluginError(
      'INVALID_CONFIG',
      `the store ${path} was written by a newer version of this program`,
    );
  }
  return version;
}

function describe(thrown: unknown, path: string): PluginError {
  if (thrown instanceof PluginError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new PluginError('INVALID_CONFIG', `the store ${path} cannot be opened: ${text}`, {
    cause: thrown,
  });
}

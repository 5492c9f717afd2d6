import type { DatabaseSync } from 'node:sqlite';

/** Runs `work` as one transaction: all or nothing, and on disk when it returns. */
export function durably<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (thrown) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw thrown;
  }
}

/**
 * Runs one statement without waiting for the disk: it outlives this process, but not surely a power
 * cut. The file stays whole either way.
 */
export function lazily<T>(db: DatabaseSync, work: () => T): T {
  db.exec('PRAGMA synchronous = NORMAL');
  try {
    return work();
  } finally {
    db.exec('PRAGMA synchronous = FULL');
  }
}

import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isBusy, lockOf, openForReading } from './open.ts';

/** Rows of the table `state` that are the host's own: no connection's id is empty. */
const HOST = '';

/** Whether a host runs on this store now. */
export function isInUse(path: string): boolean {
  if (!existsSync(lockOf(path))) return false;
  const lock = new DatabaseSync(lockOf(path), { timeout: 0 });
  try {
    lock.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch (thrown) {
    if (isBusy(thrown)) return true;
    throw thrown;
  } finally {
    lock.close();
  }
}

/** Notes what a connection's Health says, such as its port, for those who look at the store from outside. */
export function noteDetails(
  db: DatabaseSync,
  connection: string,
  details: Readonly<Record<string, string>>,
): void {
  db.prepare(
    'INSERT INTO state (connection, key, value, revision) VALUES (?, ?, ?, 0) ON CONFLICT DO UPDATE SET value = excluded.value',
  ).run(HOST, connection, Buffer.from(JSON.stringify(details)));
}

/** What was noted last for a connection. */
export function readDetails(path: string, connection: string): Readonly<Record<string, string>> {
  const db = openForReading(path);
  try {
    const row = db
      .prepare('SELECT value FROM state WHERE connection = ? AND key = ?')
      .get(HOST, connection);
    const value = row?.['value'] as Uint8Array | undefined;
    return value ? (JSON.parse(Buffer.from(value).toString()) as Record<string, string>) : {};
  } finally {
    db.close();
  }
}

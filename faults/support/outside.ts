import { DatabaseSync } from 'node:sqlite';

/**
 * The outside system of the numbered connector: a file with a row for every ack and every sent message
 * that it was told of. A kill of whoever writes loses nothing that was written.
 */
export interface Outside {
  /** A row for each, so that a second ack shows. */
  recordAcks(numbers: readonly number[]): void;
  recordSent(numbers: readonly number[]): void;
  acked(): ReadonlySet<number>;
  close(): void;
}

export function openOutside(file: string): Outside {
  const db = new DatabaseSync(file, { timeout: 10_000 });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  db.exec(
    'CREATE TABLE IF NOT EXISTS acks (n INTEGER); CREATE TABLE IF NOT EXISTS sent (n INTEGER)',
  );
  const ack = db.prepare('INSERT INTO acks VALUES (?)');
  const sent = db.prepare('INSERT INTO sent VALUES (?)');
  const record = (insert: typeof ack, numbers: readonly number[]): void => {
    db.exec('BEGIN IMMEDIATE');
    for (const n of numbers) insert.run(n);
    db.exec('COMMIT');
  };
  return {
    recordAcks: (numbers) => record(ack, numbers),
    recordSent: (numbers) => record(sent, numbers),
    acked: () =>
      new Set(
        db
          .prepare('SELECT n FROM acks')
          .all()
          .map((row) => row['n'] as number),
      ),
    close: () => db.close(),
  };
}

import { openForReading } from './open.ts';

/** A message that could not be delivered. Its payload stays in the store, byte for byte. */
export interface DeadLetter {
  readonly id: string;
  readonly bytes: number;
  readonly contentType: string;
  readonly code: string;
  readonly text: string;
  readonly attempts: number;
  readonly receivedAt: Temporal.Instant;
  readonly failedAt: Temporal.Instant;
  /** When it is deleted. */
  readonly expiresAt: Temporal.Instant;
}

/** All dead letters, oldest first; a host may be running on the same file. */
export function listDeadLetters(path: string): DeadLetter[] {
  const db = openForReading(path);
  try {
    const rows = db.prepare(
      `SELECT id, length(payload) AS bytes, envelope ->> 'contentType' AS contentType,
        error_code AS code, error_text AS text, attempts,
        received_at AS receivedAt, failed_at AS failedAt, expires_at AS expiresAt
      FROM messages WHERE failed_at IS NOT NULL ORDER BY failed_at, seq`,
    );
    return rows.all().map((row) => ({
      ...(row as unknown as DeadLetter),
      receivedAt: instant(row['receivedAt']),
      failedAt: instant(row['failedAt']),
      expiresAt: instant(row['expiresAt']),
    }));
  } finally {
    db.close();
  }
}

function instant(milliseconds: unknown): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(milliseconds as number);
}

/** Bumped when the tables change; a file of a newer version is refused. */
export const STORE_VERSION = 2;

/** What a file of version 1 lacks. */
export const FROM_VERSION_1 = `
  ALTER TABLE messages ADD COLUMN outages INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE messages ADD COLUMN outage_since INTEGER;
`;

/**
 * A message is one row from its receipt to its delivery; one with `failed_at` is a dead letter.
 * Times are milliseconds since 1970. `envelope` is the message without id and payload, as JSON.
 */
export const TABLES = `
  CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    envelope TEXT NOT NULL,
    payload BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    failed_at INTEGER,
    expires_at INTEGER,
    error_code TEXT,
    error_text TEXT,
    outages INTEGER NOT NULL DEFAULT 0,
    outage_since INTEGER
  ) STRICT;
  CREATE INDEX dead_letters ON messages (expires_at) WHERE failed_at IS NOT NULL;
  CREATE TABLE state (
    connection TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (connection, key)
  ) STRICT;
`;

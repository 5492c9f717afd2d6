/** Bumped when the tables change; a file of a newer version is refused. */
export const STORE_VERSION = 1;

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
    error_text TEXT
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

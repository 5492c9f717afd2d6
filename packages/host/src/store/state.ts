import type { DatabaseSync } from 'node:sqlite';
import { PluginError } from '@vrsky/runtime';
import type { StateStore } from '@vrsky/runtime/host';
import { durably } from './transaction.ts';

const ABSENT = { value: new Uint8Array(), revision: 0n };

/** One connection's small values, in the integration's store; the runtime checks their sizes. */
export function createStateStore(db: DatabaseSync, connection: string): StateStore {
  const select = db.prepare('SELECT value, revision FROM state WHERE connection = ? AND key = ?');
  select.setReadBigInts(true);
  const upsert = db.prepare(
    'INSERT INTO state (connection, key, value, revision) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, revision = excluded.revision',
  );
  const read = (key: string): typeof ABSENT =>
    (select.get(connection, key) as typeof ABSENT | undefined) ?? ABSENT;
  return {
    async get(key) {
      return read(key);
    },
    async put(key, value, revision) {
      return durably(db, () => {
        const present = read(key).revision;
        if (present !== revision) {
          const text = `the value of "${key}" has revision ${present}, not ${revision}: read it again`;
          throw new PluginError('STATE_CONFLICT', text);
        }
        upsert.run(connection, key, value, revision + 1n);
        return revision + 1n;
      });
    },
  };
}

import type { DatabaseSync } from 'node:sqlite';
import { PluginError } from '@vrsky/runtime';
import type { StateStore } from '@vrsky/runtime/host';
import { durably } from './transaction.ts';

const MAX_KEY_BYTES = 256;
const MAX_VALUE_BYTES = 64 * 1024;
const ABSENT = { value: new Uint8Array(), revision: 0n };

/** One connection's small values, in the integration's store. */
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
      checkKey(key);
      return read(key);
    },
    async put(key, value, revision) {
      checkKey(key);
      checkValue(key, value);
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

function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes >= 1 && bytes <= MAX_KEY_BYTES) return;
  const text = `a key of the state has 1 to ${MAX_KEY_BYTES} bytes; this one has ${bytes}`;
  throw new PluginError(bytes === 0 ? 'INVALID_STATE' : 'PAYLOAD_TOO_LARGE', text);
}

function checkValue(key: string, value: Uint8Array): void {
  if (value.length <= MAX_VALUE_BYTES) return;
  const text = `the value of "${key}" has ${value.length} bytes; at most ${MAX_VALUE_BYTES} are kept`;
  throw new PluginError('PAYLOAD_TOO_LARGE', text);
}

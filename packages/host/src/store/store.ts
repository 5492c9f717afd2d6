import type { StateStore } from '@vrsky/runtime/host';
import type { StoreSettings } from '../config/integration.ts';
import { noteDetails } from './in-use.ts';
import { openDatabase } from './open.ts';
import { Queue } from './queue.ts';
import { createStateStore } from './state.ts';

const LONGEST_PURGE_INTERVAL_MS = 3_600_000;

/** The one file of an integration: messages, dead letters, the connectors' state. */
export interface Store {
  readonly queue: Queue;
  state(connection: string): StateStore;
  /** What a connection's Health says, for `validate` beside this host. */
  note(connection: string, details: Readonly<Record<string, string>>): void;
  close(): void;
}

/**
 * Opens the file for this host alone; dead letters are purged from now on.
 * @param onFault told when the file cannot be written any more
 */
export function openStore(settings: StoreSettings, onFault: (error: unknown) => void): Store {
  const database = openDatabase(settings.path);
  const queue = new Queue(database.db, settings);
  const purge = (): void => {
    try {
      queue.purge();
    } catch (error) {
      onFault(error);
    }
  };
  purge();
  const interval = Math.min(Math.max(settings.retentionMs, 1000), LONGEST_PURGE_INTERVAL_MS);
  const purging = setInterval(purge, interval).unref();
  return {
    queue,
    state: (connection) => createStateStore(database.db, connection),
    note: (connection, details) => {
      try {
        noteDetails(database.db, connection, details);
      } catch (error) {
        onFault(error);
      }
    },
    close: () => {
      clearInterval(purging);
      database.close();
    },
  };
}

import type { ConnectionConfig } from '../contract/connection-config.ts';

/** What a host offers to one connector process. Every call is bound to its one connection. */
export interface HostFunctions {
  /** Throws PluginError NOT_FOUND for every name not listed for this connection. */
  getSecret(name: string): Promise<string>;
  /** @param level trace, debug, info, warn or error */
  log(level: string, message: string): void;
  recordMetric(name: string, value: number, tags: Readonly<Record<string, string>>): void;
  getConfiguration(): ConnectionConfig;
  /** A host without a store leaves it out; the connector then gets UNSUPPORTED. */
  readonly state?: StateStore;
}

/** Small durable values, such as a cursor, each under a key of this connection. */
export interface StateStore {
  /** Revision 0 = the key is absent. */
  get(key: string): Promise<{ value: Uint8Array; revision: bigint }>;
  /**
   * Writes if the revision is still the one read, otherwise throws STATE_CONFLICT. Durable on
   * return; gives the new revision.
   */
  put(key: string, value: Uint8Array, revision: bigint): Promise<bigint>;
}

import type { Address } from './handshake.ts';

/**
 * Where a running plugin can be found again, by this host or another one. It can be written as JSON. Plugins with mutual
 * TLS have none: the keys of the connection are not kept.
 */
export interface ReattachConfig {
  /** The application protocol version that the plugin speaks. */
  readonly protocolVersion: number;
  readonly address: Address;
  readonly pid: number;
  /** The plugin runs in test mode: it was not started by a host, and no host ends it. */
  readonly test: boolean;
  /** Directory of the plugin's sockets, to be removed with it. */
  readonly socketDir?: string;
}

import type { Broker } from '../broker/broker.ts';
import type { Routes } from '../grpc/context.ts';
import type { Handshake } from '../handshake/handshake.ts';

export interface ServeOptions {
  readonly handshake: Handshake;
  /**
   * The services of each application protocol version. The one of the negotiated version is called once, after the
   * handshake line is out: load what is heavy inside it, by dynamic import. Calls that arrive meanwhile wait.
   */
  readonly versions: Readonly<
    Record<number, (plugin: { broker: Broker }) => Routes | Promise<Routes>>
  >;
  /** Largest message to receive, in bytes; above it calls fail RESOURCE_EXHAUSTED. Default 4 MiB, as in Go. */
  readonly maxMessageBytes?: number;
  /** Called when the main listener exists and before any service code is loaded: the place to drop permissions. */
  readonly onListening?: () => void;
  /** Called once, on Shutdown or SIGTERM. Calls go on meanwhile. The process ends when it resolves, or 1.5 s later. */
  readonly onShutdown?: () => Promise<void>;
}

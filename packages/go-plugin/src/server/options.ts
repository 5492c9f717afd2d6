import type { Broker } from '../broker/broker.ts';
import type { Routes } from '../grpc/context.ts';
import type { StreamHandler } from '../grpc/listener.ts';
import type { Handshake } from '../handshake/handshake.ts';

/** What is served: services, and if some calls are too hot for Connect, what answers these in front of it. */
export type Application =
  | Routes
  | {
      readonly routes: Routes;
      /** Gets the handler of all services, and passes on to it what it does not answer itself. */
      readonly inFront: (next: StreamHandler) => StreamHandler;
    };

export interface ServeOptions {
  readonly handshake: Handshake;
  /**
   * The services of each application protocol version. The one of the negotiated version is called once, after the
   * handshake line is out: load what is heavy inside it, by dynamic import. Calls that arrive meanwhile wait.
   */
  readonly versions: Readonly<
    Record<number, (plugin: { broker: Broker }) => Application | Promise<Application>>
  >;
  /** Where to listen, also for brokered connections. Default unix; tcp is on 127.0.0.1, in the host's range of ports. */
  readonly network?: 'unix' | 'tcp';
  /** Largest message to receive, in bytes; above it calls fail RESOURCE_EXHAUSTED. Default 4 MiB, as in Go. */
  readonly maxMessageBytes?: number;
  /**
   * Observes on the main listener which answers arrive, for `whenArrived`. Default false: it costs each call a way through
   * JavaScript.
   */
  readonly confirmAnswers?: boolean;
  /** Called when the main listener exists and before any service code is loaded: the place to drop permissions. */
  readonly onListening?: () => void;
  /**
   * Go on when the host was killed, for hosts that hand their plugins over to another one. Default false: a plugin whose
   * host is gone, and which no other one has reattached to, ends as on SIGTERM.
   */
  readonly outliveHost?: boolean;
  /**
   * Called with every text that this process writes or prints, from its log to its last words: the place to cut out what
   * must not be read, such as secrets. Pass the same function to `createPluginLogger`. Bytes that are no text stay as they are.
   */
  readonly rewrite?: (text: string) => string;
  /**
   * How long SIGTERM waits for the Shutdown of a host that is connected: a service manager signals host and plugins alike,
   * and the host lets what is under way finish. Without a host, and at a second SIGTERM, the end begins at once. Default
   * 10 s.
   */
  readonly drainMs?: number;
  /** Called once, on Shutdown or SIGTERM. Calls go on meanwhile. The process ends when it resolves, or 1.5 s later. */
  readonly onShutdown?: () => Promise<void>;
}

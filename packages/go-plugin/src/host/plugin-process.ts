import type { Transport } from '@connectrpc/connect';
import type { Broker } from '../broker/broker.ts';
import type { CallConnection } from '../grpc/transport.ts';
import type { ReattachConfig } from '../handshake/reattach-config.ts';
import type { Exit } from './exit.ts';

/** A running plugin. */
export interface PluginProcess {
  /**
   * Calls fail UNAVAILABLE once the connection is lost. A plugin that says goodbye with GOAWAY and listens on is dialled
   * again, and loses no call.
   */
  readonly transport: Transport;
  /** Below `transport`, for calls that are framed by hand. */
  readonly calls: CallConnection;
  readonly broker: Broker;
  /** The application protocol version that the plugin chose among `versions`. */
  readonly negotiatedVersion: number;
  readonly pid: number;
  /** Where another host finds this plugin. Nothing with mutual TLS, whose keys are not kept. */
  readonly reattachConfig: ReattachConfig | undefined;
  /**
   * Resolves when the process has ended, for whatever reason; never rejects. Of a plugin that was reattached to: also when
   * `kill` has only hung up, in test mode or because the process is not proven to be the plugin.
   */
  readonly exited: Promise<Exit>;
  /**
   * Ends the plugin: asks it to, or sends SIGTERM where it cannot be asked, and after 2 s sends SIGKILL. Resolves when the process has ended and its
   * sockets are removed. In test mode it only hangs up. Never rejects; later calls return the same promise.
   */
  kill(): Promise<void>;
}

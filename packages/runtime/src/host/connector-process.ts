import type { Logger } from 'pino';
import type { Identity } from '../contract/message.ts';
import type { PluginMetadata } from '../contract/plugin-metadata.ts';
import type { ConnectionNode } from './connection-node.ts';
import type { HostFunctions } from './host-functions.ts';

export interface LaunchOptions {
  /** Path of the connector's executable. */
  readonly command: string;
  readonly args?: readonly string[];
  /** Expected SHA-256 of the executable, in hex: another file is refused before it is started. */
  readonly sha256?: string;
  /** Environment for the plugin besides the allow-listed variables of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Mutual TLS on all connections. Default true. */
  readonly autoMtls?: boolean;
  /** Milliseconds until the handshake must be there. Default 60,000. */
  readonly startTimeoutMs?: number;
  /** Largest message either way, in bytes. Default 16 MiB, at most 64 MiB. */
  readonly maxMessageBytes?: number;
  readonly log: Logger;
  /**
   * Messages are taken by `receiveStream` only. Makes all calls of such a host cheaper; an answer to `receive` that did not
   * arrive comes again only when its lease or the connection ends. Default false.
   */
  readonly streamsOnly?: boolean;
  readonly hostFunctions: HostFunctions;
  readonly identity?: Identity;
  readonly signal?: AbortSignal;
}

export interface ConnectorProcess {
  readonly node: ConnectionNode;
  readonly metadata: PluginMetadata;
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason: how, and its last log lines. */
  readonly exited: Promise<{ readonly reason: string; readonly lastLines: readonly string[] }>;
  /** Asks it to end, kills it after 2 s. Idempotent. */
  kill(): Promise<void>;
}

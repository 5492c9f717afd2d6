import type { Logger } from 'pino';
import type { Static, TSchema } from 'typebox';
import type { ConnectionConfig } from '../contract/connection-config.ts';
import type { Capability } from '../contract/plugin-metadata.ts';
import type { Destination } from './destination.ts';
import type { Source } from './source.ts';

/** What a connector may ask of its host. Works without a host, too: see each method. */
export interface ConnectorHost {
  /** Goes to the host's log. Never log payloads or credentials. */
  readonly log: Logger;
  /** Keeps a value that was made from a secret, such as an access token, out of logs and errors. */
  hideSecret(value: string): void;
  /** A secret listed for this connection; NOT_FOUND for any other name, and without a host. */
  getSecret(name: string, signal: AbortSignal): Promise<string>;
  /** A line for the operator, confirmed by the host (`log` is not). UNSUPPORTED without a host. */
  sendLog(level: LogLevel, message: string, signal: AbortSignal): Promise<void>;
  /** Records a sample; never fails, never waits. Without a host it is a debug log line. */
  recordMetric(name: string, value: number, tags?: Readonly<Record<string, string>>): void;
  /** The configuration as the host has it now. UNSUPPORTED without a host. */
  getConfiguration(signal: AbortSignal): Promise<ConnectionConfig>;
  /** A small durable value, such as a cursor; revision 0 = absent. UNSUPPORTED without a store. */
  getState(key: string, signal: AbortSignal): Promise<{ value: Uint8Array; revision: bigint }>;
  /** Writes if the revision is still the one read, otherwise STATE_CONFLICT. Gives the new one. */
  putState(key: string, value: Uint8Array, revision: bigint, signal: AbortSignal): Promise<bigint>;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** The credentials that the types of one direction know; without them names are not checked. */
export interface CredentialNames<Settings> {
  /** Name and description of each, for ConfigSchema. */
  readonly known: Readonly<Record<string, string>>;
  /** Further names, which settings choose. */
  chosen?(settings: Settings): readonly string[];
}

/**
 * The incoming direction: the types it serves, their settings, and what serves them. A type that both
 * directions serve is the one whose own settings a configuration has.
 */
export interface IncomingSide<S extends TSchema = TSchema> {
  readonly types: readonly string[];
  /** Of `ConnectionConfig.settings`. Defaults are filled in before the source sees them. */
  readonly settings: S;
  readonly credentials?: CredentialNames<Static<S>>;
  readonly source: (config: ConnectionConfig<Static<S>>, host: ConnectorHost) => Source;
}

/** The outgoing direction, likewise. */
export interface OutgoingSide<S extends TSchema = TSchema> {
  readonly types: readonly string[];
  readonly settings: S;
  readonly credentials?: CredentialNames<Static<S>>;
  readonly destination: (config: ConnectionConfig<Static<S>>, host: ConnectorHost) => Destination;
}

export interface Connector<In extends TSchema = TSchema, Out extends TSchema = TSchema> {
  readonly metadata: {
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly description: string;
    readonly author: string;
    readonly documentation: string;
    /** Besides `streaming`, which the runtime does for all. `bidirectional` is none: a connection has one direction. */
    readonly capabilities: readonly Exclude<Capability, 'streaming' | 'bidirectional'>[];
  };
  readonly incoming?: IncomingSide<In>;
  readonly outgoing?: OutgoingSide<Out>;
}

/** Ties a connector's parts together; `supportedTypes` and `configSchema` follow from them. */
export function defineConnector<In extends TSchema, Out extends TSchema>(
  connector: Connector<In, Out>,
): Connector<In, Out> {
  return connector;
}

import type { ConnectionConfig } from '../contract/connection-config.ts';
import type { Message, SendReceipt } from '../contract/message.ts';
import type { PluginError } from '../contract/plugin-error.ts';
import type { Health } from '../contract/plugin-metadata.ts';
import type { Probe } from './probe.ts';

/** The receipt may leave out what the outside system does not give. */
export type SendOutcome = Partial<SendReceipt> | PluginError;

/** The outgoing side of a connection; the runtime makes a new one for every Connect and Validate. */
export interface Destination {
  /**
   * How many messages one `send` may get, for a protocol that sends them together. Default 1: each is
   * sent by itself, many at a time, and a slow one holds up no other.
   */
  readonly maxBatch?: number;
  /**
   * Called by Validate on an instance that is never started: checks what can be checked without the outside system and
   * leaves nothing behind. Resolves with warnings; rejects with what would make Connect fail.
   * @param connected what this process is connected with now, if it is
   */
  validate?(signal: AbortSignal, connected: ConnectionConfig | undefined): Promise<string[]>;
  /** How Validate reaches the outside system, after `validate`; read once. Undefined: there is none to reach. */
  readonly probe?: Probe;
  /** Called once, before everything below. On abort it undoes what it began and rejects. */
  start(signal: AbortSignal): Promise<void>;
  /**
   * One attempt at each message of the batch; the host retries.
   * Calls overlap. Answers one outcome per message, in the same order: a failure concerns its own
   * message only, a throw the whole batch. On abort it stops what it can and rejects.
   */
  send(batch: readonly Message[], signal: AbortSignal): Promise<readonly SendOutcome[]>;
  /**
   * Called at any time after `start`, also concurrently; throws when the connection does not work. A destination that
   * has failed dials at most every 5 s here, and so recovers without a send. On abort it rejects.
   */
  health?(signal: AbortSignal): Health | Promise<Health>;
  /** Called once, when the last send has ended (aborted ones included). */
  stop(signal: AbortSignal): Promise<void>;
}

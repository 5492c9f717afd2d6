import type { ConnectionConfig } from '../contract/connection-config.ts';
import type { Message, SendReceipt } from '../contract/message.ts';
import type { PluginError } from '../contract/plugin-error.ts';
import type { Health } from '../contract/plugin-metadata.ts';

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
   * Called by Validate on an instance that is never started: checks what can be checked and leaves
   * nothing behind. Gives warnings, throws what makes Connect hopeless.
   * @param connected what this process is connected with now, if it is
   */
  validate?(signal: AbortSignal, connected: ConnectionConfig | undefined): Promise<string[]>;
  /** Called once, before everything below. On abort it undoes what it began and rejects. */
  start(signal: AbortSignal): Promise<void>;
  /**
   * One attempt at each message of the batch; the host retries.
   * Calls overlap. Answers one outcome per message, in the same order: a failure concerns its own
   * message only, a throw the whole batch. On abort it stops what it can and rejects.
   */
  send(batch: readonly Message[], signal: AbortSignal): Promise<readonly SendOutcome[]>;
  /** Called at any time after `start`; throws when the connection does not work. No costly I/O. */
  health?(): Health | Promise<Health>;
  /** Called once, when the last send has ended (aborted ones included). */
  stop(signal: AbortSignal): Promise<void>;
}

import type { ConnectionConfig } from '../contract/connection-config.ts';
import type { Message, SendReceipt } from '../contract/message.ts';
import type { Health, PluginMetadata } from '../contract/plugin-metadata.ts';
import type { Delivery, Settlement } from '../contract/settlement.ts';

export interface CallOptions {
  /** Ends the call: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Deadline of the call, in milliseconds from now: it rejects with a `TimeoutError`. */
  readonly timeoutMs?: number;
}

/**
 * A connector, as its host sees it: the specification's ConnectionNode. Every method may be called
 * at any time and concurrently. Failures are PluginErrors; the caller's own cancellation and deadline
 * stay an `AbortError` and a `TimeoutError`.
 */
export interface ConnectionNode {
  metadata(options?: CallOptions): Promise<PluginMetadata>;
  /** Checks configuration and connectivity; gives warnings for the operator. */
  validate(config: ConnectionConfig, options?: CallOptions): Promise<readonly string[]>;
  connect(config: ConnectionConfig, options?: CallOptions): Promise<void>;
  /** Drains until the deadline, then closes. */
  disconnect(options?: CallOptions): Promise<void>;
  /**
   * One attempt. After an abort, a timeout or CONNECTION_FAILED the outcome is unknown: retry with
   * the same message id.
   */
  send(message: Message, options?: CallOptions): Promise<SendReceipt>;
  /** Blocks until there is a message; the caller settles its delivery by `acknowledge`. */
  receive(options?: CallOptions): Promise<Delivery>;
  /** Gives the ids that are not outstanding (any more): those messages came or come again. */
  acknowledge(
    settlements: readonly Settlement[],
    options?: CallOptions,
  ): Promise<readonly string[]>;
  /** Throws when the connection does not work. */
  health(options?: CallOptions): Promise<Health>;
}

import type { ConnectionConfig } from '../contract/connection-config.ts';
import type { Message, SendReceipt } from '../contract/message.ts';
import type { Health, PluginMetadata } from '../contract/plugin-metadata.ts';
import type { Delivery, Settlement } from '../contract/settlement.ts';
import type { ReceiveStreamResponse } from '../contract/streams.ts';

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
  /**
   * Many sends over one stream, in batches for a destination that can. Resolves when the connector has
   * announced how many it takes at a time. The signal is for the stream's whole life.
   * @throws PluginError UNSUPPORTED when the connector has no streams
   */
  sendStream(options?: Pick<CallOptions, 'signal'>): Promise<SendStream>;
  /** Many deliveries over one stream, as far as the credit goes. The signal is for its whole life. */
  receiveStream(options?: Pick<CallOptions, 'signal'>): ReceiveStream;
  /** Throws when the connection does not work. */
  health(options?: CallOptions): Promise<Health>;
}

/** Sends over one stream. When it is lost, what was under way has an unknown outcome. */
export interface SendStream {
  /**
   * As `ConnectionNode.send`; waits while the connector has as many messages as it takes. Calls
   * overlap, and leave in the order in which they were made.
   */
  send(message: Message, options?: CallOptions): Promise<SendReceipt>;
  /** Takes no more; resolves when all is answered. */
  close(): Promise<void>;
  /** Resolves when the stream is closed or lost; never rejects. */
  readonly closed: Promise<void>;
}

/** What one frame of a ReceiveStream brings. */
export type DeliveryFrame = ReceiveStreamResponse;

/** Deliveries over one stream. When it is lost, all that is not settled comes again. */
export interface ReceiveStream {
  /**
   * Lets the connector hand out more, besides what it still may. Bytes are those of payload and
   * headers; a larger message comes when nothing is outstanding.
   */
  grant(messages: number, bytes: number): void;
  /** Settles deliveries of this stream or another. Not after `halfClose`: use `acknowledge` then. */
  settle(settlements: readonly Settlement[]): void;
  /** No more deliveries: `frames` ends when all that is outstanding is settled or its time is over. */
  halfClose(): void;
  /**
   * To be read by one, once; leaving them early breaks the stream. Throws UNSUPPORTED in its first
   * step when the connector has no streams, and when the stream is lost.
   */
  readonly frames: AsyncIterable<DeliveryFrame>;
}

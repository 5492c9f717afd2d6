import type { Message, SendReceipt } from './message.ts';
import type { PluginError } from './plugin-error.ts';
import type { Delivery, Settlement } from './settlement.ts';

/** One message of a SendStream. */
export interface SendItem {
  /** Greater than all before on its stream. */
  readonly seq: bigint;
  /** Empty, and so without an id, when the host sent none. */
  readonly message: Message;
  /** Limit in milliseconds; undefined = the connection's. */
  readonly timeoutMs: number | undefined;
}

/** What became of one message of a SendStream. */
export interface SendResult {
  /** Of the item that this answers. */
  readonly seq: bigint;
  /** Undefined when the connector gave none, against the rules. */
  readonly outcome: SendReceipt | PluginError | undefined;
}

/** One frame of a SendStream's answers. */
export interface SendStreamResponse {
  /** Set in the first frame only: how many messages may be unanswered at a time. */
  readonly maxInFlight: number;
  readonly results: readonly SendResult[];
}

/** What a host grants on a ReceiveStream, on top of what is left. */
export interface Credit {
  readonly messages: number;
  readonly bytes: number;
}

/** One frame of a ReceiveStream's requests. */
export interface ReceiveStreamRequest {
  readonly credit: Credit | undefined;
  readonly settlements: readonly Settlement[];
}

/** One frame of a ReceiveStream's answers. */
export interface ReceiveStreamResponse {
  readonly deliveries: readonly Delivery[];
  /** Of the settlements that came on this stream, those that hit nothing. */
  readonly unknownDeliveryIds: readonly string[];
}

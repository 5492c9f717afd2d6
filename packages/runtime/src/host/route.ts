import type { Message, SendReceipt } from '../contract/message.ts';
import type { Delivery, Settlement } from '../contract/settlement.ts';
import type {
  ReceiveStreamRequest,
  ReceiveStreamResponse,
  SendItem,
  SendStreamResponse,
} from '../contract/streams.ts';
import type { CallOptions } from './connection-node.ts';

/**
 * The way of the messages to a connector and back: the five calls that carry them, in the contract's
 * types. What they mean is said in ConnectionNode, and so are their failures.
 */
export interface Route {
  send(message: Message, options: CallOptions): Promise<SendReceipt>;
  receive(options: CallOptions): Promise<Delivery>;
  acknowledge(settlements: readonly Settlement[], options: CallOptions): Promise<readonly string[]>;
  /** Opens the stream; nothing comes in before this has returned. The signal breaks it. */
  sendStream(
    incoming: Incoming<SendStreamResponse>,
    signal: AbortSignal | undefined,
  ): Outgoing<readonly SendItem[]>;
  /** Likewise. */
  receiveStream(
    incoming: Incoming<ReceiveStreamResponse>,
    signal: AbortSignal | undefined,
  ): Outgoing<ReceiveStreamRequest>;
}

/** What a stream brings from the connector. */
export interface Incoming<T> {
  frame(frame: T): void;
  /** There is room again, after a `write` that had left none. */
  drained(): void;
  /** Called once, last. Without an error the connector has ended the stream. */
  ended(error?: Error): void;
}

/** What goes out on a stream. After its end all of these do nothing. */
export interface Outgoing<T> {
  /** Sends a frame. False: there is no room for another one until `drained`. */
  write(frame: T): boolean;
  /** Half-closes the stream, after what was written. */
  end(): void;
  /** Lets frames wait with the connector; what is here already may still come. */
  pause(): void;
  resume(): void;
  /** Breaks the stream. */
  cancel(): void;
}

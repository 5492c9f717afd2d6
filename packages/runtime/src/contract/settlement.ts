import type { Message, Reply } from './message.ts';

/** A message handed to the host. */
export interface Delivery {
  readonly message: Message;
  /** Empty: the plugin has already let go, there is nothing to settle. */
  readonly deliveryId: string;
  /** Milliseconds until the message comes again under a new id; undefined = no limit. */
  readonly ackTimeoutMs: number | undefined;
}

/** What the host says of one delivery. */
export type Settlement =
  /** The host has the message safe. */
  | { readonly deliveryId: string; readonly outcome: 'ack'; readonly reply?: Reply | undefined }
  /** Offer it again, `delayMs` from now or later. */
  | { readonly deliveryId: string; readonly outcome: 'retry'; readonly delayMs?: number }
  /** The host has it safe as a dead letter and wants it no more. */
  | { readonly deliveryId: string; readonly outcome: 'reject' };

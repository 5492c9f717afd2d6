import type { Holder, Lease, Parcel } from './lease.ts';

/** Somebody who waits for messages: one Receive, or a ReceiveStream as far as its credit goes. */
export interface Receiver {
  /** Whose end gives everything back that this receiver was handed. */
  readonly holder: Holder;
  /** Whether it waits for (another) message now. */
  readonly hungry: boolean;
  /** Whether it may be handed this parcel. Asked only while it is hungry. */
  accepts(parcel: Parcel): boolean;
  /** Gets a message for which it was asked. */
  take(lease: Lease): void;
  /** There is nothing to wait for: intake has ended, or the source has failed. */
  fail(error: Error): void;
  /** One of its leases has ended: settled, returned, or its time is over. What became of the message is settled by then. */
  leaseEnded?(lease: Lease): void;
}

/** The receivers that wait, in the order in which they came. */
export class Receivers {
  readonly #waiting = new Set<Receiver>();

  get size(): number {
    return this.#waiting.size;
  }

  /** At the end of the line, unless it waits already. */
  add(receiver: Receiver): void {
    this.#waiting.add(receiver);
  }

  remove(receiver: Receiver): void {
    this.#waiting.delete(receiver);
  }

  /** The first one that accepts the parcel. */
  firstFor(parcel: Parcel): Receiver | undefined {
    for (const receiver of this.#waiting) {
      if (receiver.accepts(parcel)) return receiver;
    }
    return undefined;
  }

  /** It was handed something: to the end of the line with it, or out of it. */
  served(receiver: Receiver): void {
    const { hungry } = receiver;
    if (hungry && this.#waiting.size === 1) return; // the usual case, once for each message
    this.#waiting.delete(receiver);
    if (hungry) this.#waiting.add(receiver);
  }

  failAll(error: Error): void {
    for (const receiver of this.#waiting) {
      this.#waiting.delete(receiver);
      receiver.fail(error);
    }
  }
}

import type { Message } from '../../contract/message.ts';
import type { Incoming } from '../source.ts';

/** Whoever a message was handed to: the connection whose end gives the message back. */
export type Holder = object;

/** A message on its way between source and host; the same object as long as it is not settled. */
export interface Parcel {
  readonly incoming: Incoming;
  readonly message: Message;
  /** Order of arrival: what comes back goes before everything that came after it. */
  readonly arrival: number;
}

/** A parcel that the host has now, until it settles it or its time is over. */
export interface Lease {
  readonly deliveryId: string;
  readonly parcel: Parcel;
  readonly holder: Holder;
  /** On the clock of `performance.now()`. */
  readonly expires: number;
}

/**
 * The leases that are out, oldest first. All have the same length, so the order in which they were
 * made is the order in which they end, and one timer serves them all.
 */
export class Leases {
  readonly #open = new Map<string, Lease>();
  readonly #lengthMs: number | undefined;
  readonly #onExpired: (lease: Lease) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(lengthMs: number | undefined, onExpired: (lease: Lease) => void) {
    this.#lengthMs = lengthMs;
    this.#onExpired = onExpired;
  }

  /** The id is unique in the process: two connections in a row never share one. */
  grant(parcel: Parcel, holder: Holder): Lease {
    const deliveryId = `${PROCESS_PREFIX}${(nextLease++).toString(36)}`;
    const expires = performance.now() + (this.#lengthMs ?? Number.POSITIVE_INFINITY);
    const lease = { deliveryId, parcel, holder, expires };
    this.#open.set(deliveryId, lease);
    this.#arm();
    return lease;
  }

  /** Ends a lease; undefined when there is none (any more). */
  end(deliveryId: string): Lease | undefined {
    const lease = this.#open.get(deliveryId);
    if (lease) this.#open.delete(deliveryId);
    return lease;
  }

  /** Ends the leases of one holder, oldest first. */
  endAllOf(holder: Holder): Lease[] {
    const ended = [...this.#open.values()].filter((lease) => lease.holder === holder);
    for (const lease of ended) this.#open.delete(lease.deliveryId);
    return ended;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#open.clear();
  }

  #arm(): void {
    if (this.#timer || this.#lengthMs === undefined) return;
    const [oldest] = this.#open.values();
    if (!oldest) return;
    const wait = Math.max(0, oldest.expires - performance.now());
    this.#timer = setTimeout(() => this.#expire(), wait);
    this.#timer.unref();
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const lease of this.#open.values()) {
      if (lease.expires > now) break;
      this.#open.delete(lease.deliveryId);
      this.#onExpired(lease);
    }
    this.#arm();
  }
}

// Not guessable from an earlier process, so that a host's late ack never hits another message.
const PROCESS_PREFIX = `${process.pid.toString(36)}-${Date.now().toString(36)}-`;
let nextLease = 0;

import type { Message } from '../../contract/message.ts';
import type { Incoming } from '../source.ts';
import { Deadlines } from './deadlines.ts';
import type { Receiver } from './receivers.ts';

/** Whoever a message was handed to: the connection whose end gives the message back. */
export type Holder = object;

/** A message on its way between source and host; the same object as long as it is not settled. */
export interface Parcel {
  readonly incoming: Incoming;
  readonly message: Message;
  /** What the message counts against credits. */
  readonly bytes: number;
  /** Order of arrival: what comes back goes before everything that came after it. */
  readonly arrival: number;
}

/** A parcel that the host has now, until it settles it or its time is over. */
export interface Lease {
  readonly deliveryId: string;
  readonly parcel: Parcel;
  readonly receiver: Receiver;
}

/** The leases that are out, oldest first; all have the same length. */
export class Leases {
  readonly #open = new Map<string, Lease>();
  readonly #deadlines: Deadlines<Lease> | undefined;

  /** @param onExpired gets each lease whose time is over, after it was ended */
  constructor(lengthMs: number | undefined, onExpired: (lease: Lease) => void) {
    if (lengthMs === undefined) return;
    this.#deadlines = new Deadlines(lengthMs, (lease) => {
      this.#open.delete(lease.deliveryId);
      onExpired(lease);
    });
  }

  /** The id is unique in the process: two connections in a row never share one. */
  grant(parcel: Parcel, receiver: Receiver): Lease {
    const deliveryId = `${PROCESS_PREFIX}${(nextLease++).toString(36)}`;
    const lease = { deliveryId, parcel, receiver };
    this.#open.set(deliveryId, lease);
    this.#deadlines?.add(lease);
    return lease;
  }

  /** Ends a lease; undefined when there is none (any more). */
  end(deliveryId: string): Lease | undefined {
    const lease = this.#open.get(deliveryId);
    if (!lease) return undefined;
    this.#open.delete(deliveryId);
    this.#deadlines?.remove(lease);
    return lease;
  }

  /** Ends the leases of one holder, in the order in which their messages came. */
  endAllOf(holder: Holder): Lease[] {
    const leases = [...this.#open.values()].filter(({ receiver }) => receiver.holder === holder);
    return this.#endAll(leases.sort((a, b) => a.parcel.arrival - b.parcel.arrival));
  }

  /** Ends all leases, oldest first, and leaves no timer behind. */
  endAll(): Lease[] {
    const ended = this.#endAll([...this.#open.values()]);
    this.#deadlines?.clear();
    return ended;
  }

  #endAll(leases: Lease[]): Lease[] {
    for (const { deliveryId } of leases) this.end(deliveryId);
    return leases;
  }
}

// Not the one of an earlier process, so that a host's late ack never hits another message.
const PROCESS_PREFIX = `${process.pid.toString(36)}-${Date.now().toString(36)}-`;
let nextLease = 0;

import { LONGEST_TIMER_MS } from '../../contract/longest-timer.ts';
import type { Message } from '../../contract/message.ts';
import type { Incoming } from '../source.ts';
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
  readonly number: number;
  readonly parcel: Parcel;
  readonly receiver: Receiver;
  /** By the clock of `performance`. */
  readonly endsAt: number;
}

/** The leases that are out, oldest first. All have the same length, so one timer for the oldest serves them. */
export class Leases {
  /** By their number, which is found and hashed in a quarter of the time that the id takes. */
  readonly #open = new Map<number, Lease>();
  readonly #lengthMs: number;
  readonly #onExpired: (lease: Lease) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param onExpired gets each lease whose time is over, after it was ended */
  constructor(lengthMs: number | undefined, onExpired: (lease: Lease) => void) {
    this.#lengthMs = lengthMs ?? Number.POSITIVE_INFINITY;
    this.#onExpired = onExpired;
  }

  /** The id is unique in the process: two connections in a row never share one. */
  grant(parcel: Parcel, receiver: Receiver): Lease {
    const number = nextLease++;
    const endsAt = performance.now() + this.#lengthMs;
    const lease = { deliveryId: `${PROCESS_PREFIX}${number}`, number, parcel, receiver, endsAt };
    this.#open.set(number, lease);
    this.#timer ??= this.#startTimer(this.#lengthMs);
    return lease;
  }

  /** Ends a lease; undefined when there is none (any more). */
  end(deliveryId: string): Lease | undefined {
    const number = Number(deliveryId.slice(PROCESS_PREFIX.length));
    const lease = this.#open.get(number);
    // Another process's, or nobody's.
    if (lease?.deliveryId !== deliveryId) return undefined;
    this.#open.delete(number);
    return lease;
  }

  /** Ends the leases of one holder, in the order in which their messages came. */
  endAllOf(holder: Holder): Lease[] {
    const leases = [...this.#open.values()].filter(({ receiver }) => receiver.holder === holder);
    for (const { number } of leases) this.#open.delete(number);
    return leases.sort((a, b) => a.parcel.arrival - b.parcel.arrival);
  }

  /** Ends all leases, oldest first, and leaves no timer behind. */
  endAll(): Lease[] {
    const leases = [...this.#open.values()];
    this.#open.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return leases;
  }

  #startTimer(ms: number): NodeJS.Timeout | undefined {
    if (ms === Number.POSITIVE_INFINITY) return undefined;
    return setTimeout(this.#expire, Math.min(ms, LONGEST_TIMER_MS)).unref();
  }

  readonly #expire = (): void => {
    const now = performance.now();
    for (const [number, lease] of this.#open) {
      if (lease.endsAt > now) {
        this.#timer = this.#startTimer(lease.endsAt - now);
        return;
      }
      this.#open.delete(number);
      this.#onExpired(lease); // may grant others: they start no timer, as long as this one is not forgotten
    }
    this.#timer = undefined;
  };
}

// Not the one of an earlier process, so that a host's late ack never hits another message.
const PROCESS_PREFIX = `${process.pid.toString(36)}-${Date.now().toString(36)}-`;
let nextLease = 0;

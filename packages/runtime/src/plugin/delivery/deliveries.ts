import type { Message } from '../../contract/message.ts';
import { sizeOf } from '../../contract/message-size.ts';
import { PluginError } from '../../contract/plugin-error.ts';
import type { Settlement } from '../../contract/settlement.ts';
import type { Caller } from '../caller.ts';
import { memoryGuard } from '../memory/guard.ts';
import type { IncomingMessage, Source } from '../source.ts';
import { Backlog } from './backlog.ts';
import { type Holder, type Lease, Leases, type Parcel } from './lease.ts';
import { type Receiver, Receivers } from './receivers.ts';
import { singleReceiver } from './single-receiver.ts';
import { type End, tellSource } from './tell-source.ts';

/** Limits of what may be fetched and not settled: a host that acks nothing gets no more. */
const MAX_HELD_COUNT = 1024;
const MAX_HELD_BYTES = 64 * 1024 * 1024;

/**
 * Hands a source's messages to the host's Receives and streams, in order of arrival, and keeps every
 * message until it is settled: what a lease, a call or a connection gives back comes again first.
 */
export class Deliveries {
  readonly #source: Source;
  readonly #stamp: (message: IncomingMessage) => Message;
  readonly #onFault: (error: unknown) => void;
  readonly #leases: Leases;
  /** How long the host has for one delivery; undefined = no limit. */
  readonly ackTimeoutMs: number | undefined;
  readonly #intake = new AbortController();
  /** What came back, or was fetched for a receiver that left. */
  readonly #backlog = new Backlog(() => this.#serve());
  readonly #receivers = new Receivers();
  #fetching = false;
  #arrivals = 0;
  /** Fetched from the source and not let go of yet. */
  readonly #held = { count: 0, bytes: 0 };

  /**
   * @param stamp completes a message once, when it is fetched
   * @param onFault told of a source that fails to record a settlement; never throws
   */
  constructor(
    source: Source,
    stamp: (message: IncomingMessage) => Message,
    onFault: (error: unknown) => void,
  ) {
    this.#source = source;
    this.ackTimeoutMs = source.ackTimeoutMs;
    this.#stamp = stamp;
    this.#onFault = onFault;
    this.#leases = new Leases(source.ackTimeoutMs, (lease) => this.#return(lease));
  }

  /** The next message. Concurrent calls compete in order; of a caller who is gone it rejects, losing nothing. */
  async receive(holder: Holder, caller: Caller): Promise<Lease> {
    this.#intake.signal.throwIfAborted();
    const { receiver, lease } = singleReceiver(holder, caller, (left) => this.leave(left));
    if (receiver.hungry) this.wait(receiver);
    return lease;
  }

  /** Puts a hungry receiver at the end of the line, unless it waits already. */
  wait(receiver: Receiver): void {
    this.#receivers.add(receiver);
    this.#serve();
  }

  /** Takes a receiver out of the line. */
  leave(receiver: Receiver): void {
    this.#receivers.remove(receiver);
  }

  /** Aborted when intake ends; the reason is what blocked receivers are told. */
  get closing(): AbortSignal {
    return this.#intake.signal;
  }

  /** Settles one delivery, and tells when that is recorded; false when it is not outstanding (any more). */
  settle(settlement: Settlement): boolean | Promise<boolean> {
    const lease = this.#leases.end(settlement.deliveryId);
    if (!lease) return false;
    const { parcel, receiver } = lease;
    const again = settlement.outcome === 'retry' && !parcel.incoming.withdrawn;
    if (again) this.#giveBack(parcel, settlement.delayMs);
    const recorded = again || this.#letGo(parcel, settlement);
    receiver.leaseEnded?.(lease);
    return recorded;
  }

  /** Gives back all that went to a holder which is gone. */
  holderGone(holder: Holder): void {
    for (const lease of this.#leases.endAllOf(holder)) this.#return(lease);
  }

  /** Ends one lease without a settlement: its message comes again first. */
  returned(deliveryId: string): void {
    const lease = this.#leases.end(deliveryId);
    if (lease) this.#return(lease);
  }

  /**
   * Ends intake: blocked Receives reject, and what is not with the host is released to the source.
   * Settlements are still taken, until `close`.
   */
  stopIntake(): void {
    const reason = new PluginError('NOT_CONNECTED', 'the connection was closed by Disconnect');
    this.#intake.abort(reason);
    this.#receivers.failAll(reason);
    for (const parcel of this.#backlog.clear()) void this.#letGo(parcel, { outcome: 'release' });
  }

  /** Called after `stopIntake`, when the source has stopped: what is out now stays un-acked. */
  close(): void {
    for (const lease of this.#leases.endAll()) lease.receiver.leaseEnded?.(lease);
  }

  /** The receiver hears of it last: what is given back comes before what it has room for now. */
  #return(lease: Lease): void {
    this.#giveBack(lease.parcel);
    lease.receiver.leaseEnded?.(lease);
  }

  #giveBack(parcel: Parcel, delayMs?: number): void {
    if (this.#intake.signal.aborted) void this.#letGo(parcel, { outcome: 'release' });
    else this.#backlog.add(parcel, delayMs);
  }

  /** Matches what is ready with who waits, and fetches more while somebody waits and there is room. */
  #serve(): void {
    while (this.#handOver());
    if (!this.#fetching && this.#wantsMore()) void this.#fetch();
  }

  #wantsMore(): boolean {
    const room = this.#held.count < MAX_HELD_COUNT && this.#held.bytes < MAX_HELD_BYTES;
    const waited = this.#receivers.size > 0 && !this.#backlog.oldest;
    return room && waited && !this.#intake.signal.aborted;
  }

  /** Gives the oldest message to the first receiver that accepts it; false when there is no such pair. */
  #handOver(): boolean {
    const parcel = this.#oldestReady();
    const receiver = parcel && this.#receivers.firstFor(parcel);
    if (!receiver) return false;
    this.#backlog.removeOldest();
    receiver.take(this.#leases.grant(parcel, receiver));
    this.#receivers.served(receiver);
    return true;
  }

  #oldestReady(): Parcel | undefined {
    for (let { oldest } = this.#backlog; oldest; { oldest } = this.#backlog) {
      if (!oldest.incoming.withdrawn) return oldest;
      this.#backlog.removeOldest();
      this.#forget(oldest);
    }
    return undefined;
  }

  async #fetch(): Promise<void> {
    this.#fetching = true;
    const { signal } = this.#intake;
    try {
      while (this.#wantsMore()) {
        if (!this.#source.hasIntake && !memoryGuard.open) await memoryGuard.whenOpen(signal);
        const incoming = await this.#source.next(signal);
        const message = this.#stamp(incoming.message);
        this.#held.count += 1;
        this.#held.bytes += message.payload.length;
        this.#giveBack({ incoming, message, bytes: sizeOf(message), arrival: this.#arrivals++ });
      }
      this.#fetching = false;
    } catch (error) {
      this.#fetching = false;
      // Those who wait now hear of it; the next Receive tries again.
      this.#receivers.failAll(PluginError.from(error));
    }
  }

  /** Ends the parcel's way and tells the source; false when the source had withdrawn it before. */
  #letGo(parcel: Parcel, end: End): boolean | Promise<boolean> {
    const { incoming } = parcel;
    this.#forget(parcel);
    this.#serve();
    return !incoming.withdrawn && tellSource(this.#source, incoming, end, this.#onFault);
  }

  #forget({ message }: Parcel): void {
    this.#held.count -= 1;
    this.#held.bytes -= message.payload.length;
  }
}

import type { Message, Reply } from '../../contract/message.ts';
import { PluginError } from '../../contract/plugin-error.ts';
import type { Settlement } from '../../contract/settlement.ts';
import type { IncomingMessage, Source } from '../source.ts';
import { type Holder, type Lease, Leases, type Parcel } from './lease.ts';
import { Receivers } from './receivers.ts';

/** Limits of what may be fetched and not settled: a host that acks nothing gets no more. */
const MAX_HELD_COUNT = 1024;
const MAX_HELD_BYTES = 64 * 1024 * 1024;

/**
 * Hands a source's messages to the host's Receives, one each, in order of arrival, and keeps every
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
  /** What came back (or was fetched for a Receive that left), in order of arrival. */
  #ready: Parcel[] = [];
  readonly #delayed = new Map<Parcel, NodeJS.Timeout>();
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
    this.#leases = new Leases(source.ackTimeoutMs, (lease) => this.#giveBack(lease.parcel));
  }

  /** The next message. Concurrent calls compete in order; on abort this one rejects, losing nothing. */
  async receive(holder: Holder, signal: AbortSignal): Promise<Lease> {
    signal.throwIfAborted();
    this.#intake.signal.throwIfAborted();
    const lease = this.#receivers.wait(holder, signal);
    this.#serve();
    return lease;
  }

  /** Settles one delivery; false when it is not outstanding (any more). Resolves when recorded. */
  async settle(settlement: Settlement): Promise<boolean> {
    const lease = this.#leases.end(settlement.deliveryId);
    if (!lease) return false;
    if (settlement.outcome === 'retry' && !lease.parcel.incoming.withdrawn) {
      this.#giveBack(lease.parcel, settlement.delayMs);
      return true;
    }
    return this.#letGo(lease.parcel, settlement);
  }

  /** Gives back all that went to a holder which is gone. */
  holderGone(holder: Holder): void {
    for (const lease of this.#leases.endAllOf(holder)) this.#giveBack(lease.parcel);
  }

  /** Ends one lease without a settlement: its message comes again first. */
  returned(deliveryId: string): void {
    const lease = this.#leases.end(deliveryId);
    if (lease) this.#giveBack(lease.parcel);
  }

  /**
   * Ends intake: blocked Receives reject, and what is not with the host is released to the source.
   * Settlements are still taken, until `close`.
   */
  stopIntake(): void {
    const reason = new PluginError('NOT_CONNECTED', 'the connection was closed by Disconnect');
    this.#intake.abort(reason);
    this.#receivers.rejectAll(reason);
    for (const [parcel, timer] of this.#delayed) {
      clearTimeout(timer);
      this.#ready.push(parcel);
    }
    this.#delayed.clear();
    for (const parcel of this.#ready.splice(0)) void this.#letGo(parcel, { outcome: 'release' });
  }

  /** Called after `stopIntake`, when the source has stopped: what is out now stays un-acked. */
  close(): void {
    this.#leases.close();
  }

  #giveBack(parcel: Parcel, delayMs = 0): void {
    if (this.#intake.signal.aborted) return void this.#letGo(parcel, { outcome: 'release' });
    if (delayMs > 0) {
      const timer = setTimeout(() => {
        this.#delayed.delete(parcel);
        this.#giveBack(parcel);
      }, delayMs);
      this.#delayed.set(parcel, timer.unref());
      return;
    }
    const place = this.#ready.findIndex((other) => other.arrival > parcel.arrival);
    this.#ready.splice(place < 0 ? this.#ready.length : place, 0, parcel);
    this.#serve();
  }

  /** Matches what is ready with who waits, and fetches more while somebody waits and there is room. */
  #serve(): void {
    for (const receiver of this.#receivers) {
      const parcel = this.#nextReady();
      if (!parcel) break;
      receiver.resolve(this.#leases.grant(parcel, receiver.holder));
    }
    const room = this.#held.count < MAX_HELD_COUNT && this.#held.bytes < MAX_HELD_BYTES;
    const wanted = this.#receivers.size > 0 && !this.#intake.signal.aborted;
    if (wanted && room && !this.#fetching) void this.#fetch();
  }

  #nextReady(): Parcel | undefined {
    for (let parcel = this.#ready.shift(); parcel; parcel = this.#ready.shift()) {
      if (!parcel.incoming.withdrawn) return parcel;
      this.#forget(parcel);
    }
    return undefined;
  }

  async #fetch(): Promise<void> {
    this.#fetching = true;
    try {
      const incoming = await this.#source.next(this.#intake.signal);
      this.#fetching = false;
      const message = this.#stamp(incoming.message);
      this.#held.count += 1;
      this.#held.bytes += message.payload.length;
      this.#giveBack({ incoming, message, arrival: this.#arrivals++ });
    } catch (error) {
      this.#fetching = false;
      // Those who wait now hear of it; the next Receive tries again.
      this.#receivers.rejectAll(PluginError.from(error));
    }
  }

  /** Ends the parcel's way and tells the source; false when the source had withdrawn it before. */
  async #letGo(
    parcel: Parcel,
    end: { outcome: 'ack' | 'reject' | 'retry' | 'release'; reply?: Reply | undefined },
  ): Promise<boolean> {
    const { incoming } = parcel;
    this.#forget(parcel);
    this.#serve();
    if (incoming.withdrawn) return false;
    try {
      if (end.outcome === 'ack') await this.#source.ack(incoming, end.reply);
      else await this.#source.nack(incoming, end.outcome === 'reject' ? 'reject' : 'release');
      return true;
    } catch (error) {
      this.#onFault(error);
      return false;
    }
  }

  #forget({ message }: Parcel): void {
    this.#held.count -= 1;
    this.#held.bytes -= message.payload.length;
  }
}

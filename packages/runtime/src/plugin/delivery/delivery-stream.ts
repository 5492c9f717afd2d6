import { PluginError } from '../../contract/plugin-error.ts';
import type { Delivery, Settlement } from '../../contract/settlement.ts';
import type { ReceiveStreamRequest, ReceiveStreamResponse } from '../../contract/streams.ts';
import { takeFrame } from '../../wire/frame.ts';
import type { StreamSession } from '../stream-session.ts';
import type { Deliveries } from './deliveries.ts';
import type { Holder, Lease, Parcel } from './lease.ts';
import type { Receiver } from './receivers.ts';

/** More than this no host can mean. */
const MOST_MESSAGES = 2 ** 32 - 1;
const MOST_BYTES = Number.MAX_SAFE_INTEGER;
/** Smaller than the wire allows: the host works on one frame while the next is made. */
const MOST_PER_FRAME = 64;
/** From here on the host has to read what was reported before more of what it sends is read. */
const MOST_UNREAD_REPORTS = 1024;

/**
 * One ReceiveStream: takes messages as far as the host's credit goes, and ends when nothing of what it
 * handed out is outstanding any more and all that it settled is recorded. Its break gives everything
 * back.
 */
export class DeliveryStream
  implements Receiver, StreamSession<ReceiveStreamRequest, ReceiveStreamResponse>
{
  readonly holder: Holder = this;
  readonly #deliveries: Deliveries;
  /** What the host has granted and was not used up. Bytes fall below zero by one large message. */
  readonly #credit = { messages: 0, bytes: 0 };
  #outstanding = 0;
  /** Granted, and not yet in a frame. */
  readonly #ready: Lease[] = [];
  #unknown: string[] = [];
  #settling = 0;
  #ending: { readonly error?: Error } | undefined;
  #broken: { readonly error: Error | undefined } | undefined;
  #frameTaken: (() => void) | undefined;
  #wake: (() => void) | undefined;

  constructor(deliveries: Deliveries) {
    this.#deliveries = deliveries;
    deliveries.closing.addEventListener('abort', this.#closing);
    if (deliveries.closing.aborted) this.#closing();
  }

  get hungry(): boolean {
    const { messages, bytes } = this.#credit;
    return !this.#ending && messages > 0 && (bytes >= 0 || this.#outstanding === 0);
  }

  /** A message above the byte credit goes when nothing is outstanding: it would never fit otherwise. */
  accepts({ bytes }: Parcel): boolean {
    return this.#outstanding === 0 || bytes <= this.#credit.bytes;
  }

  take(lease: Lease): void {
    this.#credit.messages -= 1;
    this.#credit.bytes -= lease.parcel.bytes;
    this.#outstanding += 1;
    this.#ready.push(lease);
    this.#wake?.();
  }

  /** No more messages; the stream ends with the error when all that is outstanding is settled. */
  fail(error: Error): void {
    this.#end({ error });
  }

  leaseEnded(lease: Lease): void {
    this.#outstanding -= 1;
    // Most are in the host's hands, and older than all that are not.
    const [oldest] = this.#ready;
    const unsent = oldest && lease.number >= oldest.number ? this.#ready.indexOf(lease) : -1;
    if (unsent >= 0) {
      // The host never saw it, and would miss the credit for ever.
      this.#ready.splice(unsent, 1);
      this.#credit.messages += 1;
      this.#credit.bytes += lease.parcel.bytes;
    }
    if (this.hungry) this.#deliveries.wait(this);
    this.#wake?.();
  }

  /** @throws PluginError INVALID_STATE for more credit than can be meant */
  grant(messages: number, bytes: number): void {
    const credit = this.#credit;
    if (credit.messages + messages > MOST_MESSAGES || credit.bytes + bytes > MOST_BYTES) {
      const text = `the credit of a ReceiveStream overflows: at most ${MOST_MESSAGES} messages and ${MOST_BYTES} bytes`;
      throw new PluginError('INVALID_STATE', text);
    }
    credit.messages += messages;
    credit.bytes += bytes;
    if (this.hungry) this.#deliveries.wait(this);
  }

  /** Settles a delivery of this stream or another; one that hits nothing is reported. */
  settle(settlement: Settlement): void {
    const known = this.#deliveries.settle(settlement);
    if (typeof known === 'boolean') return this.#settled(settlement, known);
    this.#settling += 1;
    void known.then((recorded) => {
      this.#settling -= 1;
      this.#settled(settlement, recorded);
    });
  }

  #settled({ deliveryId }: Settlement, known: boolean): void {
    if (!known) this.#unknown.push(deliveryId);
    this.#wake?.();
  }

  /** No more messages; the host still settles by other calls. */
  halfClose(): void {
    this.#end({});
  }

  request({ credit, settlements }: ReceiveStreamRequest): void {
    if (this.#broken) return;
    try {
      for (const settlement of settlements) this.settle(settlement);
      if (credit) this.grant(credit.messages, credit.bytes);
    } catch (error) {
      this.break(error as Error);
    }
  }

  /** The host has read enough of what was reported, or nobody listens any more. */
  get hasRoom(): boolean {
    return this.#broken !== undefined || this.#unknown.length < MOST_UNREAD_REPORTS;
  }

  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#frameTaken = resolve;
    });
  }

  /** All that it handed out comes again. */
  break(error?: Error): void {
    this.#broken ??= { error };
    this.#end({});
    this.#deliveries.holderGone(this);
    this.#frameTaken?.();
  }

  async *frames(): AsyncGenerator<ReceiveStreamResponse> {
    for (;;) {
      // What comes within one turn of the event loop travels together, unless nothing more can come.
      if (this.#ready.length > 0 && this.hungry) await new Promise(setImmediate);
      if (this.#broken?.error) throw this.#broken.error;
      if (this.#broken) return;
      const leases = takeFrame(this.#ready, ({ parcel }) => parcel.bytes, MOST_PER_FRAME);
      const unknownDeliveryIds = this.#unknown;
      this.#unknown = [];
      this.#frameTaken?.();
      if (leases.length > 0 || unknownDeliveryIds.length > 0) {
        yield { deliveries: leases.map(this.#toDelivery), unknownDeliveryIds };
      } else if (this.#ending && this.#outstanding === 0 && this.#settling === 0) {
        if (this.#ending.error) throw this.#ending.error;
        return;
      } else await this.#changed();
    }
  }

  readonly #toDelivery = ({ parcel, deliveryId }: Lease): Delivery => ({
    message: parcel.message,
    deliveryId,
    ackTimeoutMs: this.#deliveries.ackTimeoutMs,
  });

  readonly #closing = (): void => this.#end({ error: this.#deliveries.closing.reason });

  #end(ending: { readonly error?: Error }): void {
    this.#ending ??= ending;
    this.#deliveries.leave(this);
    this.#deliveries.closing.removeEventListener('abort', this.#closing);
    this.#wake?.();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

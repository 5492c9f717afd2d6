import { sizeOf } from '../contract/message-size.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { Settlement } from '../contract/settlement.ts';
import type { ReceiveStreamRequest } from '../contract/streams.ts';
import { takeFrame } from '../wire/frame.ts';
import type { CallOptions, DeliveryFrame, ReceiveStream } from './connection-node.ts';
import { FrameQueue } from './frame-queue.ts';
import type { Incoming, Outgoing, Route } from './route.ts';

/** Opens a ReceiveStream; whether the connector has one shows in the first step of its frames. */
export function openReceiveStream(route: Route, { signal }: CallOptions): ReceiveStream {
  return new ClientReceiveStream(route, signal);
}

class ClientReceiveStream implements ReceiveStream, Incoming<DeliveryFrame> {
  readonly frames: FrameQueue<DeliveryFrame>;
  readonly #outgoing: Outgoing<ReceiveStreamRequest>;
  readonly #settlements: Settlement[] = [];
  #messages = 0;
  #bytes = 0;
  #hasRoom = true;
  #flushing = false;
  #halfClosed = false;

  constructor(route: Route, signal: AbortSignal | undefined) {
    const outgoing = route.receiveStream(this, signal);
    this.#outgoing = outgoing;
    this.frames = new FrameQueue({
      full: () => outgoing.pause(),
      empty: () => outgoing.resume(),
      // Nobody would see what the stream still brings.
      left: () => {
        this.#halfClosed = true;
        outgoing.cancel();
      },
    });
  }

  grant(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
    this.#flushSoon();
  }

  settle(settlements: readonly Settlement[]): void {
    if (this.#halfClosed) {
      const text = 'the stream is half-closed: settle by Acknowledge';
      throw new PluginError('INVALID_STATE', text);
    }
    for (const settlement of settlements) this.#settlements.push(settlement);
    this.#flushSoon();
  }

  halfClose(): void {
    this.#halfClosed = true;
    this.#flushSoon();
  }

  frame(frame: DeliveryFrame): void {
    this.frames.put(frame);
  }

  drained(): void {
    this.#hasRoom = true;
    this.#flushSoon();
  }

  ended(error?: Error): void {
    this.#halfClosed = true;
    this.frames.end(error);
  }

  /** Whatever has come together within one turn of the event loop travels as one frame. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushing = false;
    while (this.#hasRoom && this.#hasRequest()) {
      const settlements = takeFrame(this.#settlements, sizeOfReply);
      const credit = { messages: this.#messages, bytes: this.#bytes };
      this.#messages = 0;
      this.#bytes = 0;
      this.#hasRoom = this.#outgoing.write({ credit, settlements });
    }
    if (this.#halfClosed && !this.#hasRequest()) this.#outgoing.end();
  };

  #hasRequest(): boolean {
    return this.#messages > 0 || this.#bytes > 0 || this.#settlements.length > 0;
  }
}

function sizeOfReply(settlement: Settlement): number {
  const reply = settlement.outcome === 'ack' ? settlement.reply : undefined;
  return reply ? sizeOf(reply) : 0;
}

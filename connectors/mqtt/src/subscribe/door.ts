import type { Intake, Room } from '@vrsky/runtime/plugin';
import type { MqttMessage } from './inbox.ts';
import type { SubscribeSettings } from './settings.ts';

/** Memory may become free without anybody telling. */
const RETRY_MS = 50;

/**
 * Lets messages in while there is room. One of QoS 1 or 2 for which there is none waits here, and
 * holds up the reading from the broker; for QoS 0 there is a choice.
 */
export class Door {
  readonly #intake: Intake<MqttMessage>;
  readonly #overflow: SubscribeSettings['qos0Overflow'];
  /** Messages of QoS 0 that nobody was handed yet, oldest first. */
  readonly #droppable = new Set<MqttMessage>();
  readonly #waiting = new Map<MqttMessage, () => void>();
  #timer: NodeJS.Timeout | undefined;
  #onWait: (() => void) | undefined;
  #closed = false;
  #dropped = 0;

  constructor(intake: Intake<MqttMessage>, overflow: SubscribeSettings['qos0Overflow']) {
    this.#intake = intake;
    this.#overflow = overflow;
  }

  /** How many messages of QoS 0 found no room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param taken called when the message is in, or dropped: the next one may come */
  enter(message: MqttMessage, taken: () => void): void {
    if (this.#waiting.size === 0 && this.#letIn(message)) return taken();
    this.#waiting.set(message, taken);
    this.#onWait?.();
    this.#timer ??= setInterval(() => this.retry(), RETRY_MS);
  }

  /** Resolves when a message has to wait for room, so that nothing behind it is read. */
  async blocked(): Promise<void> {
    if (this.#waiting.size > 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onWait = resolve;
    await promise;
  }

  /** There may be room now, or a message that waits was withdrawn. */
  retry(): void {
    if (this.#waiting.size === 0 && !this.#timer) return; // the usual case, once for each message
    for (const [message, taken] of this.#waiting) {
      if (!message.withdrawn && !this.#letIn(message)) return;
      this.#waiting.delete(message);
      taken();
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** It can no longer be dropped. */
  handedOut(message: MqttMessage): void {
    this.#droppable.delete(message);
  }

  /** Gives its room back, if it has any. */
  leave(message: MqttMessage): void {
    this.#droppable.delete(message);
    if (release(message)) this.retry();
  }

  /** Nobody comes in any more, and what waits is left with the broker. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  /** false = it has to wait */
  #letIn(message: MqttMessage): boolean {
    if (this.#closed) return false;
    const isQos0 = message.inbox === undefined;
    let room: Room | undefined;
    while (!(room = this.#intake.reserve(message.packet.payload.length))) {
      if (!isQos0 || this.#overflow === 'pause') return false;
      this.#dropped += 1;
      const [oldest] = this.#droppable;
      if (this.#overflow === 'drop-newest' || !oldest) return true;
      oldest.withdrawn = true;
      this.#droppable.delete(oldest);
      release(oldest);
    }
    message.room = room;
    if (isQos0) this.#droppable.add(message);
    this.#intake.push(message, room);
    return true;
  }
}

/** False when it has no room (any more). */
function release(message: MqttMessage): boolean {
  const { room } = message;
  message.room = undefined;
  room?.release();
  return room !== undefined;
}

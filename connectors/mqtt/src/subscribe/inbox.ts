import type { Incoming, Room } from '@vrsky/runtime/plugin';
import type { Link } from '../link/link.ts';
import type { InboundPublish } from '../link/packets.ts';

/** A message that the broker has not been told about yet. */
export interface MqttMessage extends Incoming {
  readonly packet: InboundPublish;
  /** Of the link that brought it; undefined for QoS 0, which nobody acknowledges. */
  readonly inbox: Inbox | undefined;
  /** From when it is let in until nobody has it any more. */
  room?: Room | undefined;
}

/**
 * The unacknowledged messages of one link, in the order in which they came. They are acknowledged on
 * that link or not at all: on another one their packet ids may belong to other messages.
 */
export class Inbox {
  readonly #link: Link;
  readonly #inOrder: boolean;
  readonly #open = new Set<MqttMessage>();
  readonly #settled = new Set<MqttMessage>();

  constructor(link: Link, inOrder: boolean) {
    this.#link = link;
    this.#inOrder = inOrder;
  }

  add(message: MqttMessage): void {
    this.#open.add(message);
  }

  /** The host has it: acknowledged now, or when all that came before is settled. */
  settle(message: MqttMessage): void {
    if (!this.#open.has(message)) return;
    if (this.#inOrder && message !== this.#open.values().next().value) {
      this.#settled.add(message);
      return;
    }
    this.#acknowledge(message);
    if (this.#settled.size === 0) return;
    for (const next of this.#open) {
      if (!this.#settled.delete(next)) return;
      this.#acknowledge(next);
    }
  }

  #acknowledge(message: MqttMessage): void {
    this.#open.delete(message);
    this.#link.acknowledge(message.packet);
  }

  /** The link has ended: the broker sends these again. Gives those that the host had not settled. */
  close(): MqttMessage[] {
    const unsettled = [...this.#open].filter((message) => !this.#settled.has(message));
    this.#open.clear();
    this.#settled.clear();
    return unsettled;
  }
}

import type { Delivery, Identity, Settlement } from '@vrsky/runtime';
import type { Logger } from 'pino';
import type { Arrival, Queue } from '../store/queue.ts';
import type { Link } from '../supervise/session.ts';
import { traceOf } from '../trace.ts';
import { arrivalOf } from './arrival.ts';

const MAX_COUNT = 64;
const MAX_BYTES = 1024 * 1024;
const MIN_WAIT_MS = 1;
const MAX_WAIT_MS = 20;
const ACKNOWLEDGE_TIMEOUT_MS = 5000;

export interface BatchOptions {
  readonly queue: Queue;
  readonly identity: Identity | undefined;
  readonly log: Logger;
  readonly onDeadLetter: (arrival: Required<Arrival>) => void;
  /** Told once when the store cannot be written: nothing was acked. */
  readonly onFault: (error: unknown) => void;
}

interface Entry {
  readonly link: Link;
  readonly deliveryId: string;
  readonly arrival: Arrival;
}

/**
 * Stores what was received a few milliseconds long in one transaction, and only then acks it: one
 * wait for the disk for many messages.
 */
export class Batch {
  readonly #options: BatchOptions;
  readonly #acknowledging = new Set<Promise<void>>();
  #entries: Entry[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #lastWriteMs = 0;
  #atMostOnce = false;

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  /** Takes a delivery for which there is room reserved in the queue. */
  add(link: Link, { message, deliveryId }: Delivery): void {
    const { identity, log } = this.#options;
    if (deliveryId === '' && !this.#atMostOnce) {
      this.#atMostOnce = true;
      log.warn('at-most-once source: it lets go of a message before it is stored');
    }
    this.#entries.push({
      link,
      deliveryId,
      arrival: arrivalOf(message, link.connectorId, identity),
    });
    this.#bytes += message.payload.length;
    if (this.#entries.length >= MAX_COUNT || this.#bytes >= MAX_BYTES) return this.#write();
    // The slower the disk, the more is collected; at most about half of the time goes to waiting.
    const wait = Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, this.#lastWriteMs));
    this.#timer ??= setTimeout(() => this.#write(), wait);
  }

  /** Stores what is left; resolves when the last ack has been answered. */
  async finish(): Promise<void> {
    this.#write();
    await Promise.all(this.#acknowledging);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const entries = this.#entries.splice(0);
    this.#bytes = 0;
    if (entries.length === 0) return;
    const { queue, log, onDeadLetter, onFault } = this.#options;
    const begun = performance.now();
    try {
      const duplicates = queue.add(entries.map(({ arrival }) => arrival));
      if (duplicates.length > 0)
        log.info({ ids: duplicates }, 'came again, and are stored already');
      for (const { arrival } of entries) {
        const { message, failure } = arrival;
        if (duplicates.includes(message.id)) continue;
        log.debug(traceOf(message), 'message received');
        if (!failure) continue;
        log.debug(traceOf(message), `message dead: ${failure.message}`);
        onDeadLetter({ message, failure });
      }
    } catch (error) {
      return onFault(error);
    }
    this.#lastWriteMs = performance.now() - begun;
    for (const [link, group] of Map.groupBy(entries, (entry) => entry.link)) {
      const work = this.#acknowledge(link, group);
      this.#acknowledging.add(work);
      void work.then(() => this.#acknowledging.delete(work));
    }
  }

  /** Never rejects: what is not acked comes again, and is known by its id. */
  async #acknowledge({ node }: Link, entries: readonly Entry[]): Promise<void> {
    const { log } = this.#options;
    const settlements = entries
      .filter(({ deliveryId }) => deliveryId !== '')
      .map(({ deliveryId, arrival }): Settlement => {
        return { deliveryId, outcome: arrival.failure ? 'reject' : 'ack' };
      });
    if (settlements.length === 0) return;
    try {
      const unknown = await node.acknowledge(settlements, { timeoutMs: ACKNOWLEDGE_TIMEOUT_MS });
      if (unknown.length > 0) log.info({ count: unknown.length }, 'acks came too late');
    } catch (thrown) {
      const count = settlements.length;
      log.warn({ count, reason: String(thrown) }, 'acks failed: the messages will come again');
    }
  }
}

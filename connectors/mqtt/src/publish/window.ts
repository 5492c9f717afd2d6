import { PluginError } from '@vrsky/runtime';
import { Deadlines } from '@vrsky/runtime/plugin';
import { lostError } from '../errors.ts';
import type { LinkFault } from '../link/fault.ts';
import { LinkFault as Fault } from '../link/fault.ts';
import type { Link } from '../link/link.ts';
import type { Outbound } from './packet.ts';

const PACKET_TOO_LARGE = 0x95;

interface Entry {
  readonly id: string;
  readonly packet: Outbound;
  /** Once; later calls are of no effect. */
  readonly settle: (outcome: number | Error) => void;
}

/**
 * The messages on their way: so many are written and not confirmed, the others wait here, where they
 * can still be given up. What has been written is never written again: its sender decides that.
 */
export class Window {
  readonly #size: number;
  readonly #offline: 'wait' | 'fail';
  readonly #deadlines: Deadlines<Entry>;
  readonly #waiting = new Set<Entry>();
  /** Written and not confirmed, given up ones among them: their packet ids are still in use. */
  readonly #flying = new Set<Entry>();
  readonly #givenUp = new WeakSet<Entry>();
  readonly #batches = new WeakMap<AbortSignal, Set<Entry>>();
  #link: Link | undefined;
  #failure: PluginError | undefined;

  constructor(options: { size: number; timeoutMs: number; offline: 'wait' | 'fail' }) {
    this.#size = options.size;
    this.#offline = options.offline;
    this.#deadlines = new Deadlines(options.timeoutMs, (entry) =>
      this.#giveUp(entry, this.#late(entry, options.timeoutMs)),
    );
  }

  get underWay(): number {
    return this.#flying.size + this.#waiting.size;
  }

  /**
   * Publishes one message; gives the broker's reason code.
   * @throws PluginError, or the signal's reason
   */
  submit(id: string, packet: Outbound, signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (!this.#link && this.#offline === 'fail') return reject(lostError(id, this.#failure));
      const batch = this.#batchOf(signal);
      const entry: Entry = {
        id,
        packet,
        settle: (outcome) => {
          this.#deadlines.remove(entry);
          batch.delete(entry);
          if (typeof outcome === 'number') resolve(outcome);
          else reject(outcome);
        },
      };
      batch.add(entry);
      this.#deadlines.add(entry);
      this.#waiting.add(entry);
      this.#fill();
    });
  }

  /** The messages of one signal, with one listener for all: each further one would be compared with all before. */
  #batchOf(signal: AbortSignal): Set<Entry> {
    const known = this.#batches.get(signal);
    if (known) return known;
    const batch = new Set<Entry>();
    this.#batches.set(signal, batch);
    const abort = (): void => {
      for (const entry of batch) this.#giveUp(entry, signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    return batch;
  }

  /** A new link: what waits is sent over it. */
  open(link: Link): void {
    this.#link = link;
    link.onDrain(() => this.#fill());
    this.#fill();
  }

  /** The link has ended: nobody knows what became of the messages that were not confirmed. */
  close(fault: LinkFault, failure: PluginError): void {
    this.#link = undefined;
    this.#failure = failure;
    const flying = [...this.#flying];
    this.#flying.clear();
    const culprit = fault.code === PACKET_TOO_LARGE ? largest(flying) : undefined;
    for (const entry of flying)
      entry.settle(entry === culprit ? tooLarge(entry, undefined) : lostError(entry.id, failure));
    if (this.#offline === 'wait') return;
    for (const entry of this.#waiting) entry.settle(lostError(entry.id, failure));
    this.#waiting.clear();
  }

  /** Leaves no timer behind. */
  stop(): void {
    this.#deadlines.clear();
  }

  #fill(): void {
    const link = this.#link;
    if (!link) return;
    const { receiveMaximum, maximumPacketSize } = link.limits;
    const size = Math.min(this.#size, receiveMaximum);
    for (const entry of this.#waiting) {
      if (this.#flying.size >= size || link.congested || link.isOver) return;
      this.#waiting.delete(entry);
      if (entry.packet.bytes > maximumPacketSize) {
        entry.settle(tooLarge(entry, maximumPacketSize));
        continue;
      }
      this.#flying.add(entry);
      link.publish(entry.packet, (code) => {
        if (!this.#flying.delete(entry)) return;
        entry.settle(code);
        this.#fill();
      });
    }
  }

  #giveUp(entry: Entry, why: Error): void {
    this.#waiting.delete(entry);
    if (this.#flying.has(entry)) this.#givenUp.add(entry);
    entry.settle(why);
    const stuck = [...this.#flying].every((one) => this.#givenUp.has(one));
    if (stuck && this.#flying.size >= this.#size) {
      this.#link?.fail(new Fault('silent', 'the broker confirms nothing'));
    }
  }

  #late({ id }: Entry, limitMs: number): PluginError {
    if (!this.#link) return lostError(id, this.#failure);
    const text = `message ${id}: the broker did not confirm it within ${limitMs} ms`;
    return new PluginError('TIMEOUT', text);
  }
}

function largest(entries: readonly Entry[]): Entry | undefined {
  return entries.toSorted((a, b) => b.packet.bytes - a.packet.bytes)[0];
}

function tooLarge({ id, packet }: Entry, limit: number | undefined): PluginError {
  const most = limit === undefined ? 'what the broker takes' : `the broker's limit of ${limit}`;
  const text = `message ${id}: its packet of ${packet.bytes} bytes is above ${most}`;
  return new PluginError('PAYLOAD_TOO_LARGE', text);
}

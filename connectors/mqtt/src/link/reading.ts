import type { Packet } from 'mqtt-packet';

/** Bytes that may be read before they are looked at, besides one packet. */
const ALLOWED = 256 * 1024;
const LONGEST_HEADER = 5;

/** What came from the broker: when, and how much of it was not handled yet. */
export class Reading {
  #bytes = 0;
  #readAt = performance.now();
  #next = Promise.withResolvers<void>();

  /** Milliseconds since something came. */
  get idleMs(): number {
    return performance.now() - this.#readAt;
  }

  /** Resolves when something comes; pending if nothing ever does. */
  get next(): Promise<void> {
    return this.#next.promise;
  }

  /** Gives what must belong to one packet that is not complete: the parser collects any size. */
  read(bytes: number): number {
    this.#readAt = performance.now();
    this.#next.resolve();
    this.#next = Promise.withResolvers();
    this.#bytes += bytes;
    return this.#bytes - ALLOWED;
  }

  handled({ length = 0 }: Packet): void {
    this.#bytes = Math.max(0, this.#bytes - length - LONGEST_HEADER);
  }
}

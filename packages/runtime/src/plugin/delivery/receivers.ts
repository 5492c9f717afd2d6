import type { Holder, Lease } from './lease.ts';

/** One Receive that waits for a message. */
export interface Receiver {
  readonly holder: Holder;
  resolve(lease: Lease): void;
  reject(error: Error): void;
}

/** The Receives that wait, in the order in which they came; each leaves by itself. */
export class Receivers {
  readonly #waiting = new Set<Receiver>();

  get size(): number {
    return this.#waiting.size;
  }

  [Symbol.iterator](): Iterator<Receiver> {
    return this.#waiting.values();
  }

  /** Waits for a lease; on abort it rejects with the signal's reason. */
  wait(holder: Holder, signal: AbortSignal): Promise<Lease> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(receiver);
        signal.removeEventListener('abort', abort);
      };
      const abort = (): void => receiver.reject(signal.reason);
      const receiver: Receiver = {
        holder,
        resolve: (lease) => {
          leave();
          resolve(lease);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.add(receiver);
    });
  }

  rejectAll(error: Error): void {
    for (const receiver of this.#waiting) receiver.reject(error);
  }
}

import { memoryGuard } from '../memory/guard.ts';
import type { Incoming } from '../source.ts';

/**
 * The bounded door of a source that is pushed at, such as a webhook: room is taken before a body is
 * read, and given back when its message is settled, so that everything held is counted.
 */
export interface Intake<I extends Incoming> {
  /** Takes room for one message; undefined = full, or the process is short of memory: push back. */
  reserve(bytes: number): Room | undefined;
  /** Queues a message that has arrived in its room. */
  push(incoming: I, room: Room): void;
  /** As `Source.next`: the oldest message that is not withdrawn. */
  next(signal: AbortSignal): Promise<I>;
  /** Empties the queue: what nobody was handed. */
  drain(): I[];
  /** What is reserved now. */
  readonly held: { readonly count: number; readonly bytes: number };
}

export function createIntake<I extends Incoming>(limits: {
  readonly maxCount: number;
  readonly maxBytes: number;
}): Intake<I> {
  const held = { count: 0, bytes: 0 };
  let queue: I[] = [];
  let waiting: ((incoming: I) => void) | undefined;

  return {
    held,
    reserve(bytes) {
      if (held.count >= limits.maxCount || held.bytes + bytes > limits.maxBytes) return undefined;
      if (!memoryGuard.expect(bytes)) return undefined;
      return new Room(held, bytes);
    },
    push(incoming, room) {
      room.arrive();
      if (waiting) return waiting(incoming);
      // Their room is released, so while nobody receives they must not stay either.
      while (queue[0]?.withdrawn) queue.shift();
      queue.push(incoming);
    },
    async next(signal) {
      signal.throwIfAborted();
      for (let incoming = queue.shift(); incoming; incoming = queue.shift()) {
        if (!incoming.withdrawn) return incoming;
      }
      return new Promise((resolve, reject) => {
        const abort = (): void => {
          waiting = undefined;
          reject(signal.reason);
        };
        signal.addEventListener('abort', abort, { once: true });
        waiting = (incoming) => {
          waiting = undefined;
          signal.removeEventListener('abort', abort);
          resolve(incoming);
        };
      });
    },
    drain() {
      const left = queue;
      queue = [];
      return left;
    },
  };
}

/** The room of one message, from before it is read until it is settled. */
export class Room {
  readonly #held: { count: number; bytes: number };
  #bytes: number;
  #state: 'expected' | 'arrived' | 'released' = 'expected';

  constructor(held: { count: number; bytes: number }, bytes: number) {
    this.#held = held;
    this.#bytes = bytes;
    held.count += 1;
    held.bytes += bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Gives back what the message turned out not to need. Before it is pushed. */
  shrinkTo(bytes: number): void {
    if (this.#state !== 'expected') return;
    memoryGuard.giveUp(this.#bytes - bytes);
    this.#held.bytes -= this.#bytes - bytes;
    this.#bytes = bytes;
  }

  /** Called by `push`: the message is in memory. */
  arrive(): void {
    if (this.#state !== 'expected') return;
    this.#state = 'arrived';
    memoryGuard.arrived(this.#bytes);
  }

  /** The message is settled, withdrawn, or was never read. Idempotent. */
  release(): void {
    if (this.#state === 'released') return;
    if (this.#state === 'expected') memoryGuard.giveUp(this.#bytes);
    this.#state = 'released';
    this.#held.count -= 1;
    this.#held.bytes -= this.#bytes;
  }
}

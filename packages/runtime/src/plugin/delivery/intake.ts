import { memoryGuard } from '../memory/guard.ts';
import type { Incoming } from '../source.ts';

/**
 * The bounded door of a source that is pushed at, such as a webhook: room is taken before a body is
 * read, and given back when its message is settled, so that everything held is counted.
 */
export interface Intake<I extends Incoming> {
  /** Takes room for one message; false = full, or the process is short of memory: push back. */
  reserve(bytes: number): boolean;
  /** Gives room back: the message is settled, withdrawn, or was never read. */
  release(bytes: number): void;
  /** Gives back what a reserved message turned out not to need. */
  shrink(bytes: number): void;
  /** Queues a message whose room is reserved. */
  push(incoming: I): void;
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
      if (!memoryGuard.open) return false;
      if (held.count >= limits.maxCount || held.bytes + bytes > limits.maxBytes) return false;
      held.count += 1;
      held.bytes += bytes;
      return true;
    },
    release(bytes) {
      held.count -= 1;
      held.bytes -= bytes;
    },
    shrink(bytes) {
      held.bytes -= bytes;
    },
    push(incoming) {
      if (waiting) return waiting(incoming);
      // Their room is released, so while nobody receives they must not stay either.
      while (queue[0]?.withdrawn) queue.shift();
      queue.push(incoming);
    },
    next(signal) {
      return new Promise((resolve, reject) => {
        signal.throwIfAborted();
        for (let incoming = queue.shift(); incoming; incoming = queue.shift()) {
          if (!incoming.withdrawn) return resolve(incoming);
        }
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

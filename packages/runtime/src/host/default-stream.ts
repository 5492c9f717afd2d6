import type { CallOptions } from '@connectrpc/connect';
import { errorFromStatus } from '../wire/error.ts';
import type { Incoming, Outgoing } from './route.ts';

/** A method with streams both ways, as Connect has it. */
type Method<I, O> = (requests: AsyncIterable<O>, options: CallOptions) => AsyncIterable<I>;

interface Conversion<WireIn, In, Out, WireOut> {
  readonly fromWire: (frame: WireIn) => In;
  readonly toWire: (frame: Out) => WireOut;
}

/** Opens a stream whose two sides Connect pulls, one frame at a time. */
export function openDefaultStream<WireIn, In, Out, WireOut>(
  method: Method<WireIn, WireOut>,
  incoming: Incoming<In>,
  signal: AbortSignal | undefined,
  { fromWire, toWire }: Conversion<WireIn, In, Out, WireOut>,
): Outgoing<Out> {
  const requests = new Requests<WireOut>(() => incoming.drained());
  const cancelled = new AbortController();
  const responses = method(requests.all(), {
    signal: signal ? AbortSignal.any([signal, cancelled.signal]) : cancelled.signal,
  });
  let paused: PromiseWithResolvers<void> | undefined;
  const read = async (): Promise<void> => {
    try {
      for await (const frame of responses) {
        incoming.frame(fromWire(frame));
        await paused?.promise;
      }
      incoming.ended();
    } catch (error) {
      incoming.ended(errorFromStatus(error));
    } finally {
      requests.end();
    }
  };
  void read();
  const resume = (): void => {
    paused?.resolve();
    paused = undefined;
  };
  return {
    write(frame) {
      requests.put(toWire(frame));
      return false;
    },
    end: () => requests.end(),
    pause: () => {
      paused ??= Promise.withResolvers();
    },
    resume,
    cancel() {
      requests.end();
      cancelled.abort();
      resume();
    },
  };
}

/** The frames that go out, at most one ahead of its reader. */
class Requests<T> {
  readonly #onRoom: () => void;
  #next: T | undefined;
  #ended = false;
  #changed = Promise.withResolvers<void>();

  constructor(onRoom: () => void) {
    this.#onRoom = onRoom;
  }

  put(frame: T): void {
    if (this.#ended) return;
    this.#next = frame;
    this.#change();
  }

  end(): void {
    this.#ended = true;
    this.#change();
  }

  async *all(): AsyncGenerator<T> {
    for (;;) {
      const frame = this.#next;
      if (frame !== undefined) {
        this.#next = undefined;
        yield frame;
        this.#onRoom();
      } else if (this.#ended) return;
      else await this.#changed.promise;
    }
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

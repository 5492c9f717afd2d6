import { GoPluginError } from '../errors.ts';

const waitMs = 5_000;
/** A peer that announces more than this many connections that nobody dials is broken. */
const mostHeld = 1024;

/**
 * Pairs what the acceptor announces with who dials, whichever comes first. An announcement is held for 5 s, and one per
 * id: further ones are dropped while the first is unread.
 */
export interface Announcements<T> {
  arrived(id: number, info: T): void;
  /**
   * Takes the announcement of `id`, waiting up to 5 s for it. One caller per id at a time.
   * @throws GoPluginError BROKER_TIMEOUT, BROKER_CLOSED, or the signal's reason
   */
  take(id: number, signal?: AbortSignal): Promise<T>;
  /** Fails who waits, and who comes later. */
  close(): void;
}

export function createAnnouncements<T>(): Announcements<T> {
  const held = new Map<number, { info: T; timer: NodeJS.Timeout }>();
  const waiting = new Map<number, (info: T) => void>();
  const closing = new AbortController();

  const hold = (id: number, info: T): void => {
    if (held.has(id) || held.size >= mostHeld) return;
    const timer = setTimeout(() => held.delete(id), waitMs);
    held.set(id, { info, timer: timer.unref() });
  };

  const wait = (id: number, signal: AbortSignal | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const stop = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
      const settle = (): void => {
        waiting.delete(id);
        clearTimeout(timer);
        stop.removeEventListener('abort', aborted);
      };
      const aborted = (): void => {
        settle();
        reject(stop.reason);
      };
      const timer = setTimeout(() => {
        settle();
        reject(timedOut(id));
      }, waitMs);
      stop.addEventListener('abort', aborted, { once: true });
      waiting.set(id, (info) => {
        settle();
        resolve(info);
      });
    });

  return {
    arrived: (id, info) => {
      const waiter = waiting.get(id);
      if (waiter) waiter(info);
      else if (!closing.signal.aborted) hold(id, info);
    },
    take: async (id, signal) => {
      closing.signal.throwIfAborted();
      signal?.throwIfAborted();
      if (waiting.has(id)) {
        throw new GoPluginError(
          'MISCONFIGURED',
          `connection ${id} is being dialled already\nTake a new id for each brokered connection.`,
        );
      }
      const early = held.get(id);
      if (!early) return wait(id, signal);
      clearTimeout(early.timer);
      held.delete(id);
      return early.info;
    },
    close: () => {
      for (const { timer } of held.values()) clearTimeout(timer);
      held.clear();
      closing.abort(brokerClosed());
    },
  };
}

export function brokerClosed(): GoPluginError {
  return new GoPluginError(
    'BROKER_CLOSED',
    'the broker is closed\nIt lives as long as the connection between host and plugin.',
  );
}

function timedOut(id: number): GoPluginError {
  return new GoPluginError(
    'BROKER_TIMEOUT',
    `timeout waiting for connection info of id ${id}\nThe other side must accept this id within ${waitMs / 1000} s: before it waits for an answer to the message that carried the id.`,
  );
}

/** Whoever waits for the answer to a call. */
export interface Caller {
  /** Aborted when nobody waits any more: cancelled, too late, or the connection is gone. */
  readonly signal: AbortSignal;
  /** When the call's deadline is, by the clock of `performance`; Infinity without one. */
  readonly deadlineAt: number;
  /** Calls back once when the signal aborts, or at once if it has: without the cost of an event. One at a time. */
  onGone(callback: (reason: Error) => void): void;
  /** Takes the callback back. */
  offGone(): void;
}

/** @param remainingMs until the call's deadline; undefined without one */
export function callerOf(signal: AbortSignal, remainingMs?: number): Caller {
  let stop = (): void => {};
  return {
    signal,
    deadlineAt: performance.now() + (remainingMs ?? Number.POSITIVE_INFINITY),
    onGone(callback) {
      const gone = (): void => callback(signal.reason);
      if (signal.aborted) return gone();
      signal.addEventListener('abort', gone, { once: true });
      stop = () => signal.removeEventListener('abort', gone);
    },
    offGone: () => stop(),
  };
}

const NAMES = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface StopSignals {
  /** Aborted by the first signal. */
  readonly stop: AbortSignal;
  /** Aborted by the second. */
  readonly hurry: AbortSignal;
  close(): void;
}

/** Turns the system's signals into two AbortSignals, until `close`. */
export function createStopSignals(onSignal: (name: string, again: boolean) => void): StopSignals {
  const stop = new AbortController();
  const hurry = new AbortController();
  const handle = (name: string): void => {
    onSignal(name, stop.signal.aborted);
    if (stop.signal.aborted) hurry.abort();
    stop.abort();
  };
  for (const name of NAMES) process.on(name, handle);
  return {
    stop: stop.signal,
    hurry: hurry.signal,
    close: () => {
      for (const name of NAMES) process.off(name, handle);
    },
  };
}

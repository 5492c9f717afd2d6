import { LONGEST_TIMER_MS } from '../contract/longest-timer.ts';

/** What closing may take once a side no longer waits: a quarter of the time, and no more than this. */
const CLOSE_MS = 1000;
const CLOSE_SHARE = 1 / 4;

/**
 * Stops a side within a limit. Its signal aborts when there is just time left to close, or with the caller's. Rejects
 * when `stop` does in time; one that takes longer is left to itself.
 * @param onLate called at the limit when `stop` has not resolved
 */
export async function drain(
  limitMs: number,
  caller: AbortSignal,
  stop: (signal: AbortSignal) => Promise<void> | undefined,
  onLate: () => void,
): Promise<void> {
  const controller = new AbortController();
  const abort = (): void => controller.abort(caller.reason);
  const late = Promise.withResolvers<void>();
  const closeMs = Math.min(CLOSE_MS, limitMs * CLOSE_SHARE);
  const timers = [
    setTimeout(abort, Math.min(limitMs - closeMs, LONGEST_TIMER_MS)),
    setTimeout(
      () => {
        onLate();
        late.resolve();
      },
      Math.min(limitMs, LONGEST_TIMER_MS),
    ),
  ];
  if (caller.aborted) abort();
  caller.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([stop(controller.signal), late.promise]);
  } finally {
    for (const timer of timers) clearTimeout(timer);
    caller.removeEventListener('abort', abort);
  }
}

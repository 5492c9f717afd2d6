import { LONGEST_TIMER_MS } from '../contract/longest-timer.ts';

/**
 * Runs work with a signal that aborts with `late()` after the limit, or with the reason of whichever
 * caller aborts before. The outcome is the work's: it has to heed the signal, or be made `abortable`.
 * Leaves no timer and no listener behind, unlike signals that are combined, which live until due.
 */
export async function withDeadline<T>(
  limitMs: number,
  callers: readonly AbortSignal[],
  late: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (const caller of callers) caller.throwIfAborted();
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(late()), Math.min(limitMs, LONGEST_TIMER_MS));
  const followers = callers.map((caller) => {
    const follow = (): void => controller.abort(caller.reason);
    caller.addEventListener('abort', follow, { once: true });
    return () => caller.removeEventListener('abort', follow);
  });
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    for (const leave of followers) leave();
  }
}

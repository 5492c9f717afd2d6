import { setTimeout as sleep } from 'node:timers/promises';

/** Waits; rejects with the signal's reason when that aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(ms, 0), undefined, { signal }).catch(() => {});
  signal.throwIfAborted();
}

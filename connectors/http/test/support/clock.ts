import { onTestFinished, vi } from 'vitest';

/** Stops the wall clock, timers run on. Seconds since 1970. */
export function stopClock(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: seconds * 1000 });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

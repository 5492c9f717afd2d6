/** Resolves when everything is settled, or the time for that is over. */
export function drained(
  isEmpty: () => boolean,
  onEmpty: (notify: () => void) => void,
  { drainTimeoutMs }: { readonly drainTimeoutMs: number },
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, drainTimeoutMs);
    signal.addEventListener('abort', done, { once: true });
    onEmpty(done);
    if (signal.aborted || isEmpty()) done();
  });
}

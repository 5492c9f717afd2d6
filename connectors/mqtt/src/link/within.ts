import type { Link } from './link.ts';

/** Work on a link, which ends at the latest with the link or the signal. */
export async function within(link: Link, work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    await Promise.race([
      work,
      aborted.promise,
      link.ended.then((fault) => {
        throw fault;
      }),
    ]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

import { PluginError } from '@vrsky/runtime';

/**
 * Runs one attempt that ends in time: its signal aborts with TIMEOUT after `limitMs`, or when the
 * caller's does, with the same reason. Leaves no timer and no listener behind.
 */
export async function withDeadline<T>(
  limitMs: number,
  target: string,
  caller: AbortSignal,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  caller.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(caller.reason);
  const timer = setTimeout(() => {
    controller.abort(new PluginError('TIMEOUT', `${target} gave no answer in ${limitMs} ms`));
  }, limitMs);
  caller.addEventListener('abort', abort, { once: true });
  try {
    return await attempt(controller.signal);
  } finally {
    clearTimeout(timer);
    caller.removeEventListener('abort', abort);
  }
}
